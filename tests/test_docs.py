"""Every command in README.md and docs/ is one that works: run here in a folder with a small dataset, or, where it takes long, parsed.

A fenced block ``sh`` is run; ``sh long`` (hours, models, a cluster) is parsed by the command's own parser, as is every other block of README.md.
``make`` targets have to exist. Python blocks run too, but for those that need a library of the readers.
"""

from __future__ import annotations

import json
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cinedub import backends, cli, handbook
from cinedub.config import Model
from tests.cinedub import small_dataset

HOME = Path(__file__).parents[1]
PAGES = sorted(path.name for path in (HOME / "docs").glob("*.md"))
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """What kind of block, and its text, with continued lines joined."""
    for kind, text in _BLOCK.findall(page.read_text("utf-8")):
        yield kind.strip(), text.replace("\\\n", " ")


def commands(text: str) -> Iterator[list[str]]:
    """The words of each line that starts cinedub or make."""
    for line in re.split(r"\n|&&", text):
        if not re.match(r"\s*([A-Z_]+=\S* +)*(\.venv/bin/)?(cinedub|make)\b", line):
            continue
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words and words[0].removeprefix(".venv/bin/") in ("cinedub", "make"):
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


def parse(words: list[str]) -> None:
    """Refuse what the command's parser, or the Makefile, would refuse."""
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (HOME / "Makefile").read_text(), re.MULTILINE)
        for target in (word for word in words[1:] if "=" not in word):
            assert target in targets, f"no target {target}"
        return
    given = words[1 : words.index("--")] if "--" in words else words[1:]
    if not {"--help", "--version"} & set(given):
        cli.parser().parse_args(given[: given.index(">")] if ">" in given else given)


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command in this process, its output to a file where the line says so."""
    shown = words[1 : words.index(">")] if ">" in words else words[1:]
    try:
        code = cli.main(shown)
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    different = words[1] == "diff" and code == 1
    assert code == 0 or different or words[1] == "doctor", said.err
    if ">" in words:
        Path(words[-1]).write_text(said.out)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in PAGES)])
def test_every_command_is_one_that_the_parser_takes(page: str) -> None:
    for _, text in blocks(HOME / page):
        for words in commands(text):
            parse(words)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_python_block_of_a_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    todo = [(kind, text) for kind, text in blocks(HOME / "docs" / page) if kind in ("sh", "python")]
    if not todo:
        return
    small_dataset.make(tmp_path / "dataset")
    monkeypatch.chdir(tmp_path)
    for kind, text in todo:
        if kind == "python":
            Path("block.py").write_text(text)
            runpy.run_path("block.py")
            continue
        for words in commands(text):
            if words[0] == "cinedub":
                run(words, capsys)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in PAGES)])
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", (HOME / page).read_text("utf-8")):
        assert target.startswith("http") or ((HOME / page).parent / target).exists(), target


@pytest.mark.parametrize("name", handbook.PAGES)
def test_pages_made_from_the_code_are_current(name: str) -> None:
    assert (HOME / "docs" / name).read_text("utf-8") == handbook.PAGES[name](), "run: make docs"


def test_every_setting_is_on_its_page() -> None:
    shown = (HOME / "docs" / "settings.md").read_text()
    known = subprocess.run([sys.executable, "-m", "cinedub.cli", "settings", "--json"], capture_output=True, text=True, cwd=HOME).stdout
    for stage, values in json.loads(known).items():
        for name in values:
            assert f"`{stage}.{name}`" in shown


def test_the_worked_backend_plays_its_role_when_it_is_made_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = [text for kind, text in blocks(HOME / "docs" / "backends.md") if kind == "python backend"]
    (tmp_path / "metronome.py").write_text(source)
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
    monkeypatch.setitem(backends.BACKENDS["detector"], "metronome", "metronome:Metronome")
    chosen = Model("metronome", options=(("every_ms", 4000),))
    detector = backends.load("detector", chosen)
    assert detector.cuts((time, np.zeros((18, 32, 3), np.uint8)) for time in range(1_000, 10_000, 40)) == [5_000, 9_000]
    assert backends.digest("detector", chosen) != backends.digest("detector", Model("metronome"))

"""The command as its user meets it: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cinedub.commands import VERBS

HOME = Path(__file__).parents[2]


def cinedub(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cinedub.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=HOME, env=os.environ | environment)


def test_help_shows_every_verb_with_an_example_and_imports_nothing_heavy() -> None:
    shown = cinedub("--help")
    assert shown.returncode == 0
    for verb in VERBS:
        assert verb in shown.stdout
    assert "cinedub build film.mp4 --out dataset" in shown.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, cinedub.cli; print([name for name in ('apache_beam', 'torch', 'numpy') if name in sys.modules])"],
        capture_output=True,
        text=True,
        cwd=HOME,
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "gone.mp4", "--out", "x"), "gone.mp4: no such file or folder"),
        (("build", "*.nothing", "--out", "x"), "no file matches this pattern"),
        (("build", "README.md", "--out", "x", "--set", "clips.split=1"), "unknown setting 'clips.split'"),
        (("build", "README.md", "--out", "x", "--profile", "moon"), "no profile 'moon'; there are: local"),
        (("build", "README.md", "--out", "x", "--set", "hear.segmenter=oracle"), "unknown segmenter 'oracle'; known here: pyannote"),
        (("validate", "nowhere"), "no finished dataset here"),
        (("weights", "fetch", "gpt-9"), "unknown weights 'gpt-9'"),
        (("doctor", "--", "--x"), "this verb takes no flags after --"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    done = cinedub(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr


def test_missing_weights_stop_a_build_before_anything_is_decoded(tmp_path: Path) -> None:
    done = cinedub("build", "README.md", "--out", str(tmp_path / "out"), CINEDUB_WEIGHTS=str(tmp_path / "none"))
    assert done.returncode == 2
    assert "get them with: cinedub weights fetch whisper-base" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_film_that_is_none_is_a_dead_letter_and_exit_1(tmp_path: Path) -> None:
    done = cinedub("build", "README.md", "--out", str(tmp_path / "out"), "--quiet", CINEDUB_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert "Probe: PROBE_UNREADABLE: README.md: not a film" in done.stderr
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_doctor_says_what_is_missing_and_the_command_that_gets_it(tmp_path: Path) -> None:
    done = cinedub("doctor", CINEDUB_WEIGHTS=str(tmp_path))
    assert done.returncode == 1
    assert "-> cinedub weights fetch whisper-base" in done.stdout
    assert "import schemas" in done.stdout


def test_settings_prints_toml_with_what_was_set() -> None:
    assert "max_ms = 20000" in cinedub("settings", "--set", "clips.max_ms=20000").stdout

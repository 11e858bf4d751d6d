"""The command as its user meets it: in a process of its own."""

import os
import resource
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cinedub import cli
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
        (("build", "README.md", "--out", "x", "--profile", "moon"), "no profile 'moon'; there are: dask, dataflow, flink, local, spark"),
        (("build", "README.md", "--out", "x", "--set", "hear.segmenter=oracle"), "unknown segmenter 'oracle'; known here: pyannote"),
        (("validate", "nowhere"), "no finished dataset here"),
        (("weights", "fetch", "gpt-9"), "unknown weights 'gpt-9'"),
        (("doctor", "--", "--x"), "doctor takes no flags after --; they are for: build, retry"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1 and "Traceback" not in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_that_its_own_parser_takes(verb: str) -> None:
    parsed = 0
    for line in (import_module(f"cinedub.commands.{verb}").__doc__ or "").partition("examples:")[2].splitlines():
        if line.strip().startswith(f"cinedub {verb}"):
            words = shlex.split(line.partition(" > ")[0].partition("#")[0], comments=True)[1:]
            assert cli.parser().parse_args(words[: words.index("--")] if "--" in words else words).verb == verb
            parsed += 1
    assert parsed or verb == "completion"


def test_the_help_page_costs_less_than_a_third_of_a_second() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    cinedub("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_what_nobody_foresaw_is_one_line_too_and_its_trace_is_for_debug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("cinedub.commands.settings.run", lambda options: 1 // 0)
    assert cli.main(["settings"]) == 1
    said = "cinedub: ZeroDivisionError: integer division or modulo by zero; nobody foresaw this: run with --debug for the trace\n"
    assert capsys.readouterr().err == said
    for given in (["--debug", "settings"], ["settings", "--debug"]):
        with pytest.raises(ZeroDivisionError):
            cli.main(given)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_verb_and_is_a_script_that_parses(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for verb in VERBS:
        assert verb in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, capture_output=True, text=True).returncode == 0


def test_bash_completes_a_verb_and_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    ask = "source /dev/stdin; COMP_WORDS=(cinedub {0}); COMP_CWORD={1}; _shtab_cinedub cinedub; echo ${{COMPREPLY[@]}}"
    cli.main(["completion", "bash"])
    script = capsys.readouterr().out
    for words, at, wanted in (("vali", 1, "validate"), ("build --pro", 2, "--profile")):
        done = subprocess.run(["bash", "-c", ask.format(words, at)], input=script, capture_output=True, text=True)
        assert wanted in done.stdout.split(), done.stderr


def test_output_that_is_no_terminal_has_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "list"]) == 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err + cinedub("--help").stdout


def test_missing_weights_stop_a_build_before_anything_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CINEDUB_WEIGHTS", str(tmp_path / "none"))
    assert cli.main(["build", "README.md", "--out", str(tmp_path / "out")]) == 2
    assert "get them with: cinedub weights fetch whisper-base" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_language_model_without_its_key_stops_a_build_before_anything_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    sets = ["--set", "correct.corrector=openai", "--set", "correct.corrector.options.model=m"]
    assert cli.main(["build", "README.md", "--out", str(tmp_path / "out"), *sets]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs a key: export OPENAI_API_KEY, or --set correct.corrector=none" in line
    assert not (tmp_path / "out").exists()


def test_a_film_that_is_none_is_a_dead_letter_and_exit_1(tmp_path: Path) -> None:
    done = cinedub("build", "README.md", "--out", str(tmp_path / "out"), "--quiet", CINEDUB_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert "Probe: PROBE_UNREADABLE: README.md: not a film" in done.stderr
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_doctor_says_what_is_missing_and_the_command_that_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CINEDUB_WEIGHTS", str(tmp_path))
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "-> cinedub weights fetch whisper-base" in shown
    assert "import schemas" in shown


def test_settings_prints_toml_with_what_was_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings", "--set", "clips.max_ms=20000"]) == 0
    assert "max_ms = 20000" in capsys.readouterr().out

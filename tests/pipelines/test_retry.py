"""Dead letters tried again. The films here fail at the first stage, so that no model runs."""

import json
from pathlib import Path

import pytest

from cinedub import attempts, cli, commit, config
from cinedub.errors import UsageError
from pipelines import build


def letters(out: Path) -> list[dict]:
    return [json.loads(line) for path in sorted((out / "failures").glob("*.jsonl")) for line in path.read_text().splitlines()]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no film")
    names = [str(tmp_path / name) for name in ("empty.mp4", "text.mp4")]
    assert cli.main(["build", *names, "--out", str(tmp_path / "out"), "--quiet"]) == 1
    return tmp_path / "out"


def test_every_try_is_counted_and_a_new_build_counts_from_one(out: Path, tmp_path: Path) -> None:
    assert {(letter["code"], letter["attempt"]) for letter in letters(out)} == {("PROBE_EMPTY", 1), ("PROBE_UNREADABLE", 1)}
    (tmp_path / "empty.mp4").write_text("now it is text")
    assert cli.main(["retry", str(out), "--set", "probe.timeout_s=90", "--quiet"]) == 1
    assert sorted((letter["code"], letter["attempt"]) for letter in letters(out)) == [("PROBE_UNREADABLE", 2)] * 2
    assert "timeout_s = 90" in (out / "settings.toml").read_text() and (out / "_SUCCESS").exists()
    assert len(list((out / ".build").glob("former-*.toml"))) == 1
    assert cli.main(["build", str(tmp_path / "text.mp4"), "--out", str(out), "--quiet"]) == 1
    assert [letter["attempt"] for letter in letters(out)] == [1]
    assert not list((out / ".build").glob("former-*.toml"))


def test_what_is_no_dataset_or_has_no_letters_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["retry", str(tmp_path)]) == 2
    assert "no finished dataset" in capsys.readouterr().err


def test_a_second_build_in_one_folder_waits_outside(tmp_path: Path) -> None:
    with commit.at_work(tmp_path / "out"), pytest.raises(UsageError, match="another build is at work"), commit.at_work(tmp_path / "out"):
        pass


def test_a_film_whose_address_held_a_key_is_to_be_named_again(out: Path) -> None:
    from schemas import Source

    attempts.keep_films(out, [Source("https://films.example/a.mp4?key=secret", "A")])
    assert "secret" not in (out / ".build" / "films-named.json").read_text()
    with pytest.raises(UsageError, match="held a key"):
        build.retry(out)


def test_a_user_in_an_address_is_refused_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"https://films.example/a.mp4.*process lists") as caught:
        build.build(["https://me:word@films.example/a.mp4"], tmp_path / "out", config.Settings())
    assert "word@" not in str(caught.value)

"""How a dataset comes along, read from outside: what a build wrote in its folder, whether it is at work, what is left."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cinedub import attempts, commit, config, progress, rates, status
from cinedub.cli import main
from cinedub.display import FEEDS
from cinedub.errors import UsageError
from schemas import Source
from tests.cinedub import small_dataset

HOME = Path(__file__).parents[2]

_HOLD = """
import sys
from pathlib import Path
from cinedub import commit
with commit.at_work(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def begin(out: Path, films: int = 2) -> None:
    commit.begin(out, config.Settings())
    attempts.keep_films(out, [Source(f"{number}.mp4", str(number)) for number in range(films)])
    began = time.time() - 60
    os.utime(out / ".build" / "settings.toml", (began, began))


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Another process is at work in the folder."""
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HOME) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        yield
        process.communicate()


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of two films of 100 s that has just begun; what is reported goes to its file."""
    out = tmp_path / "out"
    begin(out)
    told = out / ".build" / "progress-1"
    told.mkdir()
    monkeypatch.setenv(progress.VARIABLE, str(told))
    return out


def test_a_build_at_work_tells_its_stages_and_losses(tell: Path) -> None:
    progress.report("Probe", "done", 0, 500, False, 1)
    progress.report("Probe", "failed", 0, 100, False, 0)
    with held(tell):
        found = status.status(tell)
    assert (found.state, found.films, found.left_s) == ("at work", 2, None)
    assert found.stages == [{"stage": "Probe", "done": 1, "total": 2, "failed": 1, "cached": 0, "media_s": 0.0, "busy_s": 0.6}]
    assert 60 <= found.elapsed_s < 120
    assert "Probe" in status.table(found, tell) and "1 failed" in status.table(found, tell)


def test_what_is_left_is_the_film_not_seen_at_each_stages_pace(tell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = rates.Rates(100.0, {name: 0.01 for name in FEEDS}, {}, {}, 1.0, 1.0, 0, 0)
    monkeypatch.setattr(rates, "here", lambda: known)
    for _ in range(2):
        progress.report("Probe", "done", 0, 500, False, 1)
    with held(tell):
        assert status.status(tell).left_s is None  # nobody knows yet how long the films are
        for _ in range(2):
            progress.report("CutReels", "done", 100_000, 0, False, 1)
        assert status.status(tell).left_s == pytest.approx(200 * 0.01 * (len(FEEDS) - 2))
        progress.report("DetectShots", "done", 100_000, 4_000, False, 1)
        assert status.status(tell).left_s == pytest.approx(200 * 0.01 * (len(FEEDS) - 3) + 4)


def test_a_stage_whose_pace_nobody_knows_leaves_the_time_untold(tell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unmeasured() -> rates.Rates:
        raise UsageError("not measured")

    def through(share: int) -> None:
        """So many of two reels, each with two clips that are half of it."""
        for stage in FEEDS:
            if stage not in ("Probe", "CutReels", "Amend"):
                for _ in range(share):
                    progress.report(stage, "done", 100_000, 2_000, False, 2 if stage == "CutClips" else 1)

    monkeypatch.setattr(rates, "here", unmeasured)
    for _ in range(2):
        progress.report("Probe", "done", 0, 500, False, 1)
        progress.report("CutReels", "done", 100_000, 0, False, 1)
    with held(tell):
        assert status.status(tell).left_s is None
        through(1)
        assert status.status(tell).left_s == 2.0 * 11
        through(1)
        assert status.status(tell).left_s == 2.0 * 2 * 2  # Hear and See have two of four clips yet; the others have seen the whole film


def test_a_film_given_twice_is_waited_for_once(tell: Path) -> None:
    for _ in range(2):
        progress.report("Probe", "done", 0, 500, False, 1)
    progress.report("Distinct", "failed", 0, 0, False, 0)
    progress.report("CutReels", "done", 100_000, 0, False, 1)
    with held(tell):
        (_, reels) = status.status(tell).stages
    assert (reels["done"], reels["total"]) == (1, 1)


def test_a_build_that_was_stopped_says_where_and_why_and_exits_1(tell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress.report("Probe", "done", 0, 500, False, 1)
    with pytest.raises(OSError), progress.fatal("Separate"):
        raise OSError("no space left")
    assert main(["status", str(tell)]) == 1
    shown = capsys.readouterr().out
    assert "stopped" in shown and "Separate: no space left" in shown and "goes on where it was" in shown
    assert main(["status", str(tell), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["left_s"], told["fault"]) == ("stopped", None, "Separate: no space left")


def test_a_finished_dataset_is_done_and_one_that_is_built_again_is_still_told_of(tmp_path: Path) -> None:
    out = tmp_path / "out"
    small_dataset.make(out)
    done = status.status(out)
    assert done.state == "done" and done.dataset is not None and done.left_s == 0
    assert f"{out}: done" in status.table(done, out)
    begin(out)
    with held(out):
        again = status.status(out)
        assert again.state == "at work"
        assert f"an earlier build is there, with {done.dataset['records']} clips" in status.table(again, out)
    assert status.status(out).state == "stopped"


def test_asking_is_never_taken_for_a_build_at_work(tell: Path) -> None:
    with held(tell):
        assert commit.held(tell)
    assert not commit.held(tell)
    with commit.at_work(tell):
        pass


def test_where_nothing_was_begun_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(tmp_path)]) == 2
    assert "no dataset here, and no build of one" in capsys.readouterr().err

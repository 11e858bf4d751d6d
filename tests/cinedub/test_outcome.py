"""When a build need not run: nothing that decides its dataset has changed, and the dataset is there as it was written."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cinedub import commit, config, outcome, overlay, shards, storage, weights
from schemas import Review, Source, codec
from tests.cinedub import small_dataset

METRICS = {"stages": {"Pack": {"cpu_s": 1.0, "failed": 0, "in": 1}}}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A finished dataset of one film, made with a model that lies in a file."""
    (tmp_path / "film.mp4").write_bytes(b"a film of some length")
    (tmp_path / "model.bin").write_bytes(b"weights")
    small_dataset.make(tmp_path / "out")
    _seen(tmp_path)
    return tmp_path


def _seen(place: Path) -> None:
    """What the graph tells of the films that it took."""
    digest = storage.content_digest(place / "film.mp4")
    (place / "out" / commit.BUILD / "films.json").write_bytes(codec.encode([(digest[:16], 1000)]))


def settings(place: Path, *sets: str) -> config.Settings:
    weights.digest.cache_clear()  # a process of its own would look at the files again
    return config.load(sets=[f"separate.separator.weights={place / 'model.bin'}", *sets])


def keep(place: Path, metrics: dict = METRICS, letters: tuple[dict, ...] = ()) -> None:
    outcome.keep(place / "out", films(place), settings(place), outcome.Outcome(facts(place), metrics, list(letters)))


def facts(place: Path) -> dict:
    return json.loads((place / "out" / "dataset.json").read_bytes())


def films(place: Path) -> list[Source]:
    return [Source(str(place / "film.mp4"), "film")]


def known(place: Path, *sets: str) -> bool:
    return outcome.known(place / "out", films(place), settings(place, *sets)) is not None


def test_where_nothing_has_changed_it_ends_as_it_did(place: Path) -> None:
    assert not known(place)
    keep(place)
    found = outcome.known(place / "out", films(place), settings(place))
    assert found is not None and found.dataset == facts(place) and found.letters == []


def test_where_it_runs_and_on_how_many_threads_changes_nothing(place: Path) -> None:
    keep(place)
    assert known(place, 'run.flags=["--direct_num_workers=2"]', "see.face_detector.threads=1", "cache.max_gb=3")


def _replaced(path: Path) -> None:
    """Other bytes, and everything that a program can set as it was."""
    was, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def _swapped(path: Path) -> None:
    """Another file of the same size and time, moved into its place."""
    other = path.with_name("other")
    shutil.copy2(path, other)
    _replaced(other)
    other.rename(path)


def _said(place: Path) -> None:
    overlay.append(place / "out", [Review("key", "reject", "anna", "2026-01-02T03:04:05+00:00")])


CHANGES: dict[str, Callable[[Path], object]] = {
    "the film, in place": lambda place: _replaced(place / "film.mp4"),
    "the film, by another one": lambda place: _swapped(place / "film.mp4"),
    "the film is gone": lambda place: (place / "film.mp4").unlink(),
    "a model": lambda place: (place / "model.bin").write_bytes(b"WEIGHTS"),
    "a model is gone": lambda place: (place / "model.bin").unlink(),
    "what people said": _said,
    "what was forgotten": lambda place: (place / "out" / commit.FORGOTTEN).write_text('[{"film": "x"}]'),
    "a shard is gone": lambda place: shards.shards_in(place / "out")[0].unlink(),
    "a shard, cut short": lambda place: os.truncate(shards.shards_in(place / "out")[0], 1024),
    "a shard, in one bit": lambda place: _replaced(shards.shards_in(place / "out")[0]),
    "the manifest": lambda place: (place / "out" / "manifest.parquet").write_bytes(b"no table"),
    "the page is gone": lambda place: (place / "out" / "report.html").unlink(),
    "the last word is gone": lambda place: (place / "out" / commit.SUCCESS).unlink(),
    "the note, cut short": lambda place: os.truncate(place / "out" / commit.BUILD / commit.MADE_OF, 40),
    "what the cache remembers": lambda place: shutil.rmtree(storage.cache_root() / "digests"),
    "another build has begun here": lambda place: commit.begin(place / "out", config.Settings()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_build_runs_where_something_changed(place: Path, change: str) -> None:
    keep(place)
    CHANGES[change](place)
    assert not known(place)


def test_a_build_runs_for_other_settings_films_and_titles(place: Path) -> None:
    keep(place)
    assert not known(place, "judge.min_dnsmos=1.5")
    shutil.copy(place / "film.mp4", place / "more.mp4")
    storage.content_digest(place / "more.mp4")
    for others in ([*films(place), Source(str(place / "more.mp4"), "more")], [dataclasses.replace(films(place)[0], title="The Film")], []):
        assert outcome.known(place / "out", others, settings(place)) is None


def test_a_build_runs_again_where_another_try_may_give_more(place: Path) -> None:
    keep(place, letters=({"stage": "Probe"},))
    assert not known(place)
    keep(place, {"stages": {"Correct": {"cpu_s": 1.0, "noted": {"not_kept": 1}}}})
    assert not known(place)
    keep(place, {"stages": {"Correct": {"busy_s": 1.0}}})  # of a runner that doesn't tell
    assert not known(place)


def test_a_film_that_changed_while_it_was_built_is_built_again(place: Path) -> None:
    _replaced(place / "film.mp4")
    keep(place)
    assert not known(place)
    storage.content_digest(place / "film.mp4")
    keep(place)
    assert not known(place)
    _seen(place)
    keep(place)
    assert known(place)


def test_a_build_runs_for_every_change_of_the_code(tmp_path: Path) -> None:
    home = Path(outcome.__file__).parents[1]
    for name in ("schemas", "cinedub", "transforms", "pipelines"):
        shutil.copytree(home / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def code() -> str:
        command = [sys.executable, "-c", "from cinedub import outcome; print(outcome._code().hex(), outcome.__file__)"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": ""}).stdout

    before = code()
    assert str(tmp_path) in before and code() == before
    with (tmp_path / "transforms" / "judge.py").open("a") as stream:
        stream.write("\n")
    assert code() != before

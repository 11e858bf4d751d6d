"""A cache that stays tidy and small, and never loses what somebody needs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cinedub import cache, storage

DAY = 86_400


def entry(stage: str, name: str, size: int = 1000, days: float = 1.0) -> Path:
    with storage.Assets(stage, storage.address(name)) as assets:
        assets.path("result.json").write_bytes(bytes(size))
        assets.publish()
    os.utime(assets.folder, (time.time() - days * DAY,) * 2)
    return assets.folder


@pytest.fixture(autouse=True)
def nobody_here() -> None:
    storage.present()
    storage.absent()


def test_the_longest_unused_goes_first_and_no_more_than_must() -> None:
    old, middle, young = (entry("Hear", name, days=days) for name, days in (("a", 9), ("b", 5), ("c", 2)))
    storage.absent()
    tidied = cache.tidy(2000)
    assert (tidied.entries, tidied.freed, tidied.kept) == (1, 1000, 2000)
    assert not old.exists() and middle.exists() and young.exists()


def test_what_was_used_again_is_young_again() -> None:
    first, second = entry("Hear", "a", days=9), entry("Hear", "b", days=5)
    assert storage.used(f"asset:Hear/{storage.address('a')}/result.json")
    storage.absent()
    cache.tidy(1000)
    assert first.exists() and not second.exists()


def test_nothing_goes_that_a_living_process_has_used() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; from cinedub import storage; storage.present(); print(1, flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout is not None and other.stdout.readline()
        used, old = entry("See", "a", days=-0.001), entry("See", "b", days=3)
        storage.absent()
        assert cache.tidy(everything=True).entries == 1
        assert used.exists() and not old.exists()
        other.kill()
    time.sleep(0.1)
    os.utime(used, (time.time() - 60,) * 2)
    assert cache.tidy(everything=True).entries == 1 and not used.exists()


def test_nothing_goes_that_an_unfinished_dataset_needs(tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    out.mkdir()
    cache.begun(out)
    needed = entry("See", "a", days=-0.001)
    storage.absent()
    assert cache.tidy(everything=True).entries == 0 and needed.exists()
    cache.finished(out)
    os.utime(needed, (time.time() - 60,) * 2)
    assert cache.tidy(everything=True).entries == 1


def test_a_killed_process_leaves_nothing_for_long() -> None:
    script = (
        "import os, signal; from cinedub import storage; assets = storage.Assets('See', storage.address('x')).__enter__(); "
        "assets.path('half').write_bytes(b'1'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode < 0
    assert list(storage.cache_root().rglob("half"))
    assert cache.tidy().leftovers == 1
    assert not list(storage.cache_root().rglob("half")) and not list(storage.cache_root().rglob(".*.part"))


def test_what_is_being_written_is_no_leftover() -> None:
    with storage.Assets("See", storage.address("x")) as assets:
        assets.path("half").write_bytes(b"1")
        assert cache.tidy().leftovers == 0
        assets.publish()
    assert (assets.folder / "half").exists()


def test_sizes_are_told_by_stage() -> None:
    entry("Hear", "a", 10), entry("See", "b", 20), entry("See", "c", 30)
    assert cache.sizes() == {"Hear": 10, "See": 50}

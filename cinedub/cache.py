"""Tidy up the stage cache: what killed processes left in it, and what was longest not used where it grows too large.

    $CINEDUB_CACHE/users/…                   a locked file for each process that uses the cache
    $CINEDUB_CACHE/unfinished/…              the folder of each dataset that was begun and not finished
    $CINEDUB_CACHE/{stages,films,…}/…        entries; their time of change is when they were last used
    …/.{32 hex digits}.part                  being written

What may still be needed is never touched: whatever was written or used since the eldest of the living processes came, or since the first try at
a dataset that is not finished.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cinedub import storage

_PART = re.compile(r"\.[0-9a-f]{32}\.part")
#: How deep entries lie: ``stages/{stage}/{two digits}/{address}``, ``films/{address}``, ``answers/{address}.json``, ``digests/{address}``.
_ENTRIES = ("stages/*/*/*", "films/*", "answers/*", "digests/*")
_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a tidying up took away, and what is left, in bytes."""

    leftovers: int = 0
    entries: int = 0
    freed: int = 0
    kept: int = 0


def tidy(max_bytes: int = 0, everything: bool = False) -> Tidied:
    """Remove leftovers; then entries, the longest unused first, until the cache holds at most ``max_bytes`` (0: any size) of them.

    ``everything`` removes all that nobody uses.
    """
    root = storage.cache_root()
    living, needed = _eldest(root)
    leftovers = remove_leftovers(root, living)
    entries = sorted(_entries(root))
    total = sum(size for _, size, _ in entries)
    removed = freed = 0
    for when, size, path in entries:
        if when >= min(living, needed) or (not everything and (not max_bytes or total - freed <= max_bytes)):
            break
        _remove(path)
        removed, freed = removed + 1, freed + size
    return Tidied(leftovers, removed, freed, total - freed)


def sizes() -> dict[str, int]:
    """Bytes by stage, and by what else is kept."""
    root, found = storage.cache_root(), dict[str, int]()
    for _, size, path in _entries(root):
        name = path.relative_to(root).parts[1 if path.is_relative_to(root / "stages") else 0]
        found[name] = found.get(name, 0) + size
    return found


def remove_leftovers(folder: Path, before: float) -> int:
    """Remove what was being written under ``folder`` before that time (seconds since the epoch) and never finished; returns how much."""
    parts = [path for path in folder.rglob(".*.part") if _PART.fullmatch(path.name) and _changed(path) < before]
    for path in parts:
        _remove(path)
    return len(parts)


@contextmanager
def bounded(max_bytes: int) -> Iterator[None]:
    """Tidy up at the start, every ten minutes, and at the good end of the block, when nothing is in use by it any more.

    Entries are looked through only where the disk holds more than ``max_bytes`` in all: there may be millions.
    """
    storage.present()
    root = storage.cache_root()
    remove_leftovers(root, _eldest(root)[0])
    _bound(max_bytes)
    done = threading.Event()

    def follow() -> None:
        while not done.wait(_EVERY_S):
            _bound(max_bytes)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        storage.absent()
    _bound(max_bytes)  # after a fault the same command wants it all again, and a disk that fails can't be tidied


def _bound(max_bytes: int) -> None:
    if max_bytes and shutil.disk_usage(storage.cache_root()).used > max_bytes:
        tidy(max_bytes)


def begun(out: Path) -> None:
    """From now on, until it is finished, what the dataset at ``out`` uses is in use, also while nobody is at work on it."""
    note = _unfinished(out)
    if not note.exists():
        storage.write_atomic(note, str(out.absolute()).encode())


def finished(out: Path) -> None:
    """The dataset at ``out`` needs the cache no more."""
    _unfinished(out).unlink(missing_ok=True)


def _unfinished(out: Path) -> Path:
    return storage.cache_root() / "unfinished" / storage.address(str(out.absolute()))


def _eldest(root: Path) -> tuple[float, float]:
    """When the eldest living user of the cache came, and when the eldest unfinished dataset was begun; now, when there is none.

    Marks of the dead, and of datasets that are gone, are removed.
    """
    living = needed = time.time()
    for path in (root / "users").glob("*"):
        try:
            with path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        except BlockingIOError:
            living = min(living, _changed(path))
        except FileNotFoundError:
            pass
    for note in (root / "unfinished").glob("[0-9a-f]*"):
        if Path(note.read_text()).is_dir():
            needed = min(needed, _changed(note))
        else:
            note.unlink(missing_ok=True)
    return living, needed


def _entries(root: Path) -> Iterator[tuple[float, int, Path]]:
    for pattern in _ENTRIES:
        for path in root.glob(pattern):
            if not path.name.startswith("."):
                files = path.iterdir() if path.is_dir() else [path]
                yield _changed(path), sum(file.stat().st_size for file in files), path


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _remove(path: Path) -> None:
    """Out of the way first, so that nobody finds half of it."""
    gone = storage.temporary(path)
    try:
        path.rename(gone)
    except FileNotFoundError:
        return
    if gone.is_dir():
        shutil.rmtree(gone, ignore_errors=True)
    else:
        gone.unlink(missing_ok=True)

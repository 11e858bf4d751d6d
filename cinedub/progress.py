"""Progress of a running build: every worker process appends one JSON line per finished element to a file of its own, the command reads them.

    OUT/.build/progress-{build}/{process}.jsonl

Workers on other machines tell it too, where they see the dataset's folder at the same place.
"""

from __future__ import annotations

import functools
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinedub import storage
from cinedub.errors import CinedubError

VARIABLE = "CINEDUB_PROGRESS"
#: The process id of the command, for the workers that it starts on its machine.
DRIVER = "CINEDUB_DRIVER"


@dataclass
class Tally:
    """One stage so far: elements, milliseconds of film and of work."""

    done: int = 0
    failed: int = 0
    cached: int = 0
    out: int = 0
    dropped: int = 0
    media_ms: int = 0
    busy_ms: int = 0


def where() -> str:
    """The folder that this process tells its progress in; empty where nobody wants to know."""
    return os.environ.get(VARIABLE, "")


def tell_in(folder: str) -> None:
    """From now on this process tells its progress in ``folder``: a worker that the command didn't start learns of it from what it works on."""
    if folder:
        os.environ[VARIABLE] = folder


def report(stage: str, outcome: str, media_ms: int, busy_ms: int, hit: bool, out: int, dropped: int = 0) -> None:
    """Append one event to this process's file in the folder that ``$CINEDUB_PROGRESS`` names; where there is none, nothing happens."""
    _append([stage, outcome, media_ms, busy_ms, int(hit), out, dropped])


@contextmanager
def fatal(stage: str, place: Path | None = None) -> Iterator[None]:
    """Tell the command in one line why a worker stops the build; runners bury an exception's message in their own.

    Raises:
        StorageError: in place of an ``OSError``, where ``place`` says what could not be written.
    """
    try:
        yield
    except (CinedubError, OSError) as error:
        told = storage.storage_error(error, place) if place and isinstance(error, OSError) else error
        _append([stage, "fatal", storage.scrubbed(str(told))])
        if told is error:
            raise
        raise told from error


def _append(event: list[Any]) -> None:
    """Progress is for show: a disk that can't take it stops nothing by that, nor does a machine that doesn't see the folder."""
    if not (folder := where()):
        return
    try:
        descriptor = os.open(_own(folder, os.getpid()), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, json.dumps(event).encode() + b"\n")
        finally:
            os.close(descriptor)
    except OSError:
        return


@functools.cache
def _own(folder: str, process: int) -> str:
    return os.path.join(folder, f"{uuid.uuid4().hex}.jsonl")


class Reader:
    """Adds up the events of a progress folder as it grows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stages, self._offsets = folder, dict[str, Tally](), dict[Path, int]()
        self.fatal = ""

    def update(self) -> dict[str, Tally]:
        """Tallies per stage."""
        for path in sorted(self.folder.glob("*.jsonl")):
            for line in self._news(path):
                try:
                    self._add(*json.loads(line))
                except ValueError:  # cut short by a full disk
                    continue
        return self.stages

    def _news(self, path: Path) -> list[bytes]:
        """The lines that a file has got since it was last read."""
        start = self._offsets.get(path, 0)
        try:
            with path.open("rb") as stream:
                stream.seek(start)
                data = stream.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offsets[path] = start + len(whole)
        return whole.splitlines()

    def _add(self, stage: str, outcome: str, *facts: Any) -> None:
        if outcome == "fatal":
            self.fatal = f"{stage}: {facts[0]}"
            return
        media_ms, busy_ms, hit, out, dropped = facts
        tally = self.stages.setdefault(stage, Tally())
        tally.done += outcome == "done"
        tally.failed += outcome == "failed"
        tally.cached += hit
        tally.out += out
        tally.dropped += dropped
        tally.media_ms += media_ms
        tally.busy_ms += busy_ms

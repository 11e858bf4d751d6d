"""Progress of a running build: every worker appends one JSON line per finished element to one file, the command reads them."""

from __future__ import annotations

import json
import os
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
    media_ms: int = 0
    busy_ms: int = 0


def report(stage: str, outcome: str, media_ms: int, busy_ms: int, hit: bool, out: int) -> None:
    """Append one event to the file that ``$CINEDUB_PROGRESS`` names; without it, nothing happens."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    _append(path, [stage, outcome, media_ms, busy_ms, int(hit), out])


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
        path = os.environ.get(VARIABLE)
        if path:
            _append(path, [stage, "fatal", storage.scrubbed(str(told))])
        if told is error:
            raise
        raise told from error


def _append(path: str, event: list[Any]) -> None:
    """Progress is for show: a disk that can't take it stops nothing by that."""
    line = json.dumps(event) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError:
        return


class Reader:
    """Adds up the events of a progress file as it grows."""

    def __init__(self, path: Path) -> None:
        self.path, self.stages, self._offset = path, dict[str, Tally](), 0
        self.fatal = ""

    def update(self) -> dict[str, Tally]:
        """Tallies per stage, in the order in which stages first finished something."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read()
        except OSError:
            return self.stages
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                stage, outcome, *facts = json.loads(line)
            except ValueError:  # cut short by a full disk
                continue
            if outcome == "fatal":
                self.fatal = f"{stage}: {facts[0]}"
                continue
            media_ms, busy_ms, hit, out = facts
            tally = self.stages.setdefault(stage, Tally())
            tally.done += outcome == "done"
            tally.failed += outcome == "failed"
            tally.cached += hit
            tally.out += out
            tally.media_ms += media_ms
            tally.busy_ms += busy_ms
        return self.stages

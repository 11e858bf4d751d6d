"""Run a pipeline to its end, or say in one line why it had to stop."""

from __future__ import annotations

import _thread
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.runners.worker import sdk_worker

from cinedub.errors import CinedubError
from cinedub.progress import Reader

#: A fault of ours in the words of a runner.
_SAID = re.compile(r"cinedub\.errors\.\w+: ([^\n]+)")


class BuildFailed(CinedubError):
    """The build stopped before it was finished."""


def run(pipeline: beam.Pipeline, reader: Reader) -> Any:
    """The pipeline's result, when it is done.

    Raises:
        BuildFailed: with what a worker said before it stopped, or that a worker died.
    """
    with _workers() as lost:
        try:
            result = pipeline.run()
            result.wait_until_finish()
        except (Exception, KeyboardInterrupt) as error:
            _leave_if_starved(error)
            reader.update()
            if reader.fatal:
                raise BuildFailed(reader.fatal) from error
            if lost:
                raise BuildFailed(f"a worker died ({lost[0]}); if memory ran out, use fewer; the same command goes on where it was") from error
            if isinstance(error, KeyboardInterrupt):
                raise
            if said := [str(error)] if isinstance(error, CinedubError) else _SAID.findall(str(error)):  # the dataset's folder could not take it
                raise BuildFailed(said[-1].partition(" [while running")[0]) from error
            raise BuildFailed(f"the runner failed: {' '.join(str(error).split())[-300:]}; run with --debug for the trace") from error
    return result


@contextmanager
def _workers() -> Iterator[list[str]]:
    """Beam waits for ever for a worker process that has died: it is told to stop, and the other workers are ended. In threads of this process it
    prints the trace of what it raises and logs: it is told not to, since what stops a build is told in one line."""
    lost: list[str] = []
    former = threading.excepthook

    def hook(failed: threading.ExceptHookArgs) -> None:
        _leave_if_starved(failed.exc_value)
        if "Worker subprocess exited" not in str(failed.exc_value):
            former(failed)
        elif not lost:
            lost.append(str(failed.exc_value).removeprefix("Worker subprocess exited with "))
            _thread.interrupt_main()

    threading.excepthook = hook
    vars(sdk_worker)["print"] = lambda *_, **__: None
    try:
        yield lost
    finally:
        if lost:
            for process in descendants(os.getpid()):
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        threading.excepthook = former
        vars(sdk_worker).pop("print", None)


def _leave_if_starved(error: BaseException | None) -> None:
    """End the process where the system gives it no more threads: Beam waits for ever to close servers that couldn't start theirs.

    A build may be ended at any moment; the same command goes on where it was.
    """
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        line = "cinedub: the system gives no more threads; is there memory enough? The same command goes on where it was\n"
        os.write(2, line.encode())
        os._exit(2)


def descendants(process: int) -> Iterator[int]:
    """Worker processes under this one, with what they run."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == process:
            yield from descendants(int(path.name))
            yield int(path.name)

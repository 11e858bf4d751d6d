"""A runner that can't come to its end is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from cinedub.errors import StorageError
from cinedub.progress import Reader
from pipelines.run import BuildFailed, run

#: A runner waits for a thread of its own that could not start another one.
_STARVED = """
import threading
from pipelines import run

class Waiting:
    def run(self):
        def serve():
            raise RuntimeError("can't start new thread")
        threading.Thread(target=serve).start()
        threading.Event().wait()

run.run(Waiting(), None)
"""


def test_what_stops_a_build_is_told_without_a_trace(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def full(number: int) -> None:
        raise StorageError("the disk is full")

    flags = ["--direct_num_workers=2", "--direct_running_mode=multi_threading"]
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags))
    _ = pipeline | beam.Create([1, 2]) | beam.Map(full)
    with pytest.raises(BuildFailed, match=r"^the disk is full$"):
        run(pipeline, Reader(tmp_path))
    assert capfd.readouterr().err == ""


def test_a_build_without_threads_is_left_with_a_line_instead_of_waiting_for_ever() -> None:
    done = subprocess.run([sys.executable, "-c", _STARVED], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("cinedub: the system gives no more threads")

"""A runner that can't come to its end is left."""

from __future__ import annotations

import subprocess
import sys

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


def test_a_build_without_threads_is_left_with_a_line_instead_of_waiting_for_ever() -> None:
    done = subprocess.run([sys.executable, "-c", _STARVED], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("cinedub: the system gives no more threads")

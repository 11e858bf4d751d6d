"""The short form of the fault tests: ``make test-faults`` has the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def harness(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A fault test in a process of its own: it forks, and threads of pytest must not."""
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", f"tests.faults.{module}", *map(str, arguments)], capture_output=True, text=True, env=alone)


def test_the_last_phase_of_a_build_may_be_killed_at_any_step(tmp_path: Path) -> None:
    done = harness("commit", tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["lost"] == [] and told["kills"] > 50 and told["old dataset whole after"] > 20


@pytest.mark.slow
def test_a_build_that_is_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path) -> None:
    done = harness("kill", tmp_path, "--kills", 3)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

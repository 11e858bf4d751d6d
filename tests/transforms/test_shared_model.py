"""A model that is shared: one on a machine, whoever asks."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from cinedub import backends
from cinedub.config import Model

HOME = Path(__file__).parents[2]

_ASK = """
import sys
import numpy as np
from cinedub.config import Model
from transforms.stage import _model

scorer = _model("scorer", Model("dnsmos", "dnsmos", threads=1, shared=True))
hears = scorer.score(np.sin(np.arange(32000) / 9).astype(np.float32))
print(sum("onnxruntime" in name for name in sys.modules), repr(hears), flush=True)
sys.stdin.readline()
"""


def test_two_processes_ask_one_model_and_hear_what_it_says_itself(tmp_path: Path) -> None:
    environment = os.environ | {"CINEDUB_CACHE": str(tmp_path), "PYTHONPATH": str(HOME)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    told = []
    asking = []
    for _ in range(2):
        asking.append(subprocess.Popen([sys.executable, "-c", _ASK], **pipes))  # type: ignore[call-overload]
        told.append(asking[-1].stdout.readline().split(maxsplit=1))
    for process in asking:
        process.communicate("\n", timeout=60)
    itself = backends.load("scorer", Model("dnsmos", "dnsmos", threads=1)).score(np.sin(np.arange(32000) / 9).astype(np.float32))
    assert told[0][1] == told[1][1] == f"{itself!r}\n"
    assert int(told[0][0]) > 0 and int(told[1][0]) == 0, "the second process has loaded a model of its own"
    assert (tmp_path / "private").stat().st_mode & 0o077 == 0

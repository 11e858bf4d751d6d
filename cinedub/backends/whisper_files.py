"""Whisper's files in memory, once for whoever in a process uses them alike: the recogniser and the verifier by default."""

from __future__ import annotations

import copy
import functools
from pathlib import Path

from faster_whisper import WhisperModel

from cinedub import config

#: Sounds that a CPU hears at once, over the same weights: words come one after another, which alone keeps no two cores busy.
_AT_ONCE = 2


def compute(model: config.Model) -> str:
    """The arithmetic that a model's settings ask for: option ``compute``, else "int8" on a CPU and CTranslate2's own choice elsewhere."""
    return str(model.option("compute", "int8" if model.device == "cpu" else "default"))


def opened(path: Path, model: config.Model) -> WhisperModel:
    """A recogniser of one's own over weights that are shared."""
    return copy.copy(_opened(path, model.device, compute(model), model.threads))


@functools.cache
def _opened(path: Path, device: str, arithmetic: str, threads: int) -> WhisperModel:
    workers = _AT_ONCE if device == "cpu" else 1
    return WhisperModel(str(path), device, compute_type=arithmetic, cpu_threads=threads, num_workers=workers, local_files_only=True)

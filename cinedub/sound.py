"""Sound files: read a span at a rate, write in blocks. float32 in [-1, 1]."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
import soxr
from jaxtyping import Float32

from schemas import Span


def read(path: Path, span: Span, rate: int, mono: bool = True) -> Float32[np.ndarray, ...]:
    """``span`` of a sound file (ms from the file's first sample) at ``rate`` Hz: (samples,) when ``mono``, else (channels, samples).

    Reads only that part of the file; where the span reaches past its end there is silence. The length is ``round(duration_ms * rate / 1000)``.
    """
    with soundfile.SoundFile(path) as file:
        start, end = (round(ms * file.samplerate / 1000) for ms in (span.start, span.end))
        file.seek(min(start, len(file)))
        data = file.read(end - start, dtype="float32", always_2d=True, fill_value=0.0)
        source = file.samplerate
    if mono:
        data = data.mean(axis=1, keepdims=True)
    if source != rate:
        data = soxr.resample(data, source, rate)
    wanted = round(span.duration * rate / 1000)
    data = np.pad(data[:wanted], ((0, max(0, wanted - len(data))), (0, 0))).astype(np.float32, copy=False)
    return data[:, 0] if mono else np.ascontiguousarray(data.T)


def write(path: Path, blocks: Iterable[Float32[np.ndarray, "channels samples"]], rate: int) -> int:
    """Write blocks as 16-bit FLAC; values outside [-1, 1] are clipped. Returns the number of samples per channel."""
    samples, file = 0, None
    try:
        for block in blocks:
            if file is None:
                file = soundfile.SoundFile(path, "w", rate, block.shape[0], format="FLAC", subtype="PCM_16")
            file.write(np.clip(block.T, -1.0, 1.0))
            samples += block.shape[1]
    finally:
        if file is not None:
            file.close()
    return samples

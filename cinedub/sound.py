"""Sound files: read a span at a rate, write in blocks. float32 in [-1, 1]."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
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
    samples = 0
    with ExitStack() as stack:
        file: Flac | None = None
        for block in blocks:
            file = file or stack.enter_context(Flac(path, rate, block.shape[0]))
            file.write(block)
            samples += block.shape[1]
    return samples


class Flac:
    """A 16-bit FLAC file in the making, in blocks (channels, samples); values outside [-1, 1] are clipped.

    libsndfile doesn't tell when a disk is full, so that the bytes go through a file that does.
    """

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        self._disk = _Disk(path)
        self._file = soundfile.SoundFile(self._disk, "w", rate, channels, format="FLAC", subtype="PCM_16")

    def __enter__(self) -> Flac:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._file.close()
        finally:
            self._disk.close()
        if kind is None:
            self._disk.check()

    def write(self, block: Float32[np.ndarray, "channels samples"]) -> None:
        """The next block. Raises ``OSError`` when it can't be written."""
        self._file.write(np.clip(block.T, -1.0, 1.0))
        self._disk.check()


class _Disk:
    """A file that keeps what went wrong until it is asked: libsndfile's callbacks can't raise."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._error: OSError | None = None
        self.tell, self.close = self._file.tell, self._file.close

    def read(self, count: int) -> bytes:
        return self._file.read(count)

    def write(self, data: bytes) -> int:
        try:
            self._file.write(data)
        except OSError as error:
            self._error = error
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)  # what was written before goes to the disk now
        except OSError as error:
            self._error = error
            return 0

    def check(self) -> None:
        if self._error is not None:
            raise self._error

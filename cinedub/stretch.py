"""Speech made longer or shorter without changing its pitch: rubberband through ffmpeg."""

from __future__ import annotations

import subprocess

import ffmpeg
import numpy as np
from jaxtyping import Float32

from cinedub.errors import MediaError

#: Rubberband itself takes any tempo; ffmpeg's filter these.
_SLOWEST, _FASTEST = 0.01, 100.0


def stretch(sound: Float32[np.ndarray, " samples"], rate: int, samples: int) -> Float32[np.ndarray, " {samples}"]:
    """The sound in exactly ``samples`` samples.

    Raises:
        MediaError: STRETCH where ffmpeg refuses.
    """
    if not len(sound) or len(sound) == samples:
        return np.zeros(samples, np.float32) if not len(sound) else sound
    tempo = float(np.clip(len(sound) / samples, _SLOWEST, _FASTEST))
    graph = ffmpeg.input("pipe:", format="f32le", ac=1, ar=rate).filter("rubberband", tempo=tempo).output("pipe:", format="f32le", ac=1, ar=rate)
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *ffmpeg.compile(graph)[1:]], input=sound.astype("<f4").tobytes(), capture_output=True, timeout=120
    )
    if done.returncode:
        raise MediaError("STRETCH", f"ffmpeg can't change the tempo by {tempo:.2f}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    made = np.frombuffer(done.stdout, "<f4")[:samples]
    return np.pad(made, (0, samples - len(made))).astype(np.float32)

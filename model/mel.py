"""The mel spectrogram of HiFi-GAN's universal vocoder (Kong et al., 2020): 22.05 kHz, 80 bins to 8 kHz, 1024-sample windows every 256 samples.

Frame ``i`` is centred on sample ``256 i + 128``; there are ``ceil(samples / 256)`` frames. Bins follow Slaney's mel scale with unit area.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn import functional

RATE = 22_050
HOP = 256
BINS = 80
WINDOW = 1024
HIGHEST_HZ = 8_000.0
FLOOR = 1e-5
#: Natural logarithm of the floor: what silence looks like.
SILENCE = float(np.log(FLOOR))
FRAMES_PER_SECOND = RATE / HOP


def samples_of(duration_ms: int) -> int:
    """Samples in so many ms."""
    return round(duration_ms * RATE / 1000)


def frames_of(samples: int) -> int:
    """Frames that cover so many samples."""
    return -(-samples // HOP)


def frame_times(frames: int) -> Float[np.ndarray, " frames"]:
    """The middle of each frame, in ms from the first sample."""
    return (np.arange(frames) + 0.5) * (HOP * 1000 / RATE)


def mel(sound: Float32[Tensor, "batch samples"]) -> Float32[Tensor, "batch frames 80"]:
    """Natural logarithms of mel magnitudes, at least ``SILENCE``."""
    padded = functional.pad(sound, (0, -sound.shape[-1] % HOP))
    edge = (WINDOW - HOP) // 2
    mode = "reflect" if padded.shape[-1] > edge else "constant"
    padded = functional.pad(padded[:, None], (edge, edge), mode=mode)[:, 0]
    window = torch.hann_window(WINDOW, device=sound.device)
    spectrum = torch.stft(padded, WINDOW, HOP, WINDOW, window, center=False, return_complex=True)
    magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
    bins = torch.from_numpy(filters()).to(sound.device)
    return (bins @ magnitude).clamp_min(FLOOR).log().transpose(1, 2)


@functools.cache
def filters() -> Float32[np.ndarray, "80 513"]:
    """Triangles on Slaney's scale (linear below 1 kHz, logarithmic above), each of unit area."""
    edges = _hertz(np.linspace(_mels(0.0), _mels(HIGHEST_HZ), BINS + 2))
    lines = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    rising = (lines - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - lines) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]).astype(np.float32)


_LINEAR = 200.0 / 3
_STEP = np.log(6.4) / 27


def _mels(hertz: float) -> float:
    return hertz / _LINEAR if hertz < 1000 else 15 + float(np.log(hertz / 1000)) / _STEP


def _hertz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < 15, mels * _LINEAR, 1000 * np.exp((mels - 15) * _STEP))

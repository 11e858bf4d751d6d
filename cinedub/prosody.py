"""Pitch and colour of a voice, from sound alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

#: Frames of 40 ms every 10 ms hold two periods of the lowest voice looked for.
_FRAME_S, _HOP_S = 0.040, 0.010
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 450.0
#: Normalised autocorrelation that counts as voiced; a peak nearly as high at a shorter period wins over an octave below it.
_VOICED, _NEARLY = 0.55, 0.9
_FRAMES_AT_ONCE = 3000


@dataclass(frozen=True, slots=True)
class Prosody:
    """Frames every 10 ms: ``pitch`` in Hz (nan where unvoiced), ``tilt``: energy above over below 1 kHz in dB (high is bright)."""

    pitch: Float32[np.ndarray, " frames"]
    tilt: Float32[np.ndarray, " frames"]

    def over(self, start_ms: int, end_ms: int) -> tuple[float, float, float]:
        """Median pitch in Hz, deviation of pitch in semitones, median tilt in dB over a stretch; nan where fewer than 50 ms are voiced."""
        first, last = round(start_ms / 1000 / _HOP_S), round(end_ms / 1000 / _HOP_S)
        pitch = self.pitch[first:last]
        voiced = ~np.isnan(pitch)
        if voiced.sum() < 5:
            return float("nan"), float("nan"), float("nan")
        semitones = 12 * np.log2(pitch[voiced])
        # Half the span from the 16th to the 84th percentile: a deviation that single octave errors don't move.
        spread = float(np.subtract(*np.percentile(semitones, [84, 16]))) / 2
        return float(np.median(pitch[voiced])), spread, float(np.median(self.tilt[first:last][voiced]))


def measure(sound: Float32[np.ndarray, " samples"], rate: int) -> Prosody:
    """Pitch and tilt of every frame, from one spectrum each.

    The pitch is found by the autocorrelation of a windowed frame over the window's own (Boersma, "Accurate short-term analysis of the fundamental
    frequency and the harmonics-to-noise ratio of a sampled sound", 1993).
    """
    size, hop = round(_FRAME_S * rate), round(_HOP_S * rate)
    padded = np.pad(sound, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][: -(-len(sound) // hop)]
    parts = [_measure(frames[i : i + _FRAMES_AT_ONCE], rate) for i in range(0, max(len(frames), 1), _FRAMES_AT_ONCE)]
    pitch, tilt = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Prosody(pitch, tilt)


def _measure(frames: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    size = frames.shape[1]
    window = np.hanning(size).astype(np.float32)
    points = 1 << (2 * size - 1).bit_length()
    spectra = np.abs(np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, points)) ** 2
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, points)) ** 2)
    shortest, longest = int(rate / _HIGHEST_HZ), int(rate / _LOWEST_HZ)
    # The rumble below and the hiss above the harmonics tell nothing about the period.
    hertz = np.fft.rfftfreq(points, 1 / rate)
    correlation = np.fft.irfft(np.where((hertz > 50) & (hertz < 2000), spectra, 0))[:, : longest + 2]
    energy = correlation[:, :1] + 1e-9
    correlation = correlation / energy / (shape[: longest + 2] / shape[0])
    inner = correlation[:, shortest : longest + 1]
    peak = (inner >= correlation[:, shortest - 1 : longest]) & (inner >= correlation[:, shortest + 1 : longest + 2])
    heights = np.where(peak, inner, -1.0)
    best = heights.max(axis=1)
    lag = (heights >= _NEARLY * best[:, None]).argmax(axis=1) + shortest
    rows = np.arange(len(frames))
    left, middle, right = (correlation[rows, lag + d] for d in (-1, 0, 1))
    bend = left - 2 * middle + right
    lag = lag + np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(np.abs(bend) > 1e-9, bend, 1), 0)
    pitch = np.where((best > _VOICED) & (energy[:, 0] > 1e-4), rate / lag, np.nan)
    low = spectra[:, (hertz > 50) & (hertz < 1000)].sum(axis=1)
    high = spectra[:, (hertz >= 1000) & (hertz < 5000)].sum(axis=1)
    return pitch.astype(np.float32), (10 * np.log10((high + 1e-9) / (low + 1e-9))).astype(np.float32)

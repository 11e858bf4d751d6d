"""Who speaks of those who are seen: mouths that move with the voice. A mouth alone decides nothing, nor does the voice.

Everything is counted in frames at 25 Hz. Three things must come together: somebody is heard, the mouth moves, and the two agree. They agree when
the opening of the lips rises and falls with the loudness of the voice, its changes with the changes of the loudness, and its speed with the
voice being there at all; lips lead the sound by up to 150 ms and more (Chandrasekaran et al., 2009; Schwartz and Savariaux, 2014).
One lag holds for a whole track: a face that agreed at another lag every second would agree with any sound.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float32

FRAME_MS = 40
#: Lags tried, in frames: the sound this much later than the lips.
LAGS = range(-1, 4)
#: Standard deviation in frames of the two Gaussian windows in which agreement is measured: about one second, about three.
SHORT, LONG = 7.0, 20.0
#: The weight of the short window beside the long one: one second alone holds too few syllables to tell chance from agreement.
NEAR = 0.25
#: Movement of the lips (in eye distances) that landmarks of a still face show; and of the loudness (in [0, 1]) that a pause shows.
STILL, QUIET = 0.008, 0.04
#: Agreement at which speaking is as likely as not, and how quickly that changes. Made-up mouths that chew beside a made-up voice stay below it four
#: times in five, mouths that follow a fifth of the syllables' variance are above it nineteen times in twenty.
HALF, WIDTH = 0.15, 0.06
RANGE_DB, FLOOR_DB = 40.0, -60.0

Frames = Float[np.ndarray, " frames"]


def loudness(sound: Float32[np.ndarray, " samples"], rate: int, frames: int) -> Frames:
    """Level of a voice at each frame in dB of full scale, over 80 ms."""
    hop = rate // 100
    wanted = (frames * 4 + 8) * hop
    padded = np.pad(np.asarray(sound, float), (4 * hop, 0))[:wanted]
    power = (np.pad(padded, (0, wanted - len(padded))) ** 2).reshape(-1, hop).mean(axis=1)
    window = np.hanning(10)[1:-1]
    smooth = np.convolve(power, window / window.sum(), "valid")
    return 10 * np.log10(smooth[: frames * 4 : 4] + 1e-10)


def scores(aperture: Frames, seen: Bool[np.ndarray, " frames"], level_db: Frames) -> Float32[np.ndarray, " frames"]:
    """How likely the face speaks at each frame, in [0, 1]; 0 where its mouth is not seen.

    ``aperture`` in eye distances counts only where ``seen``; ``level_db`` is ``loudness`` of the voices at the same frames.
    """
    if seen.sum() < 5:
        return np.zeros(len(aperture), np.float32)
    frames = np.arange(len(aperture))
    mouth = np.interp(frames, frames[seen], aperture[seen])
    mouth = np.convolve(np.pad(mouth, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    weight = seen.astype(float)
    loud, heard = _voice(level_db)
    agreement = _agreement(mouth, loud, heard, weight)
    moving = 1 - np.exp(-((_deviation(mouth, weight, SHORT) / (2 * STILL)) ** 2))
    with np.errstate(over="ignore"):
        agree = 1 / (1 + np.exp(-(agreement - HALF) / WIDTH))
    return (widened(heard) * moving * agree * seen).astype(np.float32)


def moving(aperture: Frames, seen: Bool[np.ndarray, " frames"]) -> Bool[np.ndarray, " frames"]:
    """Where a mouth is seen to move, for whatever reason: it may be the one that speaks, however little it agrees with the voice."""
    if seen.sum() < 5:
        return np.zeros(len(aperture), bool)
    frames = np.arange(len(aperture))
    mouth = np.interp(frames, frames[seen], aperture[seen])
    return seen & (_deviation(mouth, seen.astype(float), SHORT) > 2 * STILL)


def heard(level_db: Frames) -> Frames:
    """How likely a voice is heard at each frame, in [0, 1], by its level against its own peaks."""
    return _voice(level_db)[1]


def spans(score: Frames, threshold: float = 0.5, gap: int = 8, least: int = 6) -> list[tuple[int, int, float]]:
    """Stretches ``[first, after)`` of frames at or above ``threshold``, with their mean scores.

    Pauses up to ``gap`` frames are closed, then stretches under ``least`` frames left out.
    """
    above = np.flatnonzero(np.asarray(score) >= threshold)
    if not len(above):
        return []
    parts = np.split(above, np.flatnonzero(np.diff(above) > gap + 1) + 1)
    return [(int(p[0]), int(p[-1]) + 1, float(np.mean(score[p[0] : p[-1] + 1]))) for p in parts if p[-1] + 1 - p[0] >= least]


def _voice(level_db: Frames) -> tuple[Frames, Frames]:
    """Loudness in [0, 1] over the voice's own range, and how likely somebody is heard."""
    peak = max(float(np.percentile(level_db, 95)), FLOOR_DB + RANGE_DB)
    loud = np.clip((level_db - (peak - RANGE_DB)) / RANGE_DB, 0, 1)
    return loud, 1 / (1 + np.exp(-(level_db - (peak - 22)) / 2))


def _agreement(mouth: Frames, loud: Frames, heard: Frames, weight: Frames) -> Frames:
    """Correlation of a mouth with a voice around each frame, in [-1, 1], at the lag that suits the whole track best."""
    speed = _smooth(np.abs(np.gradient(mouth)), 2.0)
    best: Frames = np.full(len(mouth), -1.0)
    best_mean = -np.inf
    for lag in LAGS:
        late, there = _later(loud, lag), _later(heard, lag)
        pairs = (
            (0.4, mouth, late, STILL, QUIET),
            (0.4, np.gradient(mouth), np.gradient(late), STILL / 2, QUIET / 2),
            (0.2, speed, _smooth(late, 2.0), STILL / 2, QUIET),
        )
        agreement = sum(
            part * (NEAR * _correlation(x, y, weight, SHORT, dx, dy) + (1 - NEAR) * _correlation(x, y, weight, LONG, dx, dy))
            for part, x, y, dx, dy in pairs
        )
        counted = weight * (0.05 + there)
        mean = float((agreement * counted).sum() / counted.sum())
        if mean > best_mean:
            best, best_mean = np.asarray(agreement), mean
    return best


def _later(signal: Frames, lag: int) -> Frames:
    """The signal ``lag`` frames on, its ends held."""
    return signal[np.clip(np.arange(len(signal)) + lag, 0, len(signal) - 1)]


def _smooth(signal: Frames, sigma: float) -> Frames:
    reach = int(3 * sigma)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(np.pad(signal, reach), window / window.sum(), "valid")


def _correlation(x: Frames, y: Frames, weight: Frames, sigma: float, noise_x: float, noise_y: float) -> Frames:
    """Weighted correlation in a Gaussian window around each frame; what lies under the noise counts as unrelated."""
    total = _smooth(weight, sigma) + 1e-9

    def mean(signal: Frames) -> Frames:
        return _smooth(signal * weight, sigma) / total

    x, y = x - x.mean(), y - y.mean()
    covariance = mean(x * y) - mean(x) * mean(y)
    spread_x, spread_y = mean(x * x) - mean(x) ** 2, mean(y * y) - mean(y) ** 2
    return covariance / np.sqrt((np.maximum(spread_x, 0) + noise_x**2) * (np.maximum(spread_y, 0) + noise_y**2))


def _deviation(signal: Frames, weight: Frames, sigma: float) -> Frames:
    total = _smooth(weight, sigma) + 1e-9
    signal = signal - signal.mean()
    return np.sqrt(np.maximum(_smooth(signal**2 * weight, sigma) / total - (_smooth(signal * weight, sigma) / total) ** 2, 0))


def widened(heard: Frames, reach: int = 5) -> Frames:
    """The greatest value within ``reach`` frames: lips move before the sound and in its short pauses."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(heard, reach, "edge"), 2 * reach + 1).max(axis=-1)

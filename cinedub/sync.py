"""How late the sound is against the lips: every mouth's opening against the voice's level, at every offset.

A mouth that speaks and a mouth that listens aren't told apart beforehand, for that takes sound in step with the picture. Each stretch of each face
gives every offset its log likelihood ratio (two normal variables that correlate by r against two that don't: ``-n/2 log(1 - r²)``, n independent
samples), and these are summed: who speaks says much at one offset, who doesn't says little at any.

A film's sound is late by the same everywhere, unless it was joined from several: the other clips of a film say beforehand how late a clip's is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32

from schemas import Sync

#: The level is taken every 10 ms; offsets are tried as finely, up to ``REACH_MS`` on both sides.
STEP_MS, REACH_MS = 10, 600
#: Stretches of a face that agree or don't by themselves: about three seconds, long enough for ten syllables.
STRETCH, LEAST = 75, 10
#: Independent samples in a second of speech: syllables come five times a second (Greenberg et al., 2003).
PER_SECOND = 5.0
#: Movement of the lips (in eye distances) and of the level (in [0, 1]) that is noise, and that of their changes from frame to frame.
STILL, QUIET = (0.008, 0.004), (0.04, 0.02)
#: What agreement counts: opening with level, change of opening with change of level.
PARTS = (0.75, 0.25)
RANGE_DB, FLOOR_DB = 40.0, -60.0
#: A vowel's energy rises before the mouth is open widest: where the two agree best in generated films, whose mouths
#: follow the sound to the frame (-30 to -10 ms in the clips that are sure).
NATURAL_MS = -20
#: An offset counts as found within this.
FRAME_MS = 40
#: An offset is acted upon from this confidence on.
SURE = 0.8
#: How likely a clip's sound is late by something else than its film's: one in four, so that a clip in which no mouth says anything is not sure of
#: what the film tells, and one that clearly differs keeps its own.
STRAYS = 0.25
#: What is asked of the sound, in ms.
OFFSETS = np.arange(-REACH_MS, REACH_MS + 1, STEP_MS)

Mouth = tuple[Float[np.ndarray, " frames"], Bool[np.ndarray, " frames"]]


def level(sound: Float32[np.ndarray, " samples"], rate: int) -> Float[np.ndarray, " steps"]:
    """Level of a voice every ``STEP_MS`` in [0, 1] over the upper 40 dB of its range."""
    hop = rate * STEP_MS // 1000
    power = np.square(np.asarray(sound[: len(sound) // hop * hop], float)).reshape(-1, hop).mean(axis=1)
    window = np.hanning(10)[1:-1]
    decibels = 10 * np.log10(np.convolve(power, window / window.sum(), "same") + 1e-10)
    peak = max(float(np.percentile(decibels, 95)), FLOOR_DB + RANGE_DB)
    return np.clip((decibels - (peak - RANGE_DB)) / RANGE_DB, 0, 1)


def known_ms(found: Sync | None) -> int:
    """The offset where it is certain enough to act upon, else 0."""
    return found.offset_ms if found is not None and found.confidence >= SURE else 0


def odds(mouths: Sequence[Mouth], loud: Float[np.ndarray, " steps"], before_ms: int) -> Float[np.ndarray, " offsets"] | None:
    """How much speaks for each of ``OFFSETS`` (positive: sound late), as log likelihood ratios to mouths that have nothing to do with the voice.

    Args:
        mouths: for each face its opening in eye distances at 25 frames a second, and where it is seen.
        loud: ``level`` of the voices, beginning ``before_ms`` before the first frame; it may reach over both ends, the further the better.

    Returns:
        None where no mouth is seen.
    """
    pieces = [piece for opening, seen in mouths for piece in _pieces(opening, seen)]
    if not pieces:
        return None
    return np.asarray(np.sum([_odds(*piece, loud, before_ms, OFFSETS + NATURAL_MS) for piece in pieces], axis=0))


def likeliest(odds: Float[np.ndarray, " offsets"]) -> Sync:
    """The offset that most speaks for, and how likely it is right within a frame; the nearest to 0 where nothing speaks for any."""
    best = int(OFFSETS[np.lexsort((np.abs(OFFSETS), -np.round(odds, 6)))[0]])
    return Sync(best, round(float(_shares(odds)[np.abs(OFFSETS - best) <= FRAME_MS].sum()), 4))


def through_film(clips: Sequence[Float[np.ndarray, " offsets"]]) -> list[Sync]:
    """As ``likeliest``, of every clip of a film, where each also hears what all others say. One that differs from all says little to them."""
    known = np.log((1 - STRAYS) * len(OFFSETS) * np.array([_shares(odds) for odds in clips]).reshape(-1, len(OFFSETS)) + STRAYS)
    everything = known.sum(axis=0)
    others = ((1 - STRAYS) * _shares(everything - own) + STRAYS / len(OFFSETS) for own in known)
    return [likeliest(odds + np.log(before)) for odds, before in zip(clips, others, strict=True)]


def _shares(odds: Float[np.ndarray, " offsets"]) -> Float[np.ndarray, " offsets"]:
    """The probability of each offset; all are as likely before anything is seen."""
    share = np.exp(odds - np.max(odds))
    return np.asarray(share / share.sum())


def _pieces(opening: Float[np.ndarray, " frames"], seen: Bool[np.ndarray, " frames"]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Stretches of a face: its frames, the opening on each, and whether it was seen there."""
    frames = np.flatnonzero(seen)
    if len(frames) < LEAST:
        return []
    span = np.arange(frames[0], frames[-1] + 1)
    mouth = np.interp(span, frames, opening[frames])
    mouth = np.convolve(np.pad(mouth, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    parts = np.array_split(span, max(1, round(len(span) / STRETCH)))
    return [(part, mouth[part - span[0]], seen[part]) for part in parts if seen[part].sum() >= LEAST]


def _odds(
    frames: np.ndarray, mouth: np.ndarray, seen: np.ndarray, loud: Float[np.ndarray, " steps"], before_ms: int, lags: np.ndarray
) -> Float[np.ndarray, " lags"]:
    """Log likelihood ratio of one stretch at every lag; a mouth that closes when the voice rises says nothing."""
    at = (before_ms + frames[:, None] * FRAME_MS + FRAME_MS // 2 + lags) // STEP_MS
    weight = seen[:, None] * ((at >= 0) & (at < len(loud)))
    at = np.clip(at, 0, len(loud) - 1)
    total = weight.sum(axis=0)
    rise = np.gradient(loud) * (FRAME_MS / STEP_MS)
    agreement = np.zeros(len(lags))
    for part, x, y, still, quiet in zip(PARTS, (mouth, np.gradient(mouth)), (loud[at], rise[at]), STILL, QUIET, strict=True):
        x, y = (signal - (weight * signal).sum(axis=0) / np.maximum(total, 1) for signal in (np.repeat(x[:, None], len(lags), axis=1), y))
        shared, own, others = ((weight * product).sum(axis=0) / np.maximum(total, 1) for product in (x * y, x * x, y * y))
        agreement += part * shared / np.sqrt((own + still**2) * (others + quiet**2))
    return -0.5 * PER_SECOND * total * FRAME_MS / 1000 * np.log(1 - np.maximum(agreement, 0) ** 2)

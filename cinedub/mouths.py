"""The mouths of a clip beside its voices: how late the sound is, and which mouth goes with it then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from cinedub import speaking, sync
from cinedub.heard import RATE, stem
from cinedub.speaking import FRAME_MS
from schemas import Clip, Span


@dataclass(frozen=True, slots=True)
class Mouths:
    """A clip's N mouths at its T frames: ``aperture`` in eye distances where it is ``known``, ``track`` where the face is followed."""

    clip: Clip
    aperture: Float32[np.ndarray, "N T"]
    known: Bool[np.ndarray, "N T"]
    track: Bool[np.ndarray, "N T"]

    @classmethod
    def of(cls, clip: Clip, arrays: Mapping[str, np.ndarray]) -> Mouths:
        """Out of what ``See`` keeps: lip points are zero in frames that don't show them."""
        return cls(clip, arrays["aperture"], (arrays["points"] != 0).any(axis=(2, 3)), arrays["track"])

    def offsets(self) -> Float[np.ndarray, " offsets"] | None:
        """What speaks for each of ``sync.OFFSETS``; None where no mouth is seen."""
        heard, before = self._vocals()
        return sync.odds(list(zip(self.aperture, self.known, strict=True)), sync.level(heard, RATE), before)

    def going(self, late_ms: int) -> dict[str, np.ndarray]:
        """In a sound so late, ``speaking`` (N, T): how likely each mouth goes with the voices; ``heard`` (T,): how likely a voice is heard."""
        heard, before = self._vocals()
        start, frames = (before + late_ms) * RATE // 1000, self.track.shape[1]
        level = speaking.loudness(heard[start:] if start >= 0 else np.pad(heard, (-start, 0)), RATE, frames)
        scores = np.zeros(self.track.shape, np.float32)
        for n, there in enumerate(map(np.flatnonzero, self.track)):
            inside = slice(there[0], there[-1] + 1)
            scores[n, inside] = speaking.scores(self.aperture[n, inside], self.known[n, inside], level[inside])
        return {"speaking": scores, "heard": speaking.heard(level).astype(np.float32)}

    def _vocals(self) -> tuple[Float32[np.ndarray, " samples"], int]:
        """The vocals of the clip and as much beside it as offsets reach; how many milliseconds of it lie before the clip."""
        around = self.clip.span.pad(sync.REACH_MS, self.clip.stems.reel.heard)
        return stem(self.clip, "vocals", around), self.clip.span.start - around.start


def film_span(clip: Clip, first: int, after: int) -> Span:
    """Frames ``[first, after)`` of a clip on the film's clock."""
    start = clip.span.start + first * FRAME_MS
    return Span(start, max(start + 1, min(clip.span.end, clip.span.start + after * FRAME_MS)))


def spoken(clip: Clip, scores: Float32[np.ndarray, " T"]) -> tuple[tuple[Span, float], ...]:
    """Where a mouth goes with the voices by its scores, on the film's clock."""
    return tuple((film_span(clip, first, after), score) for first, after, score in speaking.spans(scores))

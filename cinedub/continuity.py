"""Whether a scene goes on over a cut: what is seen and heard just before it against just after.

Evidence is in nats of log-odds: positive speaks for a new scene, negative for the same one. Three kinds are independent enough to add:

    place   do pictures share their palette over the cut; does a set-up seen before it come back after it (shot, reverse shot)
    floor   does the noise floor, band by band, differ between the two sides: ambience belongs to a place
    flow    does the spectrum jump at the very cut: inside a scene sound is mixed over picture cuts, so that the two don't coincide

Sound is measured against itself: how much floor and spectrum change where there is no cut says how much is nothing to speak of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from jaxtyping import Float, Float32, UInt8

STEP_MS = 10
_BANDS, _FFT = 24, 2048
_REACHES = (400, 1000, 2000)  # ms
_SILENCE_DB = -75.0  # total of all bands; below it a side tells nothing about ambience

Levels = Float32[np.ndarray, "steps bands"]
Thumbnail = UInt8[np.ndarray, "18 32 3"]


def levels(blocks: Iterable[Float32[np.ndarray, " samples"]], rate: int) -> Levels:
    """Power in dB (full-scale sine 0) of 24 bands from 60 Hz to 20 kHz, equal in log frequency, every 10 ms of mono sound."""
    hop = rate * STEP_MS // 1000
    edges = np.geomspace(60, min(20000, rate / 2), _BANDS + 1)
    frequencies = np.fft.rfftfreq(_FFT, 1 / rate)
    window = np.hanning(_FFT).astype(np.float32)
    scale = 4 / window.sum() ** 2
    first = np.searchsorted(frequencies, edges)
    held, parts = np.zeros(_FFT // 2, np.float32), []
    for block in chain(blocks, [np.zeros(_FFT // 2, np.float32)]):
        held = np.concatenate([held, block])
        count = (len(held) - _FFT) // hop + 1
        if count > 0:
            frames = np.lib.stride_tricks.sliding_window_view(held, _FFT)[: count * hop : hop]
            power = np.abs(np.fft.rfft(frames * window)) ** 2 * scale
            total = np.stack([power[:, a : max(b, a + 1)].sum(axis=1) for a, b in pairwise(first)], axis=1)
            parts.append((10 * np.log10(total + 1e-10)).astype(np.float32))
            held = held[count * hop :]
    return np.concatenate(parts) if parts else np.full((1, _BANDS), -100, np.float32)


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound's levels and how much they change where there is no cut (dB, 90th percentiles)."""

    levels: Levels
    usual_floor: float
    usual_jump: float

    @classmethod
    def measured(cls, levels: Levels, cuts: Sequence[int]) -> Sound:
        """``cuts`` are in ms from the first level. Bounds keep a short or odd film from setting an absurd scale."""
        end = len(levels) * STEP_MS
        quiet = [at for at in range(1000, end - 1000, 100) if all(abs(at - cut) >= 1000 for cut in cuts)]
        floors = [floor_change(levels, at, at - 2000, at + 2000) for at in quiet]
        jumps = [jump(levels, at) for at in quiet]
        usual = (float(np.percentile(values, 90)) if len(values) >= 20 else 8.0 for values in (floors, jumps))
        floor, leap = usual
        return cls(levels, float(np.clip(floor, 4, 10)), float(np.clip(leap, 8, 16)))

    def evidence(self, cut: int, before: int, after: int) -> tuple[float, float]:
        """Floor and flow at ``cut`` between the cuts ``before`` and ``after`` it; nothing where both sides are silent."""
        sides = [_side(self.levels, cut, limit, _REACHES[-1]) for limit in (before, after)]
        if all(_total(side) < _SILENCE_DB for side in sides):
            return 0.0, 0.0
        floor = 3.0 * (floor_change(self.levels, cut, before, after) / self.usual_floor - 1.0)
        flow = 3.0 * (jump(self.levels, cut) / self.usual_jump - 0.8)
        return float(np.clip(floor, -2.5, 5.0)), float(np.clip(flow, -2.0, 0.75))  # a voice that begins with its shot is a jump too


def floor_change(levels: Levels, at: int, before: int, after: int) -> float:
    """Mean over bands of the difference in dB between the noise floors on both sides of ``at``.

    The least of what 0.4, 1 and 2 s on each side say (not past the limits): another place is another place at every scale, while speech
    that begins, or silence farther off, shows at one.
    """
    return min(float(np.abs(_floor(levels, at, before, reach) - _floor(levels, at, after, reach)).mean()) for reach in _REACHES)


def jump(levels: Levels, at: int) -> float:
    """Mean over bands of the difference in dB between the 100 ms just before and just after ``at``."""
    step = at // STEP_MS
    past, coming = levels[max(0, step - 12) : max(1, step - 2)], levels[min(step + 3, len(levels) - 1) : step + 13]
    return float(np.abs(past.mean(axis=0) - coming.mean(axis=0)).mean())


def _floor(levels: Levels, at: int, limit: int, reach: int) -> Float32[np.ndarray, " bands"]:
    return np.percentile(_side(levels, at, limit, reach), 20, axis=0)


def _side(levels: Levels, at: int, limit: int, reach: int) -> Levels:
    """At most ``reach`` ms of levels between ``at`` and ``limit``, but the least reach whatever the limit, and without the 30 ms in which an
    analysis window sees both sides."""
    step, steps = at // STEP_MS, min(reach, max(_REACHES[0], abs(limit - at))) // STEP_MS
    if limit < at:
        return levels[max(0, step - steps) : max(1, step - 3)]
    return levels[min(step + 3, len(levels) - 1) : step + steps]


def _total(side: Levels) -> float:
    return float(10 * np.log10((10 ** (np.percentile(side, 80, axis=0) / 10)).sum()))


@dataclass(frozen=True, slots=True)
class Look:
    """What a shot looks like: palettes (share of pixels in 8 x 8 x 8 colours) and layouts (unit vectors) of a few of its pictures."""

    palettes: Float[np.ndarray, "pictures 512"]
    layouts: Float[np.ndarray, "pictures 1728"]

    @classmethod
    def of(cls, pictures: Sequence[Thumbnail]) -> Look:
        """At most five pictures, spread over the shot."""
        chosen = [pictures[round(place)] for place in np.linspace(0, len(pictures) - 1, min(5, len(pictures)))]
        palettes, layouts = [], []
        for picture in chosen:
            index = (picture.astype(np.int64) >> 5) @ np.array([64, 8, 1])
            palettes.append(np.bincount(index.ravel(), minlength=512) / index.size)
            layout = picture - picture.mean(axis=(0, 1))
            layouts.append(layout.ravel() / (np.linalg.norm(layout) + 50.0))  # a picture of nearly one colour has no layout
        return cls(np.stack(palettes), np.stack(layouts))


def palette_likeness(one: Look, other: Look) -> float:
    """Largest shared part of the palettes, 0 to 1."""
    return float(np.minimum(one.palettes[:, None], other.palettes[None]).sum(axis=2).max())


def layout_likeness(one: Look, other: Look) -> float:
    """Largest correlation of the layouts, -1 to 1."""
    return float((one.layouts @ other.layouts.T).max())


def place_evidence(before: Sequence[Look], after: Sequence[Look]) -> float:
    """``before`` are the scene's last shots, ``after`` the next, both in order of time.

    Palettes are compared over the cut alone: many places are dark. The same set-up on both sides, at any distance, is nearly proof.
    """
    palette = max(palette_likeness(look, after[0]) for look in before[-2:])
    alike = [layout_likeness(one, other) for one in before for other in after if palette_likeness(one, other) > 0.4]
    set_up = max(alike, default=0.0)
    return float(np.clip(4.0 * (0.5 - palette), -1.0, 1.5) - np.clip(10.0 * (set_up - 0.5), 0.0, 4.0))

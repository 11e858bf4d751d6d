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
from itertools import chain, combinations, pairwise

import numpy as np
from jaxtyping import Bool, Float, Float32

from cinedub.thumbnails import Thumbnail

STEP_MS = 10
_BANDS, _FFT = 24, 2048
_SILENCE_DB = -75.0  # total of all bands: no microphone was ever that quiet
_DEAD = 15  # steps
_NEAR_MS = 120  # encoders smear, and frames of sound don't end where frames of picture do

Levels = Float32[np.ndarray, "steps bands"]


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
    silent: Bool[np.ndarray, " steps"]
    starts_by_chance: float
    stops_by_chance: float

    @classmethod
    def measured(cls, levels: Levels, cuts: Sequence[int]) -> Sound:
        """``cuts`` are in ms from the first level. Bounds keep a short or odd film from setting an absurd scale."""
        end = len(levels) * STEP_MS
        edges = np.array([0, *cuts, end])
        quiet = [at for at in range(600, end - 600, 100) if np.abs(edges - at).min() >= 600]
        floors, jumps = [], []
        for at in quiet:
            place = int(np.searchsorted(edges, at))
            floors.append(floor_change(levels, at, int(edges[place - 1]), int(edges[place])))
            jumps.append(jump(levels, at))
        floor, leap = (float(np.percentile(values, 90)) if len(quiet) >= 20 else 6.0 for values in (floors, jumps))
        silent = _power(levels) < _SILENCE_DB
        chances = []
        for sign in (1, -1):
            turns = [at * STEP_MS for at in _turns(silent, 0, len(silent), sign)]
            elsewhere = sum(bool(np.abs(edges - at).min() > 300) for at in turns)
            chances.append(elsewhere / max(1, len(quiet)) * 2 * _NEAR_MS / 100)  # quiet places lie 100 ms apart
        return cls(levels, float(np.clip(floor, 3, 8)), float(np.clip(leap, 8, 16)), silent, *chances)

    def evidence(self, cut: int, before: int, after: int) -> tuple[float, float]:
        """Floor and flow at ``cut`` between the cuts ``before`` and ``after`` it; nothing where both sides are silent."""
        step, near = cut // STEP_MS, _NEAR_MS // STEP_MS
        # Sound that starts or stops dead with the picture was spliced with it, unless this sound does so at other times too.
        for sign, chance in ((1, self.starts_by_chance), (-1, self.stops_by_chance)):
            if _turns(self.silent, step - near, step + near + 1, sign):
                return float(np.clip(np.log(0.5 / max(chance, 0.005)), 0.0, 4.0)), 0.75
        if self.silent[max(0, step - _DEAD) : step + _DEAD].all():
            return 0.0, 0.0
        floor = 3.0 * (floor_change(self.levels, cut, before, after) / self.usual_floor - 1.0)
        flow = 1.5 * (jump(self.levels, cut) / self.usual_jump - 0.8)
        return float(np.clip(floor, -2.5, 5.0)), float(np.clip(flow, -1.0, 0.75))  # a voice that begins with its shot is a jump too


def _turns(silent: Bool[np.ndarray, " steps"], first: int, last: int, sign: int) -> list[int]:
    """Steps in [first, last) where 150 ms mostly silent end (sign 1) or begin (sign -1) beside 150 ms mostly of sound; clicks don't count."""
    first, last = max(first, _DEAD), min(last, len(silent) - _DEAD)
    if first >= last:
        return []
    total = np.concatenate([[0], np.cumsum(silent[first - _DEAD : last + _DEAD])])
    before, after = total[_DEAD:-_DEAD] - total[: -2 * _DEAD], total[2 * _DEAD :] - total[_DEAD:-_DEAD]
    found: list[int] = []
    for at in first + np.flatnonzero(sign * (before - after)[: last - first] >= 0.6 * _DEAD):
        if not found or at - found[-1] > _DEAD:
            found.append(int(at))
    return found


def floor_change(levels: Levels, at: int, before: int, after: int) -> float:
    """Mean over bands of the difference in dB between the noise floors on both sides of ``at``; 0 where a side is silent throughout."""
    past, coming = _side(levels, at, before), _side(levels, at, after)
    if min(len(past), len(coming)) < 10:
        return 0.0
    return float(np.abs(np.percentile(past, 10, axis=0) - np.percentile(coming, 10, axis=0)).mean())


def jump(levels: Levels, at: int) -> float:
    """Mean over bands of the difference in dB between the 100 ms just before and just after ``at``."""
    step = at // STEP_MS
    past, coming = levels[max(0, step - 12) : max(1, step - 2)], levels[min(step + 3, len(levels) - 1) : step + 13]
    return float(np.abs(past.mean(axis=0) - coming.mean(axis=0)).mean())


def _side(levels: Levels, at: int, limit: int) -> Levels:
    """Levels between ``at`` and ``limit``, 0.5 to 2 s of them, without digital silence and the 30 ms in which a window sees both sides."""
    step, steps = at // STEP_MS, int(np.clip(abs(limit - at), 500, 2000)) // STEP_MS
    part = levels[max(0, step - steps) : max(1, step - 3)] if limit < at else levels[min(step + 3, len(levels) - 1) : step + steps]
    return part[_power(part) >= _SILENCE_DB]


def _power(levels: Levels) -> Float32[np.ndarray, " steps"]:
    return 10 * np.log10((10 ** (levels / 10)).sum(axis=1) + 1e-12)


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

    Palettes are compared over the cut alone: many places are dark. The same set-up on both sides, at any distance, is nearly proof
    that the scene goes on; a side whose set-ups come back among themselves but not over the cut is closed, as scenes are (the scene
    transition graph of Yeung and Yeo, 1996).
    """
    palette, lit = max((palette_likeness(look, after[0]), _lit_likeness(look, after[0])) for look in before[-2:])
    shots, middle = [*before, *after], len(before)
    set_up = max(_set_up_likeness(shots[i], shots[j]) for i in range(middle) for j in range(middle, len(shots)) if not _elsewhere(shots[i : j + 1]))
    closed = sum(_closed(side) for side in (before, after)) if max(set_up, palette) < 0.5 else 0
    return float(np.clip(6.0 * (0.45 - palette), -1.0 - lit, 2.5) + 1.0 * closed - np.clip(10.0 * (set_up - 0.5), 0.0, 4.0))


def _lit_likeness(one: Look, other: Look) -> float:
    """Largest shared part of the palettes outside the eight darkest colours, which every dark place shares."""
    lit = np.array([max(colour >> 6, colour >> 3 & 7, colour & 7) > 1 for colour in range(512)])
    return float(np.minimum(one.palettes[:, None, lit], other.palettes[None, :, lit]).sum(axis=2).max())


def _set_up_likeness(one: Look, other: Look) -> float:
    """How alike two shots' layouts are, where they share a palette at all."""
    return layout_likeness(one, other) if palette_likeness(one, other) > 0.4 else 0.0


def _elsewhere(shots: Sequence[Look]) -> bool:
    """Whether the way from the first shot to the last leads through two shots or more of another place: a visit there, not an insert."""
    first, *between, last = shots
    return sum(max(palette_likeness(look, first), palette_likeness(look, last)) < 0.35 for look in between) >= 2


def _closed(side: Sequence[Look]) -> bool:
    """Whether a set-up of this side comes back within it."""
    return any(_set_up_likeness(one, other) > 0.6 for one, other in combinations(side, 2))

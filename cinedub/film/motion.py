"""How a face moves while the film runs: lips from phonemes, lids from blinks, brows from what is felt, the head from slow noise."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from cinedub.film import expressions
from cinedub.film.direction import said_by
from cinedub.film.phonemes import viseme
from cinedub.film.script import Plan

#: How long before a line its expression begins, and how long it takes to go.
RISE_MS = 300


class Motion:
    """One character through the whole film, one value for every frame."""

    def __init__(self, plan: Plan, name: str) -> None:
        times = np.array([plan.ms(frame) for frame in range(plan.frames)], np.float32) + float(500 / plan.fps)
        rng = np.random.default_rng([plan.seed, 41, sum(name.encode())])
        self.opening, self.width = lips(plan, name, times)
        self.lid = _blinks(times, rng)
        self._felt, self._strength = _felt(plan, name, times)
        self.x, self.y, self.tilt = (_drift(times, rng) for _ in range(3))
        talking = np.convolve(self.opening, np.ones(9, np.float32) / 9, "same")
        self.y = self.y + 0.35 * talking  # heads nod with the beat of speech

    def expression(self, frame: int) -> tuple[expressions.Expression, float]:
        """What the face shows in a frame, and how strongly."""
        return self._felt[frame], float(self._strength[frame])


def _felt(plan: Plan, name: str, times: Float32[np.ndarray, " frames"]) -> tuple[list[expressions.Expression], Float32[np.ndarray, " frames"]]:
    """A face shows a line's emotion while it says it, comes to it a little before, and soon lets go."""
    shown, strength = [expressions.STILL] * len(times), np.zeros(len(times), np.float32)
    for item in said_by(plan, name):
        level = np.interp(times, [item.start - RISE_MS, item.start, item.span.end, item.span.end + RISE_MS], [0, 1, 1, 0])
        for frame in np.flatnonzero(level > strength):
            shown[frame] = expressions.of(item.line.emotion)
        strength = np.maximum(strength, level).astype(np.float32)
    return shown, strength


def lips(plan: Plan, name: str, times: Float32[np.ndarray, " frames"]) -> tuple[Float32[np.ndarray, " frames"], Float32[np.ndarray, " frames"]]:
    """Opening and width of the mouth: each phoneme's shape at its middle, linear between, as loud as the sound there."""
    keys: list[tuple[float, float, float]] = [(-1e9, 0.0, 0.0)]
    for item in said_by(plan, name):
        keys.append((item.start - 90.0, 0.0, 0.0))
        for phone in item.speech.phones:
            middle = item.start + (phone.start + phone.end) / 2
            opening, width = viseme(phone.symbol.strip("ˈˌː→↓↗↘ʰʲ"))
            stressed = 1.15 if "ˈ" in phone.symbol else 0.9
            if not phone.symbol and phone.end - phone.start < 60:  # the sign between two words is no pause
                continue
            keys.append((middle, min(1.0, opening * stressed), width))
        keys.append((item.start + item.speech.duration_ms + 40.0, 0.0, 0.0))
    table = np.array(sorted(keys), np.float64)
    opening = np.interp(times, table[:, 0], table[:, 1])
    width = np.interp(times, table[:, 0], table[:, 2])
    return opening.astype(np.float32), width.astype(np.float32)


def _blinks(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    lid = np.zeros(len(times), np.float32)
    at = float(rng.uniform(300, 3000))
    while at < times[-1]:
        lid = np.maximum(lid, np.clip(1 - np.abs(times - at) / 110, 0, 1))
        at += float(rng.uniform(1800, 5200))
    return lid


def _drift(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A few slow sines: about one unit of movement."""
    total = np.zeros(len(times), np.float32)
    for hertz in (0.11, 0.23, 0.47):
        total += (np.sin(2 * np.pi * (hertz * float(rng.uniform(0.8, 1.2)) * times / 1000 + float(rng.random()))) * 0.12 / hertz**0.5).astype(
            np.float32
        )
    return total

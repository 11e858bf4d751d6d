"""The film's sound: every line at its time, and under them music and the place, at a set ratio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from cinedub.film import loops
from cinedub.film.script import Plan
from cinedub.film.settings import FilmSettings
from cinedub.film.sounds import RATE, ambience, music

FADE = RATE // 20


def vocals(plan: Plan) -> Float32[np.ndarray, " samples"]:
    """Everything said, clean."""
    out = np.zeros(plan.duration * RATE // 1000, np.float32)
    for planned in plan.scenes:
        for item in planned.spoken:
            at = item.start * RATE // 1000
            part = item.speech.sound[: len(out) - at]
            out[at : at + len(part)] += part
    return out


def background(plan: Plan, voices: Float32[np.ndarray, " samples"], settings: FilmSettings) -> Float32[np.ndarray, "2 samples"]:
    """Music and places, so loud that in each scene speech (where there is any) is above them by some decibels between the two ``snr_db``."""
    out = np.zeros((2, len(voices)), np.float32)
    for index, planned in enumerate(plan.scenes):
        first, last = (ms * RATE // 1000 for ms in (planned.span.start, planned.span.end))
        rng = np.random.default_rng([plan.seed, 23, index])
        bed = ambience(planned.scene.place, last - first, rng)
        if planned.scene.music:
            bed = 0.35 * bed + (loops.music(Path(settings.loops), last - first, rng) if settings.loops else music(last - first, rng))
        said = voices[first:last]
        speech = float(np.sqrt(np.mean(said[np.abs(said) > 1e-4] ** 2))) if np.any(np.abs(said) > 1e-4) else 0.07
        bed *= np.float32(speech * 10 ** (-float(rng.uniform(*settings.snr_db)) / 20) / max(float(np.sqrt(np.mean(bed**2))), 1e-9))
        bed[:, :FADE] *= np.linspace(0, 1, FADE, dtype=np.float32)
        bed[:, -FADE:] *= np.linspace(1, 0, FADE, dtype=np.float32)
        out[:, first:last] = bed
    return out


def mixed(voices: Float32[np.ndarray, " samples"], under: Float32[np.ndarray, "2 samples"], channels: int) -> Float32[np.ndarray, "channels samples"]:
    """The sound track: mono, stereo, or 5.1 with the voices in the middle."""
    if channels == 1:
        return under.mean(axis=0, keepdims=True) + voices
    if channels == 2:
        return under + voices
    return np.stack([under[0], under[1], voices, np.zeros_like(voices), 0.5 * under[0], 0.5 * under[1]])

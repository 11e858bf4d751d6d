"""A plan becomes files: the film, its truth, the clean voices and the background."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cinedub import sound
from cinedub.film import mix, picture, truth
from cinedub.film.script import Plan
from cinedub.film.settings import FilmSettings
from cinedub.film.sounds import RATE


def render(plan: Plan, settings: FilmSettings, out: Path) -> Path:
    """Write a planned film to ``out`` (an .mp4, or a folder); returns its path (that of the .flac mix, when only sound was asked for)."""
    target = out if out.suffix == ".mp4" else out / "film.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    voices = mix.vocals(plan)
    under = mix.background(plan, voices, settings)
    peak = np.float32(max(1.0, float(np.abs(under + voices).max()) / 0.97))
    voices, under = voices / peak, under / peak
    sound.write(target.with_suffix(".vocals.flac"), [voices[None]], RATE)
    sound.write(target.with_suffix(".background.flac"), [under.mean(axis=0, keepdims=True)], RATE)
    mixed = target.with_suffix(".flac")
    sound.write(mixed, [mix.mixed(voices, under, settings.channels)], RATE)
    faces: list[picture.FaceNote] = []
    if not settings.audio_only:
        picture.encode(picture.frames(plan, faces), plan, mixed, target, settings.variable_fps)
        mixed.unlink()
    truth.write(plan, faces, target.with_suffix(""))
    return mixed if settings.audio_only else target

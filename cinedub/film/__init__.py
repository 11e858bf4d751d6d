"""Films with complete truth: people who talk, in places, with music, all made from a seed.

    >>> from pathlib import Path
    >>> from cinedub.film import demo
    >>> demo(Path("demo.mp4"))  # doctest: +SKIP

Beside ``demo.mp4`` lie ``demo.json`` and ``demo.rttm`` (the truth), ``demo.vocals.flac`` and ``demo.background.flac``.
"""

from __future__ import annotations

from pathlib import Path

from cinedub.film.script import Plan


def demo(out: Path, seed: int = 0) -> Path:
    """Write the demonstration film to ``out`` (an .mp4, or a folder for one) and its truth beside it."""
    from cinedub.film.direction import plan
    from cinedub.film.harbour import CAST, SCENES

    return render(plan("The Ninth of March", "en", CAST, SCENES, seed=seed), out)


def render(plan: Plan, out: Path, snr_db: float = 14.0, audio_only: bool = False) -> Path:
    """Write a planned film and its truth; returns the film's path (the sound's, when ``audio_only``)."""
    import numpy as np

    from cinedub import sound
    from cinedub.film import mix, picture, truth
    from cinedub.film.sounds import RATE

    target = out if out.suffix == ".mp4" else out / "film.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    voices = mix.vocals(plan)
    under = mix.background(plan, voices, snr_db)
    peak = max(1.0, float(np.abs(under + voices).max()) / 0.97)
    voices, under = voices / np.float32(peak), under / np.float32(peak)
    sound.write(target.with_suffix(".vocals.flac"), [voices[None]], RATE)
    sound.write(target.with_suffix(".background.flac"), [under.mean(axis=0, keepdims=True)], RATE)
    mixed = target.with_suffix(".flac")
    sound.write(mixed, [under + voices], RATE)
    faces: list[picture.FaceNote] = []
    if not audio_only:
        picture.encode(picture.frames(plan, faces), plan, mixed, target)
        mixed.unlink()
    truth.write(plan, faces, target.with_suffix(""))
    return mixed if audio_only else target

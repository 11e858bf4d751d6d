"""Films with complete truth: people who talk, in places, with music, all made from a seed.

    >>> from pathlib import Path
    >>> from cinedub.film import demo
    >>> demo(Path("demo.mp4"))  # doctest: +SKIP

Beside ``demo.mp4`` lie ``demo.json`` and ``demo.rttm`` (the truth), ``demo.vocals.flac`` and ``demo.background.flac``.
"""

from __future__ import annotations

from pathlib import Path

from cinedub.film.settings import FilmSettings, load


def demo(out: Path, seed: int = 0) -> Path:
    """Write the demonstration film to ``out`` (an .mp4, or a folder for one) and its truth beside it."""
    from cinedub.film.direction import plan
    from cinedub.film.harbour import CAST, SCENES
    from cinedub.film.harbour import settings as demo_settings
    from cinedub.film.render import render

    settings = demo_settings(seed)
    return render(plan(settings, CAST, SCENES), settings, out)


def write(settings: FilmSettings | Path, out: Path) -> Path:
    """Write a film as the settings (or a TOML file of them) say, and its truth beside it; returns the film's path."""
    from cinedub.film import direction, screenplay
    from cinedub.film.render import render

    chosen = load(settings) if isinstance(settings, Path) else settings
    return render(direction.plan(chosen, *screenplay.write(chosen)), chosen, out)


write_film = write

__all__ = ["FilmSettings", "demo", "load", "write", "write_film"]

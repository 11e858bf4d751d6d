"""Films with complete truth: people who talk, in places, with music, all made from a seed.

    >>> from pathlib import Path
    >>> from cinedub.film import demo
    >>> demo(Path("demo.mp4"))  # doctest: +SKIP

Beside ``demo.mp4`` lie ``demo.json``, ``.rttm``, ``.ctm`` and ``.stm`` (the truth), ``demo.vocals.flac`` and ``demo.background.flac``.

A film holds narration, monologues, dialogues and ensembles of three to five, cut as films are: shot and reverse shot, two-shots, listeners,
people who speak from beside the picture, lines that overlap; some faces are turned, small, dark, blurred or partly hidden. Every line is
known with its text, words, phonemes, speaker, emotion and times, every shot, and every face with its box and the opening of its mouth in
each frame; the clean voices and the background are files. The same seed and versions give the same truth.

What such films can't show: all faces come from one photograph, reshaped until face encoders tell them apart, and turn by at most 40 degrees; bodies
stand still. Voices are synthetic, and emotions are acted by rule: rate, pitch, melody and loudness; brows, lids and corners of the mouth. With the
pack ``film`` a few voices are Japanese ones that speak English with an accent. Sentences come from templates and old books. Places are painted,
music and noises are synthesised. So a model that does well here may do worse on a real film; figures on generated films show that the parts work and
don't get worse, not how good they are.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from cinedub.film.settings import FilmSettings, load


def demo(out: Path, seed: int = 0) -> Path:
    """Write the demonstration film to ``out`` (an .mp4, or a folder for one) and its truth beside it."""
    from cinedub.film.direction import plan
    from cinedub.film.harbour import CAST, SCENES
    from cinedub.film.harbour import settings as demo_settings
    from cinedub.film.render import render

    settings = demo_settings(seed)
    return render(plan(settings, CAST, SCENES), settings, out)


def choose(path: Path | None = None, **given: Any) -> FilmSettings:
    """The settings of a file, or the defaults, with those given by name in their place. What isn't said follows: Chinese needs the voices ``more``,
    and ``valid`` and ``test`` have three faces each.

    Raises:
        UsageError: settings that don't go together, or a file that can't be read.
    """
    kinds = {"kinds": tuple(given["kinds"])} if "kinds" in given else {}
    if path:
        return dataclasses.replace(load(path), **given | kinds)
    implied: dict[str, Any] = {"voices": "more"} if given.get("language") == "zh" else {}
    if given.get("split", "train") != "train":
        implied["characters"] = 3
    return FilmSettings(**implied | given | kinds)


def write(settings: FilmSettings | Path, out: Path) -> Path:
    """Write a film as the settings (or a TOML file of them) say, and its truth beside it; returns the film's path."""
    from cinedub.film import direction, screenplay
    from cinedub.film.render import render

    chosen = load(settings) if isinstance(settings, Path) else settings
    return render(direction.plan(chosen, *screenplay.write(chosen)), chosen, out)


def write_shards(settings: FilmSettings, out: Path) -> dict[str, Any]:
    """Write a dataset straight from the truth of films made as the settings say, without pictures of full size; returns its dataset.json."""
    from cinedub.film import corpus

    return corpus.write(settings, out)


__all__ = ["FilmSettings", "choose", "demo", "load", "write", "write_shards"]

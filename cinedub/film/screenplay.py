"""A film from its settings: who is in it, and scene after scene until it is long enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from cinedub.errors import UsageError
from cinedub.film import pools, texts
from cinedub.film.cast import LOOKS
from cinedub.film.script import Character, Line, Scene
from cinedub.film.settings import FilmSettings, Split
from cinedub.film.sounds import PLACES

_SHARES: dict[Split, slice] = {"train": slice(0, None, 2), "valid": slice(1, None, 4), "test": slice(3, None, 4)}
#: Rough lengths, to know how many lines fill a film.
_LINE_S = 3.2
Texts = Iterator[tuple[str, str]]


def write(settings: FilmSettings) -> tuple[list[Character], list[Scene]]:
    """The cast (a narrator last) and the scenes."""
    rng = np.random.default_rng([settings.seed, 3, len(settings.split)])
    people = cast(settings, rng)
    talk = texts.lines(settings.language, settings.split, rng, "talk")
    story = texts.lines(settings.language, settings.split, rng, "story")
    scenes: list[Scene] = []
    seconds = 0.0
    while seconds < settings.seconds:
        kind = settings.kinds[len(scenes) % len(settings.kinds)]
        scene = _scene(kind, people, talk, story, settings, rng, scenes[-1].place if scenes else "")
        left = max(1, round((settings.seconds - seconds) / _LINE_S))
        scene = dataclasses.replace(scene, lines=scene.lines[: max(left, 2 if kind == "dialogue" else 3 if kind == "ensemble" else 1)])
        scenes.append(scene)
        seconds += len(scene.lines) * _LINE_S + 1.3
    return people, scenes


def cast(settings: FilmSettings, rng: np.random.Generator) -> list[Character]:
    """Characters with faces and voices of their own, and one narrator who is only heard.

    Raises:
        UsageError: more characters than the split has faces or voices.
    """
    faces = LOOKS[_SHARES[settings.split]]
    looks = [faces[int(i)] for i in rng.permutation(len(faces))][: settings.characters]
    if len(looks) < settings.characters:
        raise UsageError(f"{settings.split} has {len(looks)} faces; {settings.characters} characters were asked for")
    free = {gender: pools.voices(settings.language, settings.voices, settings.split, gender) for gender in ("female", "male")}
    for choices in free.values():
        rng.shuffle(choices)
    people = []
    for number, look in enumerate(looks):
        if not free[look.gender]:
            raise UsageError(f"{settings.split} has too few {look.gender} voices for {settings.characters} characters")
        age = "elderly" if look.age > 0.6 else "middle-aged" if look.age > 0.2 else "adult"
        red, green, blue = (int(v) for v in rng.integers(40, 150, 3))
        people.append(
            Character(
                f"c{number + 1:02d}",
                free[look.gender].pop(),
                look.gender,
                age,
                dataclasses.replace(look, clothes=(red, green, blue)),
                float(rng.uniform(0.9, 1.12)),
            )
        )
    gender = max(free, key=lambda name: len(free[name]))
    if not free[gender]:
        raise UsageError(f"{settings.split} has no voice left for a narrator")
    return [*people, Character("narrator", free[gender].pop(), gender)]


def _scene(
    kind: str, people: list[Character], talk: Texts, story: Texts, settings: FilmSettings, rng: np.random.Generator, before: str
) -> Scene:  # fmt: skip
    """A scene elsewhere than the one ``before``: what goes on in the same place is the same scene."""
    *actors, narrator = people
    elsewhere = [place for place in PLACES if place != before]
    place = elsewhere[int(rng.integers(len(elsewhere)))]
    music = bool(rng.random() < settings.music)
    light = 0.4 if rng.random() < settings.dark else 1.0
    if kind == "narration":
        seen = (actors[int(rng.integers(len(actors)))].name,)
        return Scene(
            "narration",
            place,
            tuple(_line(narrator.name, story, settings, rng, free=False) for _ in range(int(rng.integers(1, 4)))),
            seen,
            music,
            light,
        )
    size = {"monologue": 1, "dialogue": 2}.get(kind, int(rng.integers(3, min(5, len(actors)) + 1)) if len(actors) > 2 else 3)
    order = [actors[int(i)].name for i in rng.permutation(len(actors))[:size]]
    if size == 1:
        return Scene(
            "monologue",
            place,
            tuple(_line(order[0], talk, settings, rng, free=False) for _ in range(int(rng.integers(2, 4)))),
            tuple(order),
            music,
            light,
        )
    lines: list[Line] = []
    for turn in range(int(rng.integers(size * 2, size * 3 + 1))):
        lines.append(_line(order[turn % size] if turn < size else order[_other(order, lines[-1].speaker, rng)], talk, settings, rng))
    return Scene("dialogue" if size == 2 else "ensemble", place, tuple(lines), tuple(sorted(order)), music, light)


def _other(order: list[str], last: str, rng: np.random.Generator) -> int:
    choices = [i for i, name in enumerate(order) if name != last]
    return choices[int(rng.integers(len(choices)))]


def _line(speaker: str, source: Texts, settings: FilmSettings, rng: np.random.Generator, free: bool = True) -> Line:
    found = next(source, None)
    if found is None:
        raise UsageError(f"{settings.split} has no lines left; make more films with other seeds instead of a longer one")
    text, emotion = found
    overlapped = free and rng.random() < settings.overlap
    gap = -int(rng.integers(200, 700)) if overlapped else int(rng.integers(120, 600))
    return Line(speaker, text, gap, on_screen=not (free and rng.random() < settings.off_screen), emotion=emotion)

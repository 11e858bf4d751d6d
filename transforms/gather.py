"""Bring together what was heard and seen of a film, or of a series: the one barrier of the pipeline.

    Voices ─┐ by film                    by group
    Faces  ─┴─ one file a film, Appearance ── Appearances

An element holds no more of a film than its description and where its clips lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from cinedub import progress, storage
from schemas import Appearance, Appearances, Faces, Film, Voices
from transforms.stage import identity, remember


def appearance(voices: Iterable[Voices], faces: Iterable[Faces]) -> Appearance | None:
    """One film's clips in order of time, put aside; a clip that lost its voices or its faces to a failure is left out. None where none is whole."""
    heard = {item.id: item for item in voices}
    seen = {item.id: item for item in faces}
    both = [noun for key in sorted(heard.keys() & seen.keys()) for noun in (heard[key], seen[key])]
    if not both:
        return None
    with storage.Assets("Gather", storage.address(*map(identity, both))) as assets:
        if not assets.there():
            remember(assets.path("clips.json"), both)
            assets.publish()
        return Appearance(both[0].clip.film, assets.uri("clips.json"))


def gather(group: str, parts: Iterable[Appearance]) -> Appearances:
    """Films in order of their titles, numbers in them by value: a later episode doesn't change the names of those before it."""
    return Appearances(group, tuple(sorted(parts, key=lambda part: (_natural(part.film), part.film.id))))


class Gather(beam.PTransform):
    """Join ``{"voices": …, "faces": …}`` by the group that speakers are recognised across."""

    def expand(self, branches: dict[str, Any]) -> Any:
        """One ``Appearances`` for each group that has any."""
        keyed = {name: items | f"Key {name}" >> beam.Map(_keyed) for name, items in branches.items()}
        films = keyed | beam.CoGroupByKey() | "By film" >> beam.FlatMap(_by_film)
        return films | beam.GroupByKey() | "By group" >> beam.MapTuple(gather).with_output_types(Appearances)


def _keyed(item: Voices | Faces) -> tuple[str, Voices | Faces]:
    return item.clip.film.id, item


def _by_film(item: tuple[str, dict[str, Any]]) -> list[tuple[str, Appearance]]:
    _, sides = item
    with progress.fatal("Gather"):
        part = appearance(sides["voices"], sides["faces"])
    return [(part.film.group, part)] if part else []


def _natural(film: Film) -> list[tuple[int, str]]:
    """Digits by value, the rest as it is written: episode 2 comes before episode 10."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece.casefold()) for piece in re.split(r"(\d+)", film.title)]

"""Bring together what was heard and seen of a film, or of a series: the one barrier of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from schemas import Appearances, Faces, Voices


def gather(group: str, voices: Iterable[Voices], faces: Iterable[Faces]) -> Appearances:
    """Appearances in order of film and time; a clip that lost its voices or its faces to a failure is left out."""
    heard = {item.id: item for item in voices}
    seen = {item.id: item for item in faces}
    both = sorted(heard.keys() & seen.keys())
    return Appearances(group, tuple(heard[key] for key in both), tuple(seen[key] for key in both))


class Gather(beam.PTransform):
    """Join ``{"voices": …, "faces": …}`` by the group that speakers are recognised across."""

    def expand(self, branches: dict[str, Any]) -> Any:
        """One ``Appearances`` for each group that has any."""
        keyed = {name: items | f"Key {name}" >> beam.Map(_keyed) for name, items in branches.items()}
        joined = keyed | beam.CoGroupByKey()
        return joined | "Join" >> beam.FlatMap(_joined).with_output_types(Appearances)


def _keyed(item: Voices | Faces) -> tuple[str, Voices | Faces]:
    return item.clip.film.group, item


def _joined(item: tuple[str, dict[str, Any]]) -> list[Appearances]:
    group, sides = item
    appearances = gather(group, sides["voices"], sides["faces"])
    return [appearances] if appearances.voices else []

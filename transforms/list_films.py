"""The sources of a build, as a collection: a few stand in the graph; many are read from the list that lies beside the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam

from cinedub import attempts, storage
from schemas import Source

#: So many films may stand in the graph, at about 150 bytes each: Dataflow takes graphs of 10 MB. A longer list is read in so many parts, because not
#: every runner spreads what one element has become (Beam's for Dask doesn't).
FEW = 1_000


class ListFilms(beam.PTransform):
    """The films of the dataset at ``out``, spread over the workers.

    A list with an address that holds a key stays in the graph at any length: keys are never written beside a dataset.
    """

    def __init__(self, films: Sequence[Source], out: Path) -> None:
        super().__init__("Films")
        self.films, self.out = films, out

    def expand(self, pipeline: Any) -> Any:
        """Every source once."""
        if len(self.films) <= FEW or any(storage.shown(film.uri) != film.uri for film in self.films):
            return pipeline | "List" >> beam.Create(self.films, reshuffle=True).with_output_types(Source)
        step = -(-len(self.films) // FEW)
        places = pipeline | "Places" >> beam.Create(range(0, len(self.films), step), reshuffle=True)
        return places | "Read" >> beam.FlatMap(_listed, step, self.out).with_output_types(Source) | "Spread" >> beam.Reshuffle()


def _listed(place: int, step: int, out: Path) -> list[Source]:
    return attempts.sources(out)[place : place + step]

"""One film once, however many paths lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from cinedub import progress
from cinedub.errors import MediaError
from schemas import Failure, Film
from transforms.stage import Losses, failure


class Distinct(beam.PTransform):
    """Keep one film of each content; the others become dead letters with the code PROBE_DUPLICATE."""

    def __init__(self, losses: Losses) -> None:
        super().__init__()
        self.losses = losses

    def expand(self, films: Any) -> Any:
        """Films with different ids."""
        grouped = films | beam.Map(lambda film: (film.id, film)).with_output_types(tuple[str, Film]) | beam.GroupByKey()
        split = grouped | beam.FlatMap(distinct).with_output_types(Any)
        self.losses.lost.append(split | "Lost" >> beam.Filter(isinstance, Failure))
        return split | "Films" >> beam.Filter(isinstance, Film).with_output_types(Film)


def distinct(item: tuple[str, Any]) -> Iterator[Any]:
    """The film whose uri sorts first, and a failure for every other one."""
    first, *others = sorted(item[1], key=lambda film: film.uri)
    yield first
    for film in others:
        error = MediaError("PROBE_DUPLICATE", f"{film.uri}: the same film as {first.uri}; it is built once")
        progress.report("Distinct", "failed", 0, 0, hit=False, out=0)
        yield failure("Probe", film, error)

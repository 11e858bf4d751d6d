"""The end of a graph: small collections, each written as one JSON list, also when it is empty.

All of them go through one last step. Beam's runner for Dask computes what the last step needs and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam

from cinedub import progress, storage
from schemas import codec


class WriteFacts(beam.PTransform):
    """Write ``FOLDER/{name}.json`` for each of the named collections, which must fit into memory together."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def expand(self, facts: dict[str, Any]) -> Any:
        """The folder, when all is written."""
        begin = next(iter(facts.values())).pipeline | "Begin" >> beam.Create([("", ("", None))])
        named = [items | f"Name {name}" >> beam.Map(_named, name) for name, items in facts.items()]
        return (begin, *named) | beam.Flatten() | beam.GroupByKey() | "Write" >> beam.Map(_write, sorted(facts), self.folder)


def _named(item: Any, name: str) -> tuple[str, tuple[str, Any]]:
    return "", (name, item)


def _write(item: tuple[str, Iterable[tuple[str, Any]]], names: list[str], folder: Path) -> str:
    lists: dict[str, list[Any]] = {name: [] for name in ("", *names)}
    for name, fact in item[1]:
        lists[name].append(fact)
    for name in names:
        with progress.fatal("WriteFacts", folder):
            storage.write_atomic(folder / f"{name}.json", codec.encode(lists[name]))
    return str(folder)

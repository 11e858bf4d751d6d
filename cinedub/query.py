"""A dataset looked through: rows of kept and refused clips by what they are. Tables are read batch by batch."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cinedub import storage
from cinedub.dataset import Dataset

KEPT = "kept"
#: What a row says of a clip; a refused one has ``outcome`` (the gate's code), ``value`` and ``threshold`` instead of what was measured.
COLUMNS = (
    "key", "film", "title", "series", "split", "shard", "language", "kind", "emotion", "text", "clue", "start_ms", "end_ms", "speech_ms", "lines",
    "corrections", "overlap_ms", "dnsmos", "snr_db", "asr_confidence", "sync_offset_ms", "sync_confidence", "speaker_ids",
)  # fmt: skip
_REFUSED = ("key", "film", "start_ms", "end_ms", "text", "stage", "code", "value", "threshold")
#: What rows can be sorted by.
ORDERS = ("start_ms", "dnsmos", "snr_db", "asr_confidence", "sync", "overlap_ms", "corrections", "duration_ms")
_BATCH = 16_384


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows: an empty field matches everything. ``film`` is an id or part of a title; ``outcome`` is ``kept`` or a gate's code.

    ``sort`` is one of ``ORDERS``, by film and time when empty; at most ``limit`` rows from ``offset`` on.
    """

    text: str = ""
    film: str = ""
    speaker: str = ""
    kind: str = ""
    emotion: str = ""
    language: str = ""
    split: str = ""
    outcome: str = ""
    sort: str = ""
    descending: bool = False
    offset: int = 0
    limit: int = 60


def find(dataset: Dataset, query: Query) -> tuple[int, list[dict[str, Any]]]:
    """How many rows match, and those that were asked for."""
    wanted = query.offset + query.limit
    total, best = 0, None
    for table in _outcomes(dataset, query):
        table = _titled(dataset, table)
        table = _sortable(table.filter(_matches(table, query)))
        total += len(table)
        best = table if best is None else pa.concat_tables([best, table], promote_options="default")
        if len(best) > max(wanted, _BATCH):
            best = _first(best, query, wanted)
    return total, [] if best is None else _rows(_first(best, query, wanted).slice(query.offset))


def sample(dataset: Dataset, count: int) -> tuple[int, list[dict[str, Any]]]:
    """How many rows there are, kept and refused, and ``count`` of them: the same ones every time, spread evenly over the dataset."""
    total, chosen = 0, None
    for table in _outcomes(dataset, Query()):
        total += len(table)
        draws = [storage.address(key) for key in table["key"].to_pylist()]
        table = _titled(dataset, table.append_column("draw", pa.array(draws, pa.string())))
        chosen = table if chosen is None else pa.concat_tables([chosen, table], promote_options="default")
        chosen = chosen.sort_by("draw").slice(0, count)
    return total, [] if chosen is None else _rows(_first(chosen.drop_columns("draw"), Query(), count))


def refused(dataset: Dataset) -> Iterator[pa.Table]:
    """The clips that a gate refused, in the rows' columns as far as they are known."""
    with pq.ParquetFile(dataset.out / "dropped.parquet") as file:
        for batch in file.iter_batches(_BATCH, columns=list(_REFUSED)):
            table = pa.Table.from_batches([batch])
            yield table.rename_columns(["outcome" if name == "code" else name for name in table.column_names])


@functools.lru_cache(maxsize=8)
def titles(dataset: Dataset) -> dict[str, str]:
    """Film id -> title."""
    found: dict[str, str] = {}
    for table in dataset.batches(("film", "title"), _BATCH):
        distinct = table.group_by(["film", "title"]).aggregate([])
        found |= dict(zip(distinct["film"].to_pylist(), distinct["title"].to_pylist(), strict=True))
    return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


def _titled(dataset: Dataset, table: pa.Table) -> pa.Table:
    if "title" in table.column_names:
        return table
    known = titles(dataset)
    return table.append_column("title", pa.array([known.get(film, film) for film in table["film"].to_pylist()], pa.string()))


def _outcomes(dataset: Dataset, query: Query) -> Iterator[pa.Table]:
    if query.outcome in ("", KEPT):
        for table in dataset.batches(COLUMNS, _BATCH):
            yield table.append_column("outcome", pa.repeat(pa.scalar(KEPT), len(table)))
    unknown = query.speaker or query.kind or query.emotion or query.language or query.split
    if query.outcome != KEPT and not unknown:
        yield from refused(dataset)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]


def _matches(table: pa.Table, query: Query) -> pa.Array:
    mask = np.ones(len(table), bool)
    for name in ("kind", "emotion", "language", "split", "outcome"):
        if wanted := getattr(query, name):
            mask &= _true(pc.equal(table[name], wanted))
    if query.film:
        mask &= _true(pc.equal(table["film"], query.film)) | _contains(table["title"], query.film)
    if query.text:
        mask &= _contains(table["text"], query.text) | _contains(table["key"], query.text)
    if query.speaker:
        column = table["speaker_ids"].combine_chunks()
        hits = pc.list_parent_indices(column).to_numpy()[_true(pc.equal(pc.list_flatten(column), query.speaker))]
        mask &= np.isin(np.arange(len(table)), hits)
    return pa.array(mask)


def _contains(column: pa.ChunkedArray, text: str) -> np.ndarray:
    return _true(pc.match_substring(column, text, ignore_case=True))


def _true(mask: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(mask, False)).astype(bool)


def _sortable(table: pa.Table) -> pa.Table:
    table = table.append_column("duration_ms", pc.subtract(table["end_ms"], table["start_ms"]))
    offset = pc.abs(table["sync_offset_ms"]) if "sync_offset_ms" in table.column_names else pa.nulls(len(table), pa.int64())
    return table.append_column("sync", offset)


def _first(table: pa.Table, query: Query, count: int) -> pa.Table:
    order = [("title", "ascending"), ("film", "ascending"), ("start_ms", "ascending"), ("key", "ascending")]
    if query.sort in ORDERS and query.sort in table.column_names:
        order.insert(0, (query.sort, "descending" if query.descending else "ascending"))
    return table.sort_by(order).slice(0, count)

"""A dataset to look through: rows of kept and refused clips by what they are, records and their members by key.

Tables are read batch by batch and members by their offset, so that a dataset of any size takes the same little memory.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cinedub import shards, storage, untrusted
from schemas.record import MEMBERS, upgrade

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


class Catalogue:
    """A dataset's folder. Only what its tables name is ever opened."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.dataset: dict[str, Any] = json.loads((out / "dataset.json").read_text())

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.Table]:
        """The manifest, a few thousand rows at a time."""
        path = self.out / "manifest.parquet"
        if path.exists():
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_BATCH, columns=list(columns)):
                    yield pa.Table.from_batches([batch])

    def refused(self) -> Iterator[pa.Table]:
        """The clips that a gate refused, in the rows' columns as far as they are known."""
        with pq.ParquetFile(self.out / "dropped.parquet") as file:
            for batch in file.iter_batches(_BATCH, columns=list(_REFUSED)):
                table = pa.Table.from_batches([batch])
                yield table.rename_columns(["outcome" if name == "code" else name for name in table.column_names])

    def find(self, query: Query) -> tuple[int, list[dict[str, Any]]]:
        """How many rows match, and those that were asked for."""
        wanted = query.offset + query.limit
        total, best = 0, None
        for table in self._outcomes(query):
            table = self._titled(table)
            table = _sortable(table.filter(_matches(table, query)))
            total += len(table)
            best = table if best is None else pa.concat_tables([best, table], promote_options="default")
            if len(best) > max(wanted, _BATCH):
                best = _first(best, query, wanted)
        return total, [] if best is None else _rows(_first(best, query, wanted).slice(query.offset))

    def sample(self, count: int) -> tuple[int, list[dict[str, Any]]]:
        """How many rows there are, kept and refused, and ``count`` of them: the same ones every time, spread evenly over the dataset."""
        total, chosen = 0, None
        for table in self._outcomes(Query()):
            total += len(table)
            draws = [storage.address(key) for key in table["key"].to_pylist()]
            table = self._titled(table.append_column("draw", pa.array(draws, pa.string())))
            chosen = table if chosen is None else pa.concat_tables([chosen, table], promote_options="default")
            chosen = chosen.sort_by("draw").slice(0, count)
        return total, [] if chosen is None else _rows(_first(chosen.drop_columns("draw"), Query(), count))

    def _titled(self, table: pa.Table) -> pa.Table:
        if "title" in table.column_names:
            return table
        titles = self.titles()
        return table.append_column("title", pa.array([titles.get(film, film) for film in table["film"].to_pylist()], pa.string()))

    def _outcomes(self, query: Query) -> Iterator[pa.Table]:
        if query.outcome in ("", KEPT):
            for table in self.batches():
                yield table.append_column("outcome", pa.repeat(pa.scalar(KEPT), len(table)))
        unknown = query.speaker or query.kind or query.emotion or query.language or query.split
        if query.outcome != KEPT and not unknown:
            yield from self.refused()

    @functools.cache  # noqa: B019 (a catalogue lives as long as its process)
    def titles(self) -> dict[str, str]:
        """Film id -> title."""
        found: dict[str, str] = {}
        for table in self.batches(("film", "title")):
            distinct = table.group_by(["film", "title"]).aggregate([])
            found |= dict(zip(distinct["film"].to_pylist(), distinct["title"].to_pylist(), strict=True))
        return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))

    @functools.lru_cache(maxsize=4096)  # noqa: B019
    def row(self, key: str) -> dict[str, Any] | None:
        """A kept record's whole row of the manifest; None where there is none."""
        path = self.out / "manifest.parquet"
        rows = pq.read_table(path, filters=[("key", "=", key)]).to_pylist() if path.exists() else []
        return rows[0] if rows and shards.SHARD.fullmatch(rows[0]["shard"]) else None

    def record(self, row: dict[str, Any]) -> dict[str, Any]:
        """The annotations of a row's record, in today's schema."""
        return upgrade(untrusted.json_object(shards.fetch_member(self.out, row, "json"), row["key"]))

    def film(self, film: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Rows and records of a film's kept clips, in order of time."""
        path = self.out / "manifest.parquet"
        rows = pq.read_table(path, filters=[("film", "=", film)]).sort_by("start_ms").to_pylist() if path.exists() else []
        for row in rows:
            if shards.SHARD.fullmatch(row["shard"]):
                yield row, self.record(row)

    def member(self, key: str, name: str) -> tuple[Path, int, int] | None:
        """The shard that holds a member, the member's offset in it and its size; None where there is none."""
        row = self.row(key) if name in MEMBERS else None
        return None if row is None else (self.out / "shards" / f"{row['shard']}.tar", row[f"{name}_offset"], row[f"{name}_bytes"])


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

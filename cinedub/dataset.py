"""A dataset's folder, opened: its facts, its rows, its records and their members. Only what its tables name is ever read.

Rows are read some thousand at a time and members by their offset, so that a dataset of any size takes the same little memory.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinedub import shards, untrusted
from cinedub.errors import UsageError
from schemas.record import MEMBERS, upgrade

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """``facts`` is dataset.json."""

    out: Path
    facts: dict[str, Any] = field(repr=False)

    @property
    def paths(self) -> list[Path]:
        """The shards, in order."""
        return [self.out / shard["uri"] for shard in self.facts["shards"]]

    @property
    def without(self) -> tuple[str, ...]:
        """What was left out when it was made to be shared."""
        return tuple(self.facts.get("without", ()))

    def table(self, *columns: str) -> pa.Table:
        """Columns of the manifest, those that it has; all of them when none is named. No rows where there is no record."""
        import pyarrow.parquet as pq

        from cinedub.manifest import SCHEMA

        path = self.out / "manifest.parquet"
        if not path.exists():
            return SCHEMA.empty_table().select(list(columns) or SCHEMA.names)
        known = pq.read_schema(path).names
        return pq.read_table(path, columns=[name for name in columns if name in known] or None)

    def batches(self, columns: Sequence[str], rows: int = 16_384) -> Iterator[pa.Table]:
        """The same columns, so many rows at a time."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.out / "manifest.parquet"
        if path.exists():
            with pq.ParquetFile(path) as file:
                known = [name for name in columns if name in file.schema_arrow.names]
                for batch in file.iter_batches(rows, columns=known):
                    yield pa.Table.from_batches([batch])

    @functools.lru_cache(maxsize=4096)  # noqa: B019 (a dataset is open as long as its process)
    def row(self, key: str) -> Row | None:
        """A record's whole row of the manifest; None where there is none."""
        return next(iter(self._rows("key", key)), None)

    def find(self, key: str) -> Row:
        """The row of the record whose key is, or begins with, ``key``.

        Raises:
            UsageError: there is none, or more than one.
        """
        import pyarrow.compute as pc

        if row := self.row(key):
            return row
        keys = self.table("key")["key"]
        found = keys.filter(pc.starts_with(keys, pattern=key)).to_pylist()
        if len(found) > 1:
            raise UsageError(f"{key!r} begins {len(found)} keys, for example {found[0]} and {found[1]}; give more of it")
        if found and (row := self.row(found[0])):
            return row
        raise UsageError(f"{self.out}: no record {key!r}; keys are in manifest.parquet, for example {next(iter(keys.to_pylist()), 'none')}")

    def member(self, row: Row, name: str) -> bytes:
        """One member of a row's record; raises as ``shards.fetch_member``."""
        return shards.fetch_member(self.out, row, name)

    def members(self, row: Row, names: Sequence[str] = MEMBERS) -> dict[str, bytes]:
        """The members of a row's record, those that it has; raises as ``shards.fetch_member``."""
        return {name: self.member(row, name) for name in names if row[f"{name}_bytes"] is not None}

    def record(self, row: Row) -> dict[str, Any]:
        """The annotations of a row's record, in today's schema."""
        return upgrade(untrusted.json_object(self.member(row, "json"), row["key"]))

    def film(self, film: str) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Rows and records of a film's clips, in order of time."""
        for row in sorted(self._rows("film", film), key=lambda row: row["start_ms"]):
            yield row, self.record(row)

    def films(self) -> Iterator[list[dict[str, Any]]]:
        """Every film's records in order of time, one film in memory at a time."""
        columns = ("key", "film", "start_ms", "shard", "json_offset", "json_bytes")
        rows = self.table(*columns).sort_by([("film", "ascending"), ("start_ms", "ascending")])
        film: list[dict[str, Any]] = []
        for batch in rows.to_batches(max_chunksize=4096):
            for row in batch.to_pylist():
                if film and film[-1]["film"]["id"] != row["film"]:
                    yield film
                    film = []
                film.append(self.record(row))
        if film:
            yield film

    def annotations(self) -> Iterator[dict[str, Any]]:
        """Every record's JSON, shard by shard, with ``split`` beside."""
        for path, shard in zip(self.paths, self.facts["shards"], strict=True):
            for record in shards.read_annotations(path):
                yield record | {"split": shard["split"]}

    def samples(self) -> Iterator[tuple[str, dict[str, Any], dict[str, bytes]]]:
        """Every record with all its members: split, JSON, members by name."""
        for path, shard in zip(self.paths, self.facts["shards"], strict=True):
            for key, members in shards.read_shard(path):
                if "json" not in members:
                    raise shards.ShardError(f"{path.name}: sample {key!r} has no json")
                yield shard["split"], upgrade(untrusted.json_object(members["json"], f"{path.name}: {key}")), members

    def _rows(self, column: str, value: str) -> list[Row]:
        import pyarrow.parquet as pq

        path = self.out / "manifest.parquet"
        rows = pq.read_table(path, filters=[(column, "=", value)]).to_pylist() if path.exists() else []
        return [row for row in rows if shards.SHARD.fullmatch(row["shard"])]


def load(out: Path) -> Dataset:
    """A finished dataset.

    Raises:
        ShardError: no dataset, or one whose build has not finished.
    """
    shards.shards_in(out)
    return opened(out)


def opened(out: Path) -> Dataset:
    """A dataset whose dataset.json and tables are there, though it may not be finished yet."""
    return Dataset(out, json.loads((out / "dataset.json").read_text()))

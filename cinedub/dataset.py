"""A finished dataset, opened: its facts, its rows, its records one film or one shard at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinedub import shards, untrusted
from cinedub.errors import UsageError
from schemas.record import upgrade

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Dataset:
    """``facts`` is dataset.json; ``paths`` are the shards, in order."""

    out: Path
    facts: dict[str, Any] = field(repr=False)
    paths: list[Path] = field(repr=False)

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

    def films(self) -> Iterator[list[dict[str, Any]]]:
        """Every film's records in order of time, one film in memory at a time."""
        rows = self.table("film", "start_ms", "shard", "json_offset", "json_bytes").sort_by([("film", "ascending"), ("start_ms", "ascending")])
        film: list[dict[str, Any]] = []
        for batch in rows.to_batches(max_chunksize=4096):
            for row in batch.to_pylist():
                if film and film[-1]["film"]["id"] != row["film"]:
                    yield film
                    film = []
                film.append(upgrade(untrusted.json_object(shards.fetch_member(self.out, row, "json"), row["shard"])))
        if film:
            yield film

    def find(self, key: str) -> dict[str, Any]:
        """The manifest's row of the record whose key is, or begins with, ``key``.

        Raises:
            UsageError: there is none, or more than one.
        """
        import pyarrow.compute as pc

        rows = self.table()
        found = rows.filter(pc.starts_with(rows["key"], pattern=key)).to_pylist()
        if len(found) == 1 or (found and found[0]["key"] == key):
            return found[0]
        if found:
            raise UsageError(f"{key!r} begins {len(found)} keys, for example {found[0]['key']} and {found[1]['key']}; give more of it")
        raise UsageError(f"{self.out}: no record {key!r}; keys are in manifest.parquet, for example {next(iter(rows['key'].to_pylist()), 'none')}")


def load(out: Path) -> Dataset:
    """A finished dataset.

    Raises:
        ShardError: no dataset, or one whose build has not finished.
    """
    paths = shards.shards_in(out)
    return Dataset(out, json.loads((out / "dataset.json").read_text()), paths)

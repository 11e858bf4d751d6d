"""Make a dataset out of a dataset: samples go into new shards, one in memory at a time; facts and manifest are read off what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cinedub import commit, manifest, shards, storage, untrusted
from cinedub.dataset import Dataset
from schemas import Shard
from schemas.record import Split, shard_name, upgrade


def made(out: Path, shard: Shard) -> Path:
    """Where a shard lies that was made and not yet put in its place, or else its place."""
    making = out / commit.BUILD / shard.uri
    return making if making.exists() else out / shard.uri


def index(path: Path, split: Split, number: int, part: Path) -> Shard:
    """Read a shard's facts and its part of the manifest off the shard, and write the latter to ``part``."""
    import pyarrow.parquet as pq

    name = shard_name(split, number)
    places = shards.find_members(path)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        rows = []
        for place in (place for place in places if place.member == "json"):
            stream.seek(place.offset)
            record = upgrade(untrusted.json_object(stream.read(place.bytes), f"{path.name}: {place.key}"))
            rows.append((place.key, manifest.scalars(record)))
    pq.write_table(manifest.rows(rows, places, split, name), part)
    return Shard(split, number, f"shards/{name}.tar", len(rows), path.stat().st_size, sha256)


def write(out: Path, split: Split, number: int, samples: Iterable[shards.Sample]) -> Shard:
    """Make one new shard and its part of the manifest, for ``finish`` to put in its place."""
    making = out / commit.BUILD / "shards"
    shards.write_samples(making, split, number, samples)
    name = shard_name(split, number)
    return index(making / f"{name}.tar", split, number, making / f"{name}.parquet")


def keep(out: Path, split: Split, number: int) -> Shard:
    """Take a shard over as it lies in its place."""
    name = shard_name(split, number)
    return index(out / "shards" / f"{name}.tar", split, number, out / commit.BUILD / f"{name}.parquet")


def begin(source: Dataset, target: Path) -> str:
    """Make ``target`` ready for a dataset made from ``source``; returns the settings' text, which ``finish`` wants."""
    settings = (source.out / "settings.toml").read_text()
    commit.begin(target, settings)
    storage.write_atomic(target / commit.BUILD / "dropped.parquet", (source.out / "dropped.parquet").read_bytes())
    return settings


def finish(source: Dataset, target: Path, settings: str, shards: list[Shard], **facts: Any) -> dict[str, Any]:
    """Commit what was made; ``facts`` replace or join those of ``source`` in dataset.json."""
    metrics = json.loads((source.out / "metrics.json").read_text())
    films, film_s = facts.pop("films", source.facts["films"]), facts.pop("film_s", source.facts["film_s"])
    kept = {name: source.facts[name] for name in ("without", "forgotten", "settings_digest") if name in source.facts}
    more = {**kept, "made_from": source.facts["digest"], **facts}
    return commit.finish(target, settings, shards, films, film_s, metrics, source.facts["models"], more)

"""Records to shards: chosen by the key's hash, grouped, sorted, streamed into tars, with a manifest fragment beside each."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam

from cinedub import config, forget, progress, shards, storage
from cinedub.commit import BUILD
from cinedub.errors import MediaError
from cinedub.manifest import write_shard
from schemas import Record, Shard, codec
from schemas.record import Split, shard_name


@dataclasses.dataclass(frozen=True)
class _Note:
    """Which records a shard was made of, so that an unchanged one is not written again."""

    made_of: str
    shard: Shard


class WriteShards(beam.PTransform):
    """Write ``OUT/.build/shards/*.tar``, and a ``.parquet`` beside each; gives the shards' facts. ``commit.finish`` puts them in their place."""

    def __init__(self, settings: config.Pack, out: Path) -> None:
        super().__init__()
        self.settings, self.out = settings, out

    def expand(self, records: Any) -> Any:
        """One ``Shard`` for each tar; what was forgotten in this dataset stays forgotten."""
        if names := forget.remembered(self.out):
            records = records | "Forget" >> beam.Filter(_kept, names)
        sizes = records | "Size" >> beam.Map(lambda record: (record.split, record.bytes)) | "Sum" >> beam.CombinePerKey(sum)
        keyed = records | "Choose" >> beam.Map(choose, beam.pvalue.AsDict(sizes), self.settings.shard_mb).with_output_types(tuple[str, Record])
        return keyed | beam.GroupByKey() | "Write" >> beam.Map(_write, self.out).with_output_types(Shard)


def _kept(record: Record, names: list[dict[str, str]]) -> bool:
    facts = record.scalars
    group = f"series:{facts['series']}" if facts["series"] else f"film:{facts['film']}"
    return not any(forget.named(name, facts["film"], group, set(facts["speaker_ids"])) for name in names)


def choose(record: Record, sizes: dict[str, int], shard_mb: int) -> tuple[str, Record]:
    """The name of a record's shard, and the record; ``sizes`` are bytes by split."""
    count = max(1, math.ceil(sizes[record.split] / (shard_mb << 20)))
    return shard_name(record.split, shards.shard_of(record.key, count)), record


def _write(item: tuple[str, Iterable[Record]], out: Path) -> Shard:
    name, records = item
    _, split, index = name.rsplit("-", 2)
    with progress.fatal("WriteShards", out):
        return write(out, split, int(index), sorted(records, key=lambda record: record.key))  # type: ignore[arg-type]


def write(out: Path, split: Split, index: int, records: list[Record]) -> Shard:
    """Write one shard and its manifest fragment into ``OUT/.build/shards``, or find that it is there already, or in its place, made of the same
    records."""
    name, made_of = shard_name(split, index), storage.address(codec.encode(records))
    build, making = out / BUILD, out / BUILD / "shards"
    if known := _known(build / f"{name}.json", out / "shards" / f"{name}.tar", made_of):
        for other in making.glob(f"{name}.*"):
            other.unlink()
        return known
    if known := _known(making / f"{name}.json", making / f"{name}.tar", made_of):
        return known
    (making / f"{name}.json").unlink(missing_ok=True)
    shard = write_shard(making, split, index, records)
    storage.write_atomic(making / f"{name}.json", codec.encode(_Note(made_of, shard)))
    return shard


def _known(note: Path, tar: Path, made_of: str) -> Shard | None:
    """The facts of a shard that is there, made of these records."""
    if not note.exists() or not tar.exists():
        return None
    known = codec.decode(note.read_bytes(), _Note)
    try:
        return known.shard if known.made_of == made_of and storage.content_digest(tar) == known.shard.sha256 else None
    except MediaError:  # it can't be read
        return None

"""A dataset's tables: one row per record, and one per clip that was refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cinedub import shards, storage
from cinedub.shards import Place
from schemas import Dropped, Record, Shard, Span, union
from schemas.record import MEMBERS, Split, shard_name

SCHEMA = pa.schema(
    [("key", pa.string()), ("split", pa.string()), ("shard", pa.string())]
    + [(f"{name}_{fact}", pa.int64()) for name in MEMBERS for fact in ("offset", "bytes")]
    + [(name, pa.string()) for name in ("film", "title", "series", "language", "kind", "text", "emotion", "clue")]
    + [(name, pa.int64()) for name in ("start_ms", "end_ms", "lines", "speakers", "overlap_ms", "sync_offset_ms", "corrections", "speech_ms")]
    + [(name, pa.float64()) for name in ("dnsmos", "snr_db", "asr_confidence", "sync_confidence")]
    + [(name, pa.list_(pa.string())) for name in ("speaker_ids", "speaker_genders", "speaker_ages")]
    + [("speaker_ms", pa.list_(pa.int64()))]
)
DROPPED = pa.schema(
    [
        ("key", pa.string()), ("film", pa.string()), ("start_ms", pa.int64()), ("end_ms", pa.int64()), ("stage", pa.string()),
        ("code", pa.string()), ("value", pa.float64()), ("threshold", pa.float64()), ("text", pa.string()),
    ]
)  # fmt: skip


def write_shard(folder: Path, split: Split, index: int, records: list[Record]) -> Shard:
    """Write a shard and, beside it, its rows of the manifest; raises as ``shards.write_shard``."""
    shard, places = shards.write_shard(folder, split, index, records)
    name = shard_name(split, index)
    pq.write_table(manifest(records, places, name), folder / f"{name}.parquet")
    storage.to_disk(folder / f"{name}.parquet")
    return shard


def manifest(records: list[Record], places: list[Place], shard: str) -> pa.Table:
    """One row per record: key, split, shard, each member's offset and size, the JSON's scalars."""
    return rows([(record.key, record.scalars) for record in records], places, records[0].split if records else "", shard)


def rows(records: list[tuple[str, dict[str, Any]]], places: list[Place], split: str, shard: str) -> pa.Table:
    """The rows of a shard's records, given as key and scalars."""
    found: dict[str, dict[str, Any]] = {key: {"key": key, "split": split, "shard": shard, **facts} for key, facts in records}
    for place in places:
        found[place.key] |= {f"{place.member}_offset": place.offset, f"{place.member}_bytes": place.bytes}
    return pa.Table.from_pylist([found[key] for key in sorted(found)], SCHEMA)


def scalars(record: dict[str, Any]) -> dict[str, Any]:
    """The manifest's columns out of a record's JSON."""
    quality = record["quality"]
    sync = quality["sync"] or {"offset_ms": None, "confidence": None}
    said = Counter[str]()
    for turn in record["turns"]:
        said[turn["speaker"]] += turn["end_ms"] - turn["start_ms"]
    return {
        "film": record["film"]["id"], "title": record["film"]["title"], "series": record["film"]["series"],
        "start_ms": record["span_ms"][0], "end_ms": record["span_ms"][1], "language": record["language"], "kind": record["kind"],
        "lines": len(record["lines"]), "speakers": len(record["speakers"]), "text": " ".join(line["text"] for line in record["lines"]),
        "emotion": record["emotion"]["label"], "clue": record["clue"], "dnsmos": quality["dnsmos"], "snr_db": quality["snr_db"],
        "asr_confidence": quality["asr_confidence"], "overlap_ms": quality["overlap_ms"], "sync_offset_ms": sync["offset_ms"],
        "sync_confidence": sync["confidence"], "corrections": len(record["corrections"]),
        "speech_ms": sum(span.duration for span in union(Span(turn["start_ms"], turn["end_ms"]) for turn in record["turns"])),
        "speaker_ids": [speaker["id"] for speaker in record["speakers"]],
        "speaker_genders": [speaker["gender"] for speaker in record["speakers"]],
        "speaker_ages": [speaker["age"] for speaker in record["speakers"]],
        "speaker_ms": [said[speaker["id"]] for speaker in record["speakers"]],
    }  # fmt: skip


def write_dropped(clips: list[Dropped], path: Path) -> None:
    """The table of refused clips; an empty one when nothing was refused."""
    rows = [
        {
            "key": clip.key, "film": clip.film, "start_ms": clip.span.start, "end_ms": clip.span.end, "stage": clip.stage, "code": clip.code,
            "value": clip.value, "threshold": clip.threshold, "text": clip.text,
        }
        for clip in clips
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, DROPPED), path)
    storage.to_disk(path)

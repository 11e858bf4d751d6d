"""Re-read a dataset, without trust, and check every promise of its records."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np

from cinedub import display, media, shards, share, untrusted
from cinedub.errors import CinedubError
from schemas import Age, EmotionLabel, Gender, Kind
from schemas.record import MEMBERS, SPLITS, upgrade

_KEY = re.compile(r"[a-z0-9_-]+")
_FACE_SHAPES = {
    "track": "NT", "box": "NT4", "landmarks": "NTP3", "blendshapes": "NTB", "embedding": "NE", "speaking": "NT", "pts_ms": "T",
}  # fmt: skip
_LIP_SHAPES = {"crops": "NTYY", "points": "NTL2", "aperture": "NT"}
_FIXED = {"4": 4, "P": 478, "3": 3, "B": 52, "Y": 96, "2": 2}


@dataclass
class Report:
    """What was read, and every promise that is broken, in one line each."""

    records: int = 0
    shards: int = 0
    faults: list[str] = field(default_factory=list)


def validate(out: Path, quiet: bool = False) -> Report:
    """Check a finished dataset: files, digests, members, lengths, times, ids, splits, manifest.

    Raises:
        ShardError: no finished dataset at ``out``.
    """
    shards.shards_in(out)
    dataset = json.loads((out / "dataset.json").read_text())
    report, seen, groups = Report(shards=len(dataset["shards"])), dict[str, str](), dict[str, set[str]]()
    for name in ("manifest.parquet", "dropped.parquet", "settings.toml", "metrics.json", "report.html"):
        if not (out / name).exists() and not (name == "manifest.parquet" and not dataset["shards"]):
            report.faults.append(f"{name} is missing")
    for facts in display.steps(dataset["shards"], len(dataset["shards"]), "reading shards", quiet):
        path = out / facts["uri"]
        if not path.exists():
            report.faults.append(f"{facts['uri']} is missing")
            continue
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != facts["sha256"]:
                report.faults.append(f"{facts['uri']}: its sha256 is not the one in dataset.json")
        last = ""
        for key, sample in _samples(path, report):
            report.records += 1
            if key <= last or key in seen:
                report.faults.append(f"{key}: out of order, or twice")
            last, seen[key] = key, facts["split"]
            try:
                found = list(check(key, sample, facts, tuple(dataset.get("without", ()))))
                record = untrusted.json_object(sample["json"], "json")
                groups.setdefault(record["film"]["series"] or record["film"]["id"], set()).add(facts["split"])
            except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, CinedubError) as error:
                found = [f"unreadable: {type(error).__name__}: {error}"]
            report.faults += [f"{key}: {fault}" for fault in found]
    report.faults += [f"film or series {group} is in several splits: {sorted(splits)}" for group, splits in groups.items() if len(splits) > 1]
    if report.records != dataset["records"]:
        report.faults.append(f"dataset.json says {dataset['records']} records, the shards hold {report.records}")
    report.faults += _manifest(out, seen)
    return report


def _samples(path: Path, report: Report) -> Iterator[tuple[str, dict[str, bytes]]]:
    try:
        yield from shards.read_shard(path)
    except shards.ShardError as error:
        report.faults.append(str(error))


def check(key: str, sample: dict[str, Any], shard: dict[str, Any], without: tuple[str, ...] = ()) -> Iterator[str]:
    """The broken promises of one sample, in words; ``without`` are the parts that its dataset was left without."""
    gone = {name for part in without for name in share.PARTS[part][0]}
    missing = [name for name in MEMBERS if name not in sample and name not in gone]
    if missing:
        yield f"members are missing: {', '.join(missing)}"
        return
    if not _KEY.fullmatch(key):
        yield "a key is made of a-z, 0-9, _ and -"
    record = upgrade(untrusted.json_object(sample["json"], "json"))
    start, end = record["span_ms"]
    duration = end - start
    if record["key"] != key or key != f"{record['film']['id']}-{start:09d}-{end:09d}":
        yield "the key is not {film}-{start_ms}-{end_ms}"
    if not 1000 <= duration <= 30_000:
        yield f"lasts {duration} ms; clips are 1 to 30 s"
    if shard["split"] not in SPLITS:
        yield f"unknown split {shard['split']}"
    yield from _annotations(record, duration)
    for name, rate in (("vocals.flac", 24_000), ("background.flac", None), ("mix.flac", None)):
        if name not in gone:
            yield from _sound(name, sample[name], rate, duration)
    if "mp4" not in gone:
        yield from _video(sample["mp4"], duration)
    frames = round(duration / 40)
    faces, lips = (untrusted.arrays(sample[name], name) for name in ("faces.npz", "lips.npz"))
    sizes = {"T": frames, **_FIXED}
    for name, arrays, promised in (("faces.npz", faces, _FACE_SHAPES), ("lips.npz", lips, _LIP_SHAPES)):
        empty = {array for part in without for array in share.PARTS[part][1].get(name, ())}
        yield from _shapes(name, arrays, {array: axes for array, axes in promised.items() if array not in empty}, sizes)
        yield from (f"{name}: {array} should be empty" for array in sorted(empty) if arrays[array].size)
    for speaker in record["speakers"]:
        if speaker["face"] is not None and not 0 <= speaker["face"] < sizes.get("N", 0):
            yield f"speaker {speaker['id']} has face {speaker['face']}, there are {sizes.get('N', 0)}"


def _annotations(record: dict[str, Any], duration: int) -> Iterator[str]:
    if record["kind"] not in get_args(Kind):
        yield f"unknown kind {record['kind']!r}"
    if record["language"] not in ("en", "zh"):
        yield f"unknown language {record['language']!r}"
    speakers = {speaker["id"]: speaker for speaker in record["speakers"]}
    for speaker in speakers.values():
        if speaker["age"] not in get_args(Age) or speaker["gender"] not in get_args(Gender):
            yield f"speaker {speaker['id']}: age {speaker['age']!r}, gender {speaker['gender']!r}"
    for name in ("lines", "turns", "asr_turns"):
        last = 0
        for item in record[name]:
            if not 0 <= item["start_ms"] < item["end_ms"] <= duration:
                yield f"{name}: [{item['start_ms']}, {item['end_ms']}) is not inside the clip's {duration} ms"
            if item["start_ms"] < last:
                yield f"{name} are not in order of time"
            last = item["start_ms"]
            if item["speaker"] not in speakers:
                yield f"{name}: unknown speaker {item['speaker']!r}"
    for line in record["lines"]:
        for word in line["words"]:
            if not line["start_ms"] <= word["start_ms"] <= word["end_ms"] <= line["end_ms"]:
                yield f"word {word['text']!r} lies outside its line"
    for emotion in (record["emotion"], *(line["emotion"] for line in record["lines"])):
        if emotion["label"] not in get_args(EmotionLabel) or not 0 <= emotion["confidence"] <= 1:
            yield f"emotion {emotion}"
    edges = [0, *(shot[1] for shot in record["shots_ms"])]
    if [shot[0] for shot in record["shots_ms"]] != edges[:-1] or edges[-1] != duration:
        yield "the shots don't tile the clip"


def _sound(name: str, data: bytes, rate: int | None, duration: int) -> Iterator[str]:
    import soundfile

    with soundfile.SoundFile(io.BytesIO(data)) as file:
        if rate is not None and (file.samplerate != rate or file.channels != 1):
            yield f"{name}: {file.samplerate} Hz, {file.channels} channels; {rate} Hz mono is promised"
        if abs(len(file) - duration * file.samplerate / 1000) > 1:
            yield f"{name}: {len(file)} samples for {duration} ms at {file.samplerate} Hz"


def _video(data: bytes, duration: int) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(data)
        file.flush()
        streams = media.probe(Path(file.name))["streams"]
    kinds = [stream["codec_type"] for stream in streams]
    if kinds != ["video"] or streams[0]["codec_name"] != "h264":
        yield f"mp4 holds {[stream.get('codec_name') for stream in streams]}; silent H.264 is promised"
        return
    if streams[0]["avg_frame_rate"] != "25/1" or int(streams[0]["nb_frames"]) != round(duration / 40):
        yield f"mp4: {streams[0]['nb_frames']} frames at {streams[0]['avg_frame_rate']}; {round(duration / 40)} at 25 are promised"


def _shapes(name: str, arrays: dict[str, np.ndarray], promised: dict[str, str], sizes: dict[str, int]) -> Iterator[str]:
    for key, axes in promised.items():
        if key not in arrays:
            yield f"{name} lacks {key}"
            continue
        shape = arrays[key].shape
        wanted = tuple(sizes.setdefault(axis, size) for axis, size in zip(axes, shape, strict=False))
        if len(shape) != len(axes) or shape != wanted:
            yield f"{name}: {key} is {shape}, {wanted} is promised"


def _manifest(out: Path, seen: dict[str, str]) -> Iterator[str]:
    import pyarrow.parquet as pq

    if not (out / "manifest.parquet").exists():
        return
    rows = pq.read_table(out / "manifest.parquet").to_pylist()
    if {row["key"]: row["split"] for row in rows} != seen:
        yield "manifest.parquet and the shards hold different keys or splits"
    for row in rows[:: max(1, len(rows) // 50)]:
        if untrusted.json_object(shards.fetch_member(out, row, "json"), row["key"])["key"] != row["key"]:
            yield f"{row['key']}: the manifest's offset doesn't lead to its json"

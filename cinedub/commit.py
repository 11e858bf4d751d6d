"""Finish a dataset: manifests, counts, digests, report, and last of all ``_SUCCESS``."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cinedub import __version__, config, report, storage
from cinedub.errors import UsageError
from schemas import Shard, codec

SUCCESS = "_SUCCESS"


def begin(out: Path, settings: config.Settings | str) -> None:
    """Make ``out`` ready for a dataset made with ``settings`` (those of a build, or any as TOML): from here on it is unfinished until ``finish``.

    Raises:
        UsageError: the folder holds something that is no dataset of ours.
        StorageError: nothing can be written there.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; --out names a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "settings.toml").exists():
        raise UsageError(f"{out}: is not empty and holds no dataset; name another folder with --out")
    try:
        (out / ".build").mkdir(parents=True, exist_ok=True)
        (out / SUCCESS).unlink(missing_ok=True)
        for letters in (out / "failures").glob("*.jsonl"):
            letters.unlink()
        (out / "dropped.parquet").unlink(missing_ok=True)
        (out / "failures").mkdir(exist_ok=True)
        storage.write_atomic(out / "settings.toml", _toml(settings).encode())
    except OSError as error:
        raise storage.storage_error(error, out) from error


def finish(
    out: Path,
    settings: config.Settings | str,
    shards: list[Shard],
    films: int,
    film_s: float,
    metrics: dict[str, Any],
    models: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Commit the dataset: manifest.parquet, dataset.json, metrics.json, report.html, then ``_SUCCESS``. Returns dataset.json.

    ``models`` are the digests of the models used, by role; when not given, those that the build's settings name.
    """
    import pyarrow.parquet as pq

    try:
        shards = sorted(shards, key=lambda shard: shard.id)
        rows = _manifest(out, shards)
        dropped = pq.read_table(out / "dropped.parquet", columns=["code"])["code"].to_pylist()
        failures = {path.stem: sum(1 for _ in path.open("rb")) for path in sorted((out / "failures").glob("*.jsonl"))}
        dataset = {
            "schema": 1,
            "code": __version__,
            "films": films,
            "film_s": film_s,
            "records": len(rows),
            "media_s": sum(row["end_ms"] - row["start_ms"] for row in rows) / 1000,
            "speech_s": sum(row["speech_ms"] for row in rows) / 1000,
            "kinds": Counter(row["kind"] for row in rows),
            "languages": Counter(row["language"] for row in rows),
            "splits": Counter(row["split"] for row in rows),
            "speakers": len({(row["series"] or row["film"], speaker) for row in rows for speaker in row["speaker_ids"]}),
            "dropped": Counter(dropped),
            "failures": failures,
            "shards": codec.builtins(shards),
            "digest": hashlib.sha256("".join(shard.sha256 for shard in shards).encode()).hexdigest(),
            "settings_digest": hashlib.sha256(_toml(settings).encode()).hexdigest(),
            "models": _models(settings) if models is None else models,
        }
        _remove_stale(out, {shard.uri for shard in shards})
        for name, value in (("dataset.json", dataset), ("metrics.json", metrics)):
            storage.write_atomic(out / name, json.dumps(value, indent=1, sort_keys=True).encode())
        report.write(out)
        storage.write_atomic(out / SUCCESS, b"")
    except OSError as error:
        raise storage.storage_error(error, out) from error
    return dataset


def _manifest(out: Path, shards: Iterable[Shard]) -> list[dict[str, Any]]:
    """Join the shards' manifest fragments, one row group each; returns the columns that the counts need."""
    import pyarrow.parquet as pq

    columns = ["split", "start_ms", "end_ms", "speech_ms", "kind", "language", "film", "title", "series", "speaker_ids", "text", "key"]
    rows: list[dict[str, Any]] = []
    beside, writer = out / ".build" / "manifest.part", None
    for shard in shards:
        table = pq.read_table(out / ".build" / f"{shard.id}.parquet")
        writer = writer or pq.ParquetWriter(beside, table.schema)
        writer.write_table(table)
        rows += table.select(columns).to_pylist()
    if writer is None:
        (out / "manifest.parquet").unlink(missing_ok=True)
        return rows
    writer.close()
    beside.replace(out / "manifest.parquet")
    return rows


def _remove_stale(out: Path, kept: set[str]) -> None:
    """Shards of an earlier build in this folder that this one did not make."""
    for path in (out / "shards").glob("cinedub-*.tar"):
        if f"shards/{path.name}" not in kept:
            path.unlink()
            for note in (out / ".build").glob(f"{path.stem}.*"):
                note.unlink()


def _toml(settings: config.Settings | str) -> str:
    return settings if isinstance(settings, str) else config.dump(settings)


def _models(settings: config.Settings | str) -> dict[str, str]:
    from dataclasses import fields

    from cinedub import backends

    nodes = [] if isinstance(settings, str) else [getattr(settings, field.name) for field in fields(settings)]
    return {role: backends.digest(role, model) for node in nodes for role, model in config.models(node).items()}

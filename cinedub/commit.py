"""Finish a dataset: manifests, counts, digests, report, and last of all ``_SUCCESS``."""

from __future__ import annotations

import hashlib
import html
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cinedub import __version__, config, storage
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
        storage.write_atomic(out / "report.html", report(dataset, metrics, rows).encode())
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


def report(dataset: dict[str, Any], metrics: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """A self-contained page: what went in, what was kept, what was lost and where. Everything shown is escaped."""
    funnel = [
        ("films", dataset["films"]),
        ("film seconds", f"{dataset['film_s']:.1f}"),
        ("clips", dataset["records"]),
        ("kept seconds", f"{dataset['media_s']:.1f}"),
    ]
    funnel += [(f"dropped: {code}", count) for code, count in dataset["dropped"].items()]
    funnel += [(f"failed in {stage}", count) for stage, count in dataset["failures"].items()]
    stages = [
        (name, facts["done"], facts["failed"], facts["cached"], f"{facts['media_s']:.1f}", f"{facts['busy_s']:.1f}")
        for name, facts in metrics["stages"].items()
    ]
    clips = [(row["title"], _seconds(row), row["kind"], ", ".join(row["speaker_ids"]), row["text"]) for row in rows[:2000]]
    return _PAGE.format(
        funnel=_table(("", ""), funnel),
        stages=_table(("stage", "done", "failed", "from cache", "film s", "busy s"), stages),
        clips=_table(("film", "seconds", "kind", "speakers", "text"), clips),
        shown=len(clips),
        total=len(rows),
    )


def _seconds(row: dict[str, Any]) -> str:
    return f"{row['start_ms'] / 1000:.2f}–{row['end_ms'] / 1000:.2f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    cells = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>CineDub build</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }}
body {{ max-width: 72rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; margin-bottom: 2rem }}
td, th {{ border-bottom: 1px solid #8884; padding: .25rem .75rem; text-align: left; vertical-align: top }}
</style></head><body>
<h1>CineDub build</h1>
<h2>From film to clips</h2>{funnel}
<h2>Stages</h2>{stages}
<h2>Clips ({shown} of {total})</h2>{clips}
</body></html>
"""

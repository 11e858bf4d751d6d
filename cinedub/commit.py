"""Begin and finish a dataset: what is made lies in ``OUT/.build`` until all is there, and ``_SUCCESS`` is written last of all."""

from __future__ import annotations

import fcntl
import hashlib
import html
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cinedub import __version__, cache, config, storage
from cinedub.errors import UsageError
from schemas import Review, Shard, codec

SUCCESS = "_SUCCESS"
BUILD = ".build"
#: What the graph's last step writes there.
FACTS = ("films", "shards", "losses")
#: What a finished dataset was made of (``cinedub.outcome``).
MADE_OF = "made-of.json"
#: What people put beside a dataset, which its next build heeds: their edits, and what was forgotten.
EDITS, FORGOTTEN = "edits/edits.jsonl", "forgotten.json"


@contextmanager
def at_work(out: Path) -> Iterator[None]:
    """Hold ``out`` while a dataset is made in it.

    Raises:
        UsageError: somebody else is at work there, or the folder holds something that is no dataset of ours.
        StorageError: nothing can be written there.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; --out names a folder")
    if out.is_dir() and {path.name for path in out.iterdir()} - {BUILD} and not (out / "settings.toml").exists():
        raise UsageError(f"{out}: is not empty and holds no dataset; name another folder with --out")
    try:
        (out / BUILD).mkdir(parents=True, exist_ok=True)
        lock = (out / BUILD / "lock").open("wb")
    except OSError as error:
        raise storage.storage_error(error, out) from error
    with lock:
        for patience in (0.1, 0.3, None):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if patience is None:
                    raise UsageError(f"{out}: another build is at work here; wait for it, or name another folder with --out") from error
                time.sleep(patience)  # it may be somebody who only asks whether anybody is at work
        yield


def held(out: Path) -> bool:
    """Whether a build is at work in ``out`` (on this machine, or one that shares its file locks)."""
    try:
        with (out / BUILD / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def begin(out: Path, settings: config.Settings | str) -> None:
    """Make ``out`` ready for a dataset made with ``settings`` (those of a build, or any as TOML).

    Everything is made in ``OUT/.build``; a dataset that is there already stays whole until ``finish`` puts the new one in its place.

    Raises:
        StorageError: nothing can be written there.
    """
    try:
        build = out / BUILD
        build.mkdir(parents=True, exist_ok=True)
        cache.begun(out)
        cache.remove_leftovers(out, time.time())
        for folder in build.glob("progress-*/"):
            shutil.rmtree(folder)
        for path in (*build.glob("failures/*.jsonl"), build / "dropped.parquet", build / MADE_OF, *(build / f"{name}.json" for name in FACTS)):
            path.unlink(missing_ok=True)
        (build / "failures").mkdir(exist_ok=True)
        (build / "shards").mkdir(exist_ok=True)
        storage.check_space(build)
        storage.write_atomic(build / "settings.toml", _toml(settings).encode())
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
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Commit the dataset: shards, manifest.parquet, dataset.json, metrics.json, report.html, then ``_SUCCESS``. Returns dataset.json.

    ``models`` are the digests of the models used, by role; when not given, those that the build's settings name. ``more`` joins dataset.json.
    """
    import pyarrow.parquet as pq

    from cinedub import overlay

    build = out / BUILD
    try:
        shards = sorted(shards, key=lambda shard: shard.id)
        said = overlay.read(out)
        counts = _manifest(out, shards, set(said))
        dropped = pq.read_table(build / "dropped.parquet", columns=["code"])["code"].value_counts().to_pylist()
        failures = {path.stem: sum(1 for _ in path.open("rb")) for path in sorted((build / "failures").glob("*.jsonl"))}
        dataset = {
            "schema": 1,
            "code": __version__,
            "films": films,
            "film_s": film_s,
            "records": counts.records,
            "media_s": counts.media_ms / 1000,
            "speech_s": counts.speech_ms / 1000,
            "kinds": counts.by["kind"],
            "languages": counts.by["language"],
            "splits": counts.by["split"],
            "speakers": len(counts.speakers),
            "dropped": {row["values"]: row["counts"] for row in dropped},
            "failures": failures,
            "shards": codec.builtins(shards),
            "digest": hashlib.sha256("".join(shard.sha256 for shard in shards).encode()).hexdigest(),
            "settings_digest": _settings_digest(settings),
            "models": _models(settings) if models is None else models,
            "edits": _edits(out, said, counts.keys),
            **(more or {}),
        }
        for name, value in (("dataset.json", dataset), ("metrics.json", metrics)):
            storage.write_atomic(build / name, json.dumps(value, indent=1, sort_keys=True).encode())
        _put_in_place(out, shards)
        _page(out)
        storage.write_atomic(out / SUCCESS, b"")
        cache.finished(out)
    except OSError as error:
        raise storage.storage_error(error, out) from error
    return dataset


@dataclass
class _Counts:
    """What dataset.json tells of the records, counted shard by shard: a dataset may have more than memory holds."""

    records: int = 0
    media_ms: int = 0
    speech_ms: int = 0
    by: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in ("kind", "language", "split")})
    speakers: set[tuple[str, str]] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def add(self, table: Any, reviewed: set[str]) -> None:
        """One shard's manifest; of keys, those that people have ``reviewed`` are kept."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self.records += table.num_rows
        self.media_ms += pc.sum(pc.subtract(table["end_ms"], table["start_ms"])).as_py() or 0
        self.speech_ms += pc.sum(table["speech_ms"]).as_py() or 0
        for name, counter in self.by.items():
            counter.update({row["values"]: row["counts"] for row in pc.value_counts(table[name]).to_pylist()})
        for row in table.select(["series", "film", "speaker_ids"]).to_pylist():
            self.speakers.update((row["series"] or row["film"], speaker) for speaker in row["speaker_ids"])
        if reviewed:
            self.keys.update(table["key"].filter(pc.is_in(table["key"], pa.array(sorted(reviewed)))).to_pylist())


def _manifest(out: Path, shards: Iterable[Shard], reviewed: set[str]) -> _Counts:
    """Join the shards' manifest fragments, one row group each, and count."""
    import pyarrow.parquet as pq

    counts = _Counts()
    target = out / BUILD / "manifest.parquet"
    target.unlink(missing_ok=True)
    beside, writer = storage.temporary(target), None
    for shard in shards:
        made = out / BUILD / "shards" / f"{shard.id}.parquet"
        table = pq.read_table(made if made.exists() else out / BUILD / f"{shard.id}.parquet")
        writer = writer or pq.ParquetWriter(beside, table.schema)
        writer.write_table(table)
        counts.add(table, reviewed)
    if writer is not None:
        writer.close()
        storage.to_disk(beside)
        beside.replace(target)
    return counts


def _put_in_place(out: Path, shards: list[Shard]) -> None:
    """Rename what was made into its place, the parts before what tells of them; from here on a killed build is finished by the next one."""
    build = out / BUILD
    (out / SUCCESS).unlink(missing_ok=True)
    (build / "settings.toml").replace(out / "settings.toml")  # first: it says that the folder is ours
    (out / "shards").mkdir(exist_ok=True)
    (out / "failures").mkdir(exist_ok=True)
    for shard in shards:
        if (made := build / "shards" / f"{shard.id}.tar").exists():
            (build / f"{shard.id}.json").unlink(missing_ok=True)
            made.replace(out / "shards" / made.name)
            storage.note_digest(out / "shards" / made.name, shard.sha256)
            for note in (f"{shard.id}.parquet", f"{shard.id}.json"):  # the latter says that the shard is whole
                if (build / "shards" / note).exists():
                    (build / "shards" / note).replace(build / note)
    for tar in (out / "shards").glob("cinedub-*.tar"):
        if tar.stem not in {shard.id for shard in shards}:
            for stale in (*build.glob(f"{tar.stem}.*"), tar):
                stale.unlink()
    for letters in (out / "failures").glob("*.jsonl"):
        letters.unlink()
    if not shards:
        (out / "manifest.parquet").unlink(missing_ok=True)
    names = ["manifest.parquet", "dropped.parquet", "metrics.json", "dataset.json"]
    for name in [*(f"failures/{path.name}" for path in (build / "failures").glob("*.jsonl")), *names]:
        if (build / name).exists():
            (build / name).replace(out / name)
    shutil.rmtree(build / "shards")


def _page(out: Path) -> None:
    """The page to look at. A dataset is whole without one: what went wrong with it is told in its place."""
    from cinedub import report

    try:
        report.write(out)
    except OSError:
        raise
    except Exception as error:
        told = html.escape(f"{type(error).__name__}: {error}")
        page = f"<!doctype html><meta charset=utf-8><title>CineDub</title><p>The dataset is whole. This page could not be made: {told}"
        storage.write_atomic(out / "report.html", page.encode())


def _edits(out: Path, said: dict[str, tuple[Review, ...]], kept: set[str]) -> dict[str, int]:
    """How many edits people made, and how many are of clips that this build neither kept nor refused."""
    import pyarrow.parquet as pq

    known = kept | set(pq.read_table(out / BUILD / "dropped.parquet", columns=["key"])["key"].to_pylist()) if said else kept
    return {"said": sum(map(len, said.values())), "lost": sum(len(reviews) for key, reviews in said.items() if key not in known)}


def _toml(settings: config.Settings | str) -> str:
    return settings if isinstance(settings, str) else config.dump(settings)


def _settings_digest(settings: config.Settings | str) -> str:
    """Of the settings that decide what comes out, wherever it is made."""
    decisive = settings.encode() if isinstance(settings, str) else codec.encode(config.decisive(settings))
    return hashlib.sha256(decisive).hexdigest()


def _models(settings: config.Settings | str) -> dict[str, str]:
    from dataclasses import fields

    from cinedub import backends

    nodes = [] if isinstance(settings, str) else [getattr(settings, field.name) for field in fields(settings)]
    return {role: backends.digest(role, model) for node in nodes for role, model in config.models(node).items()}

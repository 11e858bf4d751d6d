"""How a build ended, and whether the same command would end so again: then it ends at once, and neither Beam nor a model is loaded.

OUT/.build/made-of.json   what the dataset was made of, and which files it is

A dataset is made of films, settings, models, this code, and what people said of it. A film counts as the same where its digest is remembered
(``storage.known_digest``); nothing is read to find out. Where anything is in doubt the build runs, and takes what it can from the stage cache.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cinedub import backends, commit, config, storage
from cinedub.errors import CinedubError
from schemas import Source, codec

_CODE = ("schemas", "cinedub", "transforms", "pipelines")
_FILES = ("manifest.parquet", "dropped.parquet", "dataset.json", "metrics.json", "settings.toml", "report.html", commit.SUCCESS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """dataset.json, metrics.json and the dead letters."""

    dataset: dict[str, Any]
    metrics: dict[str, Any]
    letters: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _MadeOf:
    """The address of what a dataset was made of, and the version of each of its files, None for one that it has not."""

    address: str
    files: dict[str, tuple[int, int, int] | None]


def keep(out: Path, films: Sequence[Source], settings: config.Settings, made: Outcome) -> None:
    """Remember what the finished dataset at ``out`` was made of, if the same build could give nothing else.

    A build with dead letters could, or with results that another try may better, and so could one whose films changed meanwhile.
    """
    stages = made.metrics["stages"].values()
    settled = all("cpu_s" in facts and "not_kept" not in facts.get("noted", {}) for facts in stages)  # runners without metrics don't tell
    seen = {film for film, _ in codec.decode((out / commit.BUILD / "films.json").read_bytes(), list[tuple[str, int]])}
    if made.letters or not settled or {(storage.known_digest(film.uri) or "")[:16] for film in films} != seen:
        return
    names = [*_FILES, *(shard["uri"] for shard in made.dataset["shards"])]
    note = _MadeOf(_address(out, films, settings), {name: _version(out / name) for name in names})
    storage.write_atomic(out / commit.BUILD / commit.MADE_OF, codec.encode(note))


def known(out: Path, films: Sequence[Source], settings: config.Settings) -> Outcome | None:
    """How a build of these films ended here, where another one would give what is there; None where it must run to know."""
    try:
        note = codec.decode((out / commit.BUILD / commit.MADE_OF).read_bytes(), _MadeOf)
        if note.address != _address(out, films, settings) or any(_version(out / name) != was for name, was in note.files.items()):
            return None
        return Outcome(json.loads((out / "dataset.json").read_bytes()), json.loads((out / "metrics.json").read_bytes()), [])
    except (OSError, msgspec.DecodeError, CinedubError):  # whatever is wrong, the build will tell
        return None


def _address(out: Path, films: Sequence[Source], settings: config.Settings) -> str:
    nodes = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    models = {name: [backends.digest(role, model) for role, model in config.models(node).items()] for name, node in nodes.items()}
    digests = [storage.known_digest(film.uri) for film in films]
    said = [path.read_bytes() if (path := out / name).exists() else b"" for name in (commit.EDITS, commit.FORGOTTEN)]
    return storage.address(_code(), codec.encode([config.decisive(settings), models, films, digests]), *said)


def _code() -> bytes:
    """A digest of the files that this program is."""
    home, total = Path(__file__).parents[1], hashlib.blake2b(digest_size=16)
    for path in sorted(path for name in _CODE for path in (home / name).rglob("*") if "__pycache__" not in path.parts and path.is_file()):
        total.update(storage.address(str(path.relative_to(home)), path.read_bytes()).encode())
    return total.digest()


def _version(path: Path) -> tuple[int, int, int] | None:
    return storage.version(path) if path.exists() else None

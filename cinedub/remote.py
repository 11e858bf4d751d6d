"""Datasets in object stores: made on this machine, published by URI, the part that says they are whole last of all.

Objects are written whole or not at all, so that order is all it takes: ``_SUCCESS`` is removed, shards are written, then what tells of them, then
``_SUCCESS``. A shard that lies there already, of the same sha256 by the store's dataset.json and of the same size, is not written again. What
fails is tried again, ever later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cinedub import storage
from cinedub.errors import StorageError, UsageError

T = TypeVar("T")

_SUCCESS = "_SUCCESS"


def is_remote(out: str) -> bool:
    """Whether a dataset's place is an object store."""
    return "://" in out


def workplace(uri: str) -> Path:
    """Where on this machine a dataset is made that goes to ``uri``."""
    return storage.cache_root() / "datasets" / storage.address(uri.rstrip("/"))


def publish(out: Path, uri: str) -> int:
    """Bring the finished dataset at ``out`` to ``uri``; returns how many bytes were sent.

    Raises:
        UsageError: no such kind of store. StorageError: the store fails again and again.
    """
    store, root = _open(uri)
    there = _again(lambda: _known(store, root), uri)
    shards = json.loads((out / "dataset.json").read_text())["shards"]
    _again(lambda: store.exists(f"{root}/{_SUCCESS}") and store.rm_file(f"{root}/{_SUCCESS}"), uri)
    sent = 0
    for shard in shards:
        if there.get(shard["uri"]) != (shard["sha256"], shard["bytes"]):
            sent += _send(store, out / shard["uri"], f"{root}/{shard['uri']}", uri)
    files = [path for path in sorted(out.glob("*")) if path.is_file() and path.name != _SUCCESS and not path.name.startswith(".")]
    letters = sorted((out / "failures").glob("*.jsonl"))
    for path in [*letters, *files]:
        sent += _send(store, path, f"{root}/{path.relative_to(out)}", uri)
    kept = {f"{root}/{shard['uri']}" for shard in shards} | {f"{root}/failures/{path.name}" for path in letters}
    for folder in ("shards", "failures"):
        for name in _again(lambda folder=folder: _listed(store, f"{root}/{folder}"), uri):
            if name.lstrip("/") not in {one.lstrip("/") for one in kept}:
                _again(lambda name=name: store.rm_file(name), uri)
    return sent + _send(store, out / _SUCCESS, f"{root}/{_SUCCESS}", uri)


def _open(uri: str) -> tuple[Any, str]:
    import fsspec

    try:
        store, root = fsspec.core.url_to_fs(uri.rstrip("/"))
    except (ImportError, ValueError) as error:
        raise UsageError(f"{storage.shown(uri)}: {error}") from error
    store.use_listings_cache = False
    return store, root


def _known(store: Any, root: str) -> dict[str, tuple[str, int]]:
    """The shards that a finished dataset in the store says it has, where their sizes agree."""
    try:
        shards = json.loads(store.cat_file(f"{root}/dataset.json"))["shards"]
        return {shard["uri"]: (shard["sha256"], shard["bytes"]) for shard in shards if store.info(f"{root}/{shard['uri']}")["size"] == shard["bytes"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def _send(store: Any, path: Path, target: str, uri: str) -> int:
    _again(lambda: store.makedirs(target.rpartition("/")[0], exist_ok=True), uri)
    size = path.stat().st_size

    def send() -> None:
        store.put_file(str(path), target)
        found = store.info(target)["size"]
        if found != size:
            raise OSError(f"{found} of {size} bytes arrived")

    _again(send, uri)
    return size


def _listed(store: Any, folder: str) -> list[str]:
    store.invalidate_cache()
    return list(store.ls(folder, detail=False)) if store.exists(folder) else []


def _again(work: Callable[[], T], uri: str) -> T:
    """Try, and try again later; then give up."""
    try:
        return storage.again(work)
    except Exception as error:  # each store's library has errors of its own
        raise StorageError(f"{storage.shown(uri)}: {storage.reason(error)}; check the store and your rights there, and run again") from error

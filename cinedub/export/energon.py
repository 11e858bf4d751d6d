"""Megatron Energon: the shards as they are, with ``.nv-meta`` and an index of sample offsets beside each tar, as ``energon prepare`` would write."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from cinedub import shards
from cinedub.dataset import Dataset
from cinedub.export import link

#: Energon's name of our splits.
_SPLITS = {"train": "train", "valid": "val", "test": "test"}


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """``shards/*.tar``, ``*.tar.idx``, ``.nv-meta/``; samples are crude: members by name, for a cooker to read."""
    parts: dict[str, list[str]] = {name: [] for name in _SPLITS.values()}
    counts: dict[str, int] = {}
    for path, facts in zip(dataset.paths, dataset.facts["shards"], strict=True):
        if not facts["records"]:
            continue
        name = f"shards/{path.name}"
        link(path, folder / name)
        (folder / f"{name}.idx").write_bytes(_offsets(path))
        parts[_SPLITS[facts["split"]]].append(name)
        counts[name] = facts["records"]
    meta = folder / ".nv-meta"
    meta.mkdir()
    (meta / ".info.json").write_text(json.dumps({"shard_counts": counts}, indent=1))
    # JSON is YAML: these files have YAML names, and need no YAML library.
    (meta / "split.yaml").write_text(json.dumps({"split_parts": parts, "exclude": []}, indent=1))
    (meta / "dataset.yaml").write_text(json.dumps({"__module__": "megatron.energon", "__class__": "CrudeWebdataset", "subflavors": {}}, indent=1))


def _offsets(path: Path) -> bytes:
    """Where each sample begins, and where the last one ends: little-endian 64-bit integers."""
    places = shards.find_members(path)
    starts = {place.key: place.offset - 512 for place in reversed(places)}
    last = places[-1]
    end = last.offset + -(-last.bytes // 512) * 512
    return struct.pack(f"<{len(starts) + 1}Q", *sorted(starts.values()), end)

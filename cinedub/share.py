"""A dataset to hand on without its pictures, or other parts: what is left out is gone, provenance says so, and a second reading proves it."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import dataset, display, repack, shards, untrusted
from cinedub.commit import BUILD, SUCCESS
from cinedub.dataset import Dataset
from cinedub.errors import CinedubError, UsageError
from schemas import Shard, codec
from schemas.record import MEMBERS

#: Part -> what it takes away: members, and arrays of members with the axis that becomes empty.
PARTS: dict[str, tuple[tuple[str, ...], dict[str, dict[str, int]]]] = {
    "video": (("mp4",), {"lips.npz": {"crops": 1}}),
    "landmarks": ((), {"faces.npz": {"landmarks": 1, "blendshapes": 1}, "lips.npz": {"points": 1, "aperture": 1}}),
    "embeddings": ((), {"faces.npz": {"embedding": 1}}),
    "background": (("background.flac",), {}),
    "mix": (("mix.flac",), {}),
}
#: How files of pictures begin: MP4, JPEG, PNG, GIF, WebP/AVI, Matroska, and H.264's start code.
_PICTURE = re.compile(rb"\A(?:....ftyp|\xff\xd8\xff|\x89PNG|GIF8|RIFF....(?:WEBP|AVI )|\x1aE\xdf\xa3|\x00\x00(?:\x00)?\x01[\x67\x27])", re.DOTALL)
#: How a page embeds them.
_EMBEDDED = re.compile(rb"data:(?:video/[a-z0-9]+|image/(?:jpeg|png|webp|gif))")
_REPORT = "report.html"


class NotGone(CinedubError):
    """Something that was left out is still there."""


def share(source: Dataset, target: Path, without: Iterable[str], quiet: bool = False) -> dict[str, Any]:
    """Write ``source`` to the folder ``target`` without some of ``PARTS``; returns its dataset.json.

    Raises:
        UsageError: an unknown part.
        NotGone: the proof found what should be gone; nothing is finished then.
    """
    without = tuple(dict.fromkeys((*source.without, *without)))
    for part in without:
        if part not in PARTS:
            raise UsageError(f"unknown part {part!r}; what can be left out: {', '.join(PARTS)}")
    settings = repack.begin(source, target)
    made: list[Shard] = []
    numbered = list(zip(source.paths, source.facts["shards"], strict=True))
    for path, shard in display.steps(numbered, len(numbered), "writing shards", quiet):
        made.append(repack.write(target, shard["split"], shard["index"], reduced(path, without)))
        for fault in remains(repack.made(target, made[-1]), without):
            raise NotGone(f"{made[-1].uri}: {fault}")
    facts = repack.finish(source, target, settings, made, without=list(without))
    shutil.rmtree(target / BUILD)
    for fault in _shown(target / _REPORT, without):
        (target / SUCCESS).unlink()
        raise NotGone(f"{_REPORT}: {fault}")
    return facts


def reduced(path: Path, without: tuple[str, ...]) -> Iterator[shards.Sample]:
    """A shard's samples without some parts."""
    gone = {name for part in without for name in PARTS[part][0]}
    for key, members in shards.read_shard(path):
        kept = {name: members[name] for name in MEMBERS if name in members and name not in gone}
        for part in without:
            for name, axes in PARTS[part][1].items():
                kept[name] = _emptied(kept[name], axes)
        if without:
            kept["json"] = _told(kept["json"], without)
        yield key, kept


def _emptied(data: bytes, axes: dict[str, int]) -> bytes:
    kept: dict[str, Any] = {name: held.take([], axes[name]) if name in axes else held for name, held in untrusted.arrays(data, "arrays").items()}
    out = io.BytesIO()
    np.savez_compressed(out, **kept)
    return out.getvalue()


def _told(data: bytes, without: tuple[str, ...]) -> bytes:
    record = codec.decode(data, dict)
    if "embeddings" in without:
        record["speakers"] = [speaker | {"voice": []} for speaker in record["speakers"]]
    record["without"] = list(without)
    step = {"name": "Export", "role": "", "backend": f"without {', '.join(without)}", "model_sha256": "", "settings_digest": ""}
    others = [stage for stage in record["provenance"]["stages"] if stage["name"] != "Export"]
    record["provenance"] = record["provenance"] | {"stages": [*others, step]}
    return codec.encode(record)


def remains(path: Path, without: tuple[str, ...]) -> Iterator[str]:
    """What of the parts left out is still in a shard, in words; every member is looked at, whatever its name."""
    for key, name, data in shards.every_member(path):
        gone = [part for part in without if name in PARTS[part][0]]
        if gone:
            yield f"{key}: member {name} is there, {gone[0]} should be gone"
        if "video" in without and _PICTURE.match(data):
            yield f"{key}: {name} begins as a picture or film does"
        if name == "json" and "embeddings" in without and any(speaker["voice"] for speaker in codec.decode(data, dict)["speakers"]):
            yield f"{key}: a voice vector is there"
        if name.endswith(".npz"):
            axes = {array: part for part in without for array in PARTS[part][1].get(name, ())}
            for array, held in untrusted.arrays(data, f"{key}: {name}").items():
                if array in axes and held.size:
                    yield f"{key}: {name} holds {array}, {axes[array]} should be gone"
                elif "video" in without and held.dtype == np.uint8 and held.size:
                    yield f"{key}: {name} holds {array}, bytes that may be pixels"


def prove(out: Path, without: Iterable[str]) -> list[str]:
    """Read a finished dataset again: every place where a part that should be gone is still there; none is the proof."""
    without = tuple(without)
    found = [f"{path.name}: {fault}" for path in dataset.load(out).paths for fault in remains(path, without)]
    return found + [f"{_REPORT}: {fault}" for fault in _shown(out / _REPORT, without)]


def _shown(report: Path, without: tuple[str, ...]) -> Iterator[str]:
    page = report.read_bytes() if "video" in without and report.exists() else b""
    yield from (f"it shows {kind.decode()}" for kind in sorted({found.group() for found in _EMBEDDED.finditer(page)}))

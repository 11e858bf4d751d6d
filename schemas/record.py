"""What a shard stores: the record's annotations (schema 1), its members, and the shard's facts.

Times inside a record are integer ms from the clip's start; film time = that + ``span_ms[0]``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from schemas.film import check_id

SCHEMA = 1
MEMBERS = ("json", "mp4", "vocals.flac", "background.flac", "mix.flac", "faces.npz", "lips.npz")
Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")

#: Version -> the step to the next one, dict to dict. Old records are read for ever.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a sample: where it lies and its size in bytes."""

    name: str
    uri: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """One sample, ready to be packed. ``scalars`` are the JSON's scalar fields, for the manifest."""

    key: str
    split: Split
    members: tuple[Member, ...]
    scalars: dict[str, Any]

    def __post_init__(self) -> None:
        check_id(self.key)
        if tuple(member.name for member in self.members) != MEMBERS:
            raise ValueError(f"sample {self.key} has members {[m.name for m in self.members]}, every sample has {list(MEMBERS)}")

    @property
    def id(self) -> str:
        """The WebDataset key."""
        return self.key

    @property
    def bytes(self) -> int:
        """Size of all members."""
        return sum(member.bytes for member in self.members)


@dataclass(frozen=True, slots=True)
class Shard:
    """One finished tar."""

    split: Split
    index: int
    uri: str
    records: int
    bytes: int
    sha256: str

    @property
    def id(self) -> str:
        """The file's name without its ending."""
        return shard_name(self.split, self.index)


def shard_name(split: str, index: int) -> str:
    """``cinedub-{split}-{index:05d}``."""
    return f"cinedub-{split}-{index:05d}"


def upgrade(annotations: dict[str, Any]) -> dict[str, Any]:
    """The annotations in today's schema.

    Raises:
        ValueError: a version that this code doesn't know.
    """
    version = annotations.get("schema")
    while version != SCHEMA:
        if version not in UPGRADES:
            raise ValueError(f"record {annotations.get('key', '?')} has schema {version!r}; this code reads 1 to {SCHEMA}")
        annotations = UPGRADES[version](annotations)
        version = annotations.get("schema")
    return annotations

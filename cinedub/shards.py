"""Write and read shards: same records, same bytes.

A shard is a USTAR archive with fixed owners, modes and times, its samples sorted by key, its members in one order. It is written beside its
place, digested as it is written, and renamed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cinedub import storage, untrusted
from cinedub.errors import CinedubError, MediaError
from schemas.record import MEMBERS, Record, Shard, Split, shard_name, upgrade

#: Of a member: 30 s of film in any of its forms are less.
MOST_BYTES = 1 << 30
SHARD = re.compile(r"cinedub-(train|valid|test)-\d{5,}")
#: A key and its members: each one's bytes, or the file that holds them.
Sample = tuple[str, Mapping[str, bytes | Path]]


class ShardError(CinedubError):
    """A shard that is not what it should be."""


def shard_of(key: str, shards: int) -> int:
    """Which of ``shards`` a key goes to: blake2b, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") % shards


def split_of(group: str, seed: str, train: float, valid: float, test: float) -> Split:
    """The split of a film or series. Ratios are weights; a group keeps its split when others are added."""
    place = int.from_bytes(hashlib.blake2b(f"{seed}/{group}".encode(), digest_size=8).digest(), "big") / 2**64 * (train + valid + test)
    return "train" if place < train else "valid" if place < train + valid else "test"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member lies in its shard."""

    key: str
    member: str
    offset: int
    bytes: int


class _Digesting:
    """A file that digests and counts what goes through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.sha256, self.position = stream, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.position += len(data)
        return self.stream.write(data)

    def tell(self) -> int:
        return self.position


def write_shard(folder: Path, split: Split, index: int, records: Iterable[Record]) -> tuple[Shard, list[Place]]:
    """Write one shard of records whose members lie in files, and say where every member lies in it.

    Raises:
        ShardError: two records with one key.
        StorageError: no space, or no permission.
    """
    ordered = sorted(records, key=lambda record: record.key)
    return write_samples(folder, split, index, ((r.key, {m.name: storage.resolve(m.uri) for m in r.members}) for r in ordered))


def write_samples(folder: Path, split: Split, index: int, samples: Iterable[Sample]) -> tuple[Shard, list[Place]]:
    """Write one shard of samples that come in order of their keys, one in memory at a time; raises as ``write_shard``."""
    name = shard_name(split, index)
    target = folder / f"{name}.tar"
    places: list[Place] = []
    count, last = 0, ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = storage.temporary(target)
    except OSError as error:
        raise storage.storage_error(error, target) from error
    try:
        with beside.open("wb") as stream:
            out = _Digesting(stream)
            with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT, copybufsize=1 << 20) as tar:  # type: ignore[call-overload]
                for key, members in samples:
                    if key <= last:
                        raise ShardError(f"two records have the key {key}; a film must be given once" if key == last else f"{key} is out of order")
                    last, count = key, count + 1
                    places += _add(tar, key, members)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except OSError as error:
        raise storage.storage_error(error, target) from error
    finally:
        beside.unlink(missing_ok=True)
    return Shard(split, index, f"shards/{name}.tar", count, out.position, out.sha256.hexdigest()), places


def _add(tar: tarfile.TarFile, key: str, members: Mapping[str, bytes | Path]) -> Iterator[Place]:
    for name, content in members.items():
        info = tarfile.TarInfo(f"{key}.{name}")
        info.mtime, info.mode, info.uid, info.gid, info.uname, info.gname = 0, 0o644, 0, 0, "", ""
        with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as stream:
            info.size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            tar.addfile(info, stream)
        padded = -(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        yield Place(key, name, tar.offset - padded, info.size)


def read_shard(path: Path, members: Iterable[str] = MEMBERS) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Samples of a shard in order: key and the wanted members' bytes. The shard is not trusted: no header makes this read or keep more than
    ``MOST_BYTES`` of a member.

    Raises:
        ShardError: a member that is no plain file, has a path, is too large, or lies apart from its sample; a file that ends too early.
    """
    wanted, seen = set(members), set[str]()
    key, sample = "", dict[str, bytes]()
    with path.open("rb") as stream:
        for info in _headers(stream, path.name):
            base, _, name = info.name.partition(".")
            if not info.isreg() or "/" in info.name or not base or not name:
                raise ShardError(f"{path.name}: member {info.name[:80]!r} is not a plain file of a sample")
            if base != key:
                if key:
                    yield key, sample
                if base in seen:
                    raise ShardError(f"{path.name}: the members of {base!r} lie apart, or its key comes twice")
                seen.add(base)
                key, sample = base, {}
            if name in sample:
                raise ShardError(f"{path.name}: {info.name!r} comes twice")
            if name in wanted and info.size > (untrusted.MOST_JSON if name == "json" else MOST_BYTES):
                raise ShardError(f"{path.name}: {info.name[:80]!r} claims {info.size >> 20} MiB; that much is not read")
            padded = -(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            if stream.tell() + padded > path.stat().st_size:
                raise ShardError(f"{path.name}: ends inside {info.name[:80]!r}; copy it again")
            after = stream.tell() + padded
            if name in wanted:
                sample[name] = stream.read(info.size)
            stream.seek(after)
    if key:
        yield key, sample


def _headers(stream: IO[bytes], shard: str) -> Iterator[tarfile.TarInfo]:
    """The headers of a plain USTAR file, one after another: no extension headers, which may rename members and be of any size."""
    while block := stream.read(tarfile.BLOCKSIZE):
        if not block.strip(b"\0"):
            return
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.TarError, ValueError) as error:
            raise ShardError(f"{shard}: not a tar that can be read: {error}") from error
        if info.size < 0 or block[156:157] in (b"x", b"g", b"L", b"K", b"S", b"X"):
            raise ShardError(f"{shard}: member {info.name[:80]!r} has an extension header; shards are plain USTAR")
        yield info


def read_annotations(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON of every record in a shard, in today's schema.

    Raises:
        ShardError, UntrustedError: as ``read_shard``; a sample without JSON, or with JSON that can't be read.
    """
    for key, sample in read_shard(path, ["json"]):
        if "json" not in sample:
            raise ShardError(f"{path.name}: sample {key!r} has no json")
        yield upgrade(untrusted.json_object(sample["json"], f"{path.name}: {key}"))


def shards_in(out: Path) -> list[Path]:
    """The shards of a finished dataset.

    Raises:
        ShardError: no dataset, or one whose build has not finished.
    """
    if not (out / "_SUCCESS").exists():
        raise ShardError(f"{out}: no finished dataset here (no _SUCCESS); build it with: cinedub build FILMS --out {out}")
    names = [shard["uri"] for shard in json.loads((out / "dataset.json").read_text())["shards"]]
    for name in names:
        if not SHARD.fullmatch(name.removeprefix("shards/").removesuffix(".tar")):
            raise ShardError(f"{out}: dataset.json names {name[:80]!r}, which is no shard's name")
    return [out / name for name in names]


def every_member(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Key, name and bytes of everything in a shard, whether or not it belongs there; raises as ``read_shard``."""
    for place in find_members(path):
        with path.open("rb") as stream:
            stream.seek(place.offset)
            yield place.key, place.member, stream.read(place.bytes)


def find_members(path: Path) -> list[Place]:
    """Where every member of a shard lies, read off the shard itself; raises as ``read_shard``."""
    places = []
    with path.open("rb") as stream:
        for info in _headers(stream, path.name):
            key, _, member = info.name.partition(".")
            places.append(Place(key, member, stream.tell(), info.size))
            stream.seek(-(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, os.SEEK_CUR)
    return places


def fetch_member(out: Path, row: dict[str, Any], name: str) -> bytes:
    """One member's bytes by its offset in the manifest's row, which is not trusted.

    Raises:
        MediaError: the dataset was left without such members.
        ShardError: the row leads out of the dataset, or to more than ``MOST_BYTES``.
    """
    offset, size = row[f"{name}_offset"], row[f"{name}_bytes"]
    if size is None:
        raise MediaError("MEMBER_LEFT_OUT", f"{row['key']}: this dataset was left without {name}")
    if not (SHARD.fullmatch(row["shard"]) and offset >= 0 and 0 <= size <= MOST_BYTES):
        raise ShardError(f"{row['key'][:80]!r}: the manifest leads to {size} bytes at {offset} of {row['shard'][:80]!r}; that is not read")
    with (out / "shards" / f"{row['shard']}.tar").open("rb") as stream:
        stream.seek(offset)
        return stream.read(size)

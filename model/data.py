"""Shards to batches: streamed, bucketed by length, shared among ranks and workers, and resumed at the very batch.

Everything is decided by (seed, epoch, position): an epoch's order of shards, pools of samples sorted by length, batches of similar length out of
a pool in a random order. A position is where a pool begins and how many of its batches were handed out, so a resumed loader goes on with the
same batches. A sample that can't be used is skipped and counted; a hundred in a row stop the loader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from cinedub import storage
from cinedub.errors import CinedubError, UsageError
from cinedub.shards import read_shard, shards_in
from model.batch import Batch
from model.clip import MEMBERS, Clip, collate, from_record, halved
from model.config import Data
from schemas.record import SPLITS

_BAD_IN_A_ROW = 100
#: What a damaged or unusable sample may raise.
_BAD = (CinedubError, KeyError, ValueError, IndexError, TypeError, AttributeError, OverflowError)


class DataError(CinedubError):
    """The shards hold nothing that can be used."""


def find_shards(places: Sequence[str], split: str) -> list[str]:
    """The shards of ``split`` in datasets (folders that ``cinedub build`` finished), or among ``.tar`` files and URIs.

    A file that names no split (``cinedub-{split}-…``) is taken for one that teaches.

    Raises:
        ShardError: a folder without a finished dataset.
    """
    found: list[str] = []
    for place in places:
        found += [place] if place.endswith(".tar") else map(str, shards_in(Path(place)))
    return sorted(place for place in found if _split_of(place) == split)


def _split_of(place: str) -> str:
    name = place.rsplit("/", 1)[-1]
    return next((split for split in SPLITS if name.startswith(f"cinedub-{split}-")), "train")


@dataclass(frozen=True, slots=True)
class Position:
    """The next batch of one worker: in which pool, which begins at ``shard`` and ``sample`` of the epoch's order; what was skipped so far."""

    epoch: int = 0
    shard: int = 0
    sample: int = 0
    batch: int = 0
    skipped: int = 0
    bad_in_row: int = 0


class Stream(IterableDataset):
    """The batches of one worker of one rank, with the position that follows each. ``once`` ends after one epoch, in the shards' own order."""

    def __init__(self, shards: Sequence[str], data: Data, buckets: int, rank: int = 0, world: int = 1, once: bool = False) -> None:
        self.shards, self.data, self.buckets, self.once = list(shards), data, buckets, once
        self.rank, self.world = rank, world
        self.workers = max(1, data.workers)
        self.positions = [Position()] * self.workers
        self.turn = 0
        #: Shard -> number of sample -> its key and clip, or why there is none; at -1, how many there are.
        self._kept: dict[str, dict[int, tuple[Any, Any]]] = {}

    def __iter__(self) -> Iterator[tuple[int, Position, Batch]]:
        worker = get_worker_info()
        slot = (self.turn + (worker.id if worker else 0)) % self.workers
        position = self.positions[slot]
        while not (self.once and position.epoch > 0):
            pool, following = self._pool(slot, position)
            batches = self._batches(pool, slot, position)
            for number, batch in enumerate(batches[position.batch :], start=position.batch + 1):
                position = replace(position, batch=number) if number < len(batches) else following
                yield slot, position, collate(batch, self.buckets)
            position = following

    def _pool(self, slot: int, position: Position) -> tuple[list[Clip], Position]:
        """The samples from ``position`` on, and where the next pool begins."""
        consumer, consumers = self.rank * self.workers + slot, self.world * self.workers
        order = np.arange(len(self.shards))
        if not self.once:
            np.random.default_rng((self.data.seed, position.epoch)).shuffle(order)
        by_shard = len(self.shards) >= consumers and not self.once
        mine = order[consumer::consumers] if by_shard else order
        clips: list[Clip] = []
        skipped, bad = position.skipped, position.bad_in_row
        for shard in range(position.shard, len(mine)):
            first = position.sample if shard == position.shard else 0
            for number, key, clip in self._clips(self.shards[mine[shard]], first, lambda number: by_shard or number % consumers == consumer):
                if len(clips) == self.data.pool:
                    return clips, Position(position.epoch, shard, number, 0, skipped, bad)
                if isinstance(clip, Clip):
                    clips.append(clip)
                    bad = 0
                    continue
                skipped, bad = skipped + 1, bad + 1
                if bad >= _BAD_IN_A_ROW:
                    raise DataError(f"{bad} samples in a row can't be used, the last is {key}: {clip}")
        if not clips and not position.shard and not position.sample:
            raise DataError(f"no sample can be used by worker {consumer} of {consumers}: {skipped} of {skipped} were skipped")
        return clips, Position(position.epoch + 1, 0, 0, 0, skipped, bad)

    def _clips(self, shard: str, first: int, mine: Callable[[int], bool]) -> Iterator[tuple[int, str, Clip | str]]:
        """Number, key and clip of a shard's samples from ``first`` on; of one that can't be used, why."""
        kept = self._kept.setdefault(shard, {}) if self.data.keep else {}
        end = kept.get(-1)
        if end is not None and all(number in kept for number in range(first, end[0]) if mine(number)):
            yield from ((number, *kept[number]) for number in range(first, end[0]) if mine(number))
            return
        number = -1
        for number, (key, sample) in enumerate(read_shard(storage.resolve(shard), MEMBERS)):
            if number < first or not mine(number):
                continue
            if number not in kept:
                clip = _clip(sample, self.data)
                if self.data.keep:
                    kept[number] = key, clip
            yield number, key, kept[number][1] if self.data.keep else clip
        kept[-1] = number + 1, ""

    def _batches(self, pool: list[Clip], slot: int, position: Position) -> list[list[Clip]]:
        """Clips of like length together, at most ``frames`` padded frames each."""
        chance = np.random.default_rng((self.data.seed, position.epoch, position.shard, position.sample, self.rank, slot))
        spread = chance.uniform(0.9, 1.1, len(pool)) if not self.once else np.ones(len(pool))
        batches: list[list[Clip]] = []
        longest = 0
        for place in np.argsort([clip.frames for clip in pool] * spread, kind="stable"):
            longest = max(longest, pool[place].frames)
            if not batches or longest * (len(batches[-1]) + 1) > self.data.frames:
                batches.append([])
                longest = pool[place].frames
            batches[-1].append(pool[place])
        return batches if self.once else [batches[i] for i in chance.permutation(len(batches))]


def _clip(sample: dict[str, bytes], data: Data) -> Clip | str:
    try:
        clip = from_record(sample, data.max_ms)
    except _BAD as error:
        return str(error)
    return halved(clip) if data.keep else clip


class Loader:
    """Batches without end, decoded ahead by ``data.workers`` processes (0: in this one)."""

    def __init__(self, shards: Sequence[str], data: Data, buckets: int, rank: int = 0, world: int = 1) -> None:
        self._stream = Stream(shards, data, buckets, rank, world)
        self._workers = data.workers

    def __iter__(self) -> Iterator[Batch]:
        for slot, position, batch in _loaded(self._stream, self._workers):
            self._stream.positions[slot] = position
            self._stream.turn = (slot + 1) % self._stream.workers
            yield batch

    @property
    def skipped(self) -> int:
        """Samples that couldn't be used so far."""
        return sum(position.skipped for position in self._stream.positions)

    def state_dict(self) -> dict[str, Any]:
        """The position after the last batch that was handed out; plain numbers and names."""
        stream = self._stream
        return {"positions": msgspec.to_builtins(stream.positions), "turn": stream.turn, "shards": _names(stream.shards), "world": stream.world}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there. Must be called before iterating.

        Raises:
            UsageError: other shards, ranks or workers than the position was taken with.
        """
        now = self.state_dict()
        for what in ("shards", "world"):
            if state[what] != now[what]:
                raise UsageError(f"can't go on at this position: it was taken with {what} = {state[what]}, now {now[what]}")
        positions = msgspec.convert(state["positions"], list[Position])
        if len(positions) != self._stream.workers:
            raise UsageError(f"can't go on at this position: it was taken with {len(positions)} workers, now {self._stream.workers}")
        self._stream.positions, self._stream.turn = positions, state["turn"]


def once(shards: Sequence[str], data: Data, buckets: int) -> Iterator[Batch]:
    """Every sample once, in batches of like length, in one order."""
    for _, _, batch in Stream(shards, replace(data, workers=0), buckets, once=True):
        yield batch


def _loaded(stream: Stream, workers: int) -> Any:
    if not workers:
        return stream
    return DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=4, worker_init_fn=_alone)


def _alone(worker: int) -> None:
    torch.set_num_threads(1)


def _names(shards: Sequence[str]) -> list[str]:
    return [shard.rsplit("/", 1)[-1] for shard in shards]

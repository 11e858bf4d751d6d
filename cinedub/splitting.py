"""Splits in which nobody is on two sides: films and series that share a person, by voice or by face, go together.

A bundle of groups (films, or series) takes its split from the hash of one of them, so splits depend on nothing but names, ratios and who is in
what. Where earlier splits are given, a bundle keeps that of its groups already placed; a newcomer that ties bundles of different splits together
can't be placed without a leak: it goes where most of its ties go, and the leak is told.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cinedub.persons import Person, distances
from cinedub.shards import split_of
from schemas.record import SPLITS, Split

_BLOCK = 2048


@dataclass(frozen=True)
class Tie:
    """Two speakers of different groups that are near each other: cosine distances of voices and of faces, None where one isn't known."""

    one: Person
    other: Person
    voice: float | None
    face: float | None


@dataclass(frozen=True)
class Limits:
    """Below which distance two are the same person: both, where both are known; where only one is known, that one by a stricter limit.

    Voices of different films by the same encoder: 0.35 is where two recordings of one speaker typically lie at the worst, and few strangers do.
    """

    voice: float = 0.35
    face: float = 0.07


def ties(people: list[Person], limits: Limits) -> Iterator[Tie]:
    """Pairs of different groups that seem to be one person, in blocks: memory stays bounded on any number of people."""
    voices, faces = [person.voice for person in people], [person.face for person in people]
    for start in range(0, len(people), _BLOCK):
        block = slice(start, start + _BLOCK)
        voice, face = distances(voices[block], voices), distances(faces[block], faces)
        with np.errstate(invalid="ignore"):
            near = (voice < limits.voice) | (face < limits.face)
        for row, column in np.argwhere(near):
            one, other = people[start + row], people[column]
            if start + row < column and one.group != other.group:
                yield Tie(one, other, _known(voice[row, column]), _known(face[row, column]))


def assign(groups: list[str], tied: list[Tie], ratios: tuple[float, float, float], seed: str, earlier: Mapping[str, Split]) -> dict[str, Split]:
    """A split for every group."""
    bundle = _bundles(groups, tied)
    members: dict[str, list[str]] = {}
    for group in groups:
        members.setdefault(bundle[group], []).append(group)
    chosen: dict[str, Split] = {}
    for together in members.values():
        placed = [group for group in together if group in earlier]
        splits = {earlier[group] for group in placed}
        anchor = min(together, key=lambda group: hashlib.blake2b(f"{seed}/{group}".encode()).digest())
        fresh = splits.pop() if len(splits) == 1 else None if splits else split_of(anchor, seed, *ratios)
        for group in together:
            chosen[group] = earlier.get(group) or fresh or _most_tied(group, tied, earlier)
    return chosen


def _most_tied(group: str, tied: list[Tie], earlier: Mapping[str, Split]) -> Split:
    """Where a newcomer's ties go; train where they are even, or lead only to other newcomers."""
    others = [tie.other.group if tie.one.group == group else tie.one.group for tie in tied if group in (tie.one.group, tie.other.group)]
    votes = Counter(earlier[other] for other in others if other in earlier)
    return max(SPLITS, key=lambda split: (votes[split], -SPLITS.index(split)))


def _bundles(groups: list[str], tied: list[Tie]) -> dict[str, str]:
    """Group -> the first group of its bundle (union-find)."""
    root = {group: group for group in groups}

    def find(group: str) -> str:
        while root[group] != group:
            root[group] = root[root[group]]
            group = root[group]
        return group

    for tie in tied:
        one, other = sorted((find(tie.one.group), find(tie.other.group)))
        root[other] = one
    return {group: find(group) for group in groups}


def leakage(people: list[Person], splits: Mapping[str, Split], nearest: int = 10) -> dict[str, Any]:
    """For each pair of splits the nearest voices and faces across them, nearest first."""
    rows: dict[str, Any] = {}
    for number, one in enumerate(SPLITS):
        for other in SPLITS[number + 1 :]:
            ours, others = ([person for person in people if splits[person.group] == split] for split in (one, other))
            rows[f"{one}-{other}"] = {what: list(_nearest(ours, others, what, nearest)) for what in ("voice", "face")}
    return rows


def _nearest(ours: list[Person], others: list[Person], what: str, count: int) -> Iterator[dict[str, Any]]:
    best: list[tuple[float, int, int]] = []
    for start in range(0, len(ours), _BLOCK):
        found = distances([getattr(p, what) for p in ours[start : start + _BLOCK]], [getattr(p, what) for p in others])
        flat = np.where(np.isnan(found), np.inf, found).ravel()
        for at in np.argsort(flat)[:count]:
            if np.isfinite(flat[at]):
                best.append((round(float(flat[at]), 4), start + int(at) // len(others), int(at) % len(others)))
    for distance, row, column in sorted(best)[:count]:
        yield {"distance": distance, "one": f"{ours[row].group}/{ours[row].id}", "other": f"{others[column].group}/{others[column].id}"}


def _known(value: np.floating) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)

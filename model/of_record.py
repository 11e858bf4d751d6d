"""Orders out of a finished dataset: a record revoiced; or a whole film's faces, voices and turns for other words."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import dataset, untrusted
from cinedub.errors import UsageError
from cinedub.measures import overlap
from model.clip import arrays_of, tracks_of
from model.order import ClipFaces, Order, Said, Shown, Voice
from model.script import NOBODY
from schemas.record import upgrade

MEMBERS = ("json", "faces.npz", "lips.npz")


def of_sample(sample: dict[str, bytes]) -> Order:
    """An order out of a record's members (``MEMBERS``): its lines in its speakers' voices, on its picture."""
    record = upgrade(untrusted.json_object(sample["json"], "json"))
    lines = tuple(
        Said(line["speaker"], line["start_ms"], line["end_ms"], line["text"], line["emotion"]["label"], line["on_screen"]) for line in record["lines"]
    )
    tracks = {speaker["id"]: tracks_of(speaker) for speaker in record["speakers"]}
    duration = record["span_ms"][1] - record["span_ms"][0]
    faces = ClipFaces(arrays_of(sample, record["key"]), tracks)
    return Order(duration, record["language"], lines, _voices(record), record["kind"], record["clue"], faces)


def _voices(record: dict[str, Any]) -> dict[str, Voice]:
    return {speaker["id"]: Voice(tuple(speaker["voice"]), speaker["age"], speaker["gender"]) for speaker in record["speakers"]}


def of_dataset(out: Path, key: str) -> Order:
    """An order out of a finished dataset's record, found by its key or by what its key begins with.

    Raises:
        UsageError: no such record.
        ShardError: no finished dataset.
    """
    return of_sample(_sample(out, key))


def _sample(out: Path, key: str) -> dict[str, bytes]:
    source = dataset.load(out)
    row = source.find(key)
    return {name: source.member(row, name) for name in MEMBERS}


@dataclass(frozen=True)
class FilmFaces:
    """A film's faces, record by record: each is read when a line falls into it. ``rows`` are its rows of the manifest."""

    out: Path
    rows: tuple[tuple[int, int, str], ...]

    def of(self, line: Said) -> Shown | None:
        """The speaker's face, where one record holds the whole line and its speaker is seen in it."""
        key = next((key for start, end, key in self.rows if start <= line.start_ms and line.end_ms <= end), None)
        if key is None or not line.on_screen:
            return None
        start, tracks, arrays = _shown(self.out, key)
        rows = tracks.get(line.speaker, [])
        return Shown(arrays, rows, start) if rows else None


@functools.lru_cache(maxsize=2)
def _shown(out: Path, key: str) -> tuple[int, dict[str, list[int]], dict[str, np.ndarray]]:
    sample = _sample(out, key)
    record = upgrade(untrusted.json_object(sample["json"], key))
    return record["span_ms"][0], {speaker["id"]: tracks_of(speaker) for speaker in record["speakers"]}, arrays_of(sample, key)


def onto(order: Order, out: Path, film: str) -> Order:
    """An order for a whole film with what its dataset knows: faces, its speakers' voices by id, and who speaks where the script names nobody.

    Raises:
        UsageError: the dataset holds nothing of the film (``film`` is its id).
        ShardError: no finished dataset.
    """
    clips = list(dataset.load(out).film(film))
    if not clips:
        raise UsageError(f"{out}: holds nothing of this film ({film}); build it with: cinedub build FILM --out {out}")
    voices: dict[str, Voice] = {}
    turns: list[tuple[int, int, str]] = []
    for row, record in clips:
        voices = _voices(record) | voices
        turns += [(row["start_ms"] + turn["start_ms"], row["start_ms"] + turn["end_ms"], turn["speaker"]) for turn in record["turns"]]
    lines = tuple(replace(line, speaker=_speaker(line, turns)) if line.speaker == NOBODY else line for line in order.lines)
    known = {name: voice for name, voice in voices.items() if name in {line.speaker for line in lines}}
    faces = FilmFaces(out, tuple((row["start_ms"], row["end_ms"], row["key"]) for row, _ in clips))
    return replace(order, lines=lines, voices={**known, **order.voices}, faces=faces)


def _speaker(line: Said, turns: list[tuple[int, int, str]]) -> str:
    """Who speaks for most of a line's time in the film as it was."""
    shares: dict[str, int] = {}
    for start, end, speaker in turns:
        if shared := overlap(line.start_ms, line.end_ms, start, end):
            shares[speaker] = shares.get(speaker, 0) + shared
    return max(shares, key=lambda name: shares[name], default=NOBODY)

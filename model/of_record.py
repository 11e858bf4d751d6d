"""Orders out of a finished dataset: a record revoiced; or a whole film's faces, voices and turns for other words."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from cinedub import dataset, untrusted
from cinedub.dataset import Dataset
from cinedub.errors import UsageError
from cinedub.measures import overlap
from model import adapt, mel
from model.clip import arrays_of, tracks_of
from model.order import ClipFaces, Order, Reference, Said, Shown, Voice
from model.script import NOBODY
from schemas import Language
from schemas.record import upgrade

MEMBERS = ("json", "faces.npz", "lips.npz")


def of_sample(sample: dict[str, bytes]) -> Order:
    """An order out of a record's members (``MEMBERS``): its lines in its speakers' voices, on its picture."""
    record = upgrade(untrusted.json_object(sample["json"], "json"))
    lines = tuple(map(_said, record["lines"]))
    tracks = {speaker["id"]: tracks_of(speaker) for speaker in record["speakers"]}
    duration = record["span_ms"][1] - record["span_ms"][0]
    faces = ClipFaces(arrays_of(sample, record["key"]), tracks)
    voices = {speaker["id"]: _voice(speaker) for speaker in record["speakers"]}
    return Order(duration, record["language"], lines, voices, record["kind"], record["clue"], faces)


def _voice(speaker: dict[str, Any]) -> Voice:
    return Voice(tuple(speaker["voice"]), speaker["age"], speaker["gender"])


def _said(line: dict[str, Any]) -> Said:
    return Said(line["speaker"], line["start_ms"], line["end_ms"], line["text"], line["emotion"]["label"], line["on_screen"])


def of_dataset(out: Path, key: str) -> Order:
    """An order out of a finished dataset's record, found by its key or by what its key begins with; its voices are learned from the whole film.

    Raises:
        UsageError: no such record.
        ShardError: no finished dataset.
    """
    source = dataset.load(out)
    row = source.find(key)
    order = of_sample(source.members(row, MEMBERS))
    return taught(order, out, row["film"])


def taught(order: Order, out: Path, film: str, without: str = "") -> Order:
    """The order with references for its voices from their film in the dataset, all of them or those outside the record ``without``."""
    return replace(order, voices={name: replace(voice, references=references(out, film, name, without)) for name, voice in order.voices.items()})


def voice(speaker: dict[str, Any], out: Path, film: str) -> Voice:
    """A record's speaker, with references from their film in the dataset."""
    return replace(_voice(speaker), references=references(out, film, speaker["id"]))


def references(out: Path, film: str, name: str, without: str = "") -> tuple[Reference, ...]:
    """What a speaker says alone in a film's records, at most ``adapt.MOST_S`` of it: their longest lines, out of other records than ``without``."""
    source = dataset.load(out)
    return adapt.enough(_reference(source, key, language, line) for key, language, line in _alone(out, film).get(name, ()) if key != without)


def _reference(source: Dataset, key: str, language: Language, line: Said) -> Reference | None:
    heard, rate = untrusted.sound(source.member(source.find(key), "vocals.flac"), f"{key}: vocals.flac")
    part = heard[round(line.start_ms * rate / 1000) : round(line.end_ms * rate / 1000), 0]
    return adapt.of_sound(soxr.resample(part, rate, mel.RATE).astype(np.float32), line.text, language, line.emotion)


@functools.lru_cache(maxsize=2)
def _alone(out: Path, film: str) -> dict[str, list[tuple[str, Language, Said]]]:
    """Each speaker's lines during which nobody else speaks, with their records' keys and languages; the longest first."""
    found: dict[str, list[tuple[str, Language, Said]]] = {}
    for row, record in dataset.load(out).film(film):
        for line in map(_said, record["lines"]):
            others = (turn for turn in record["turns"] if turn["speaker"] != line.speaker)
            if not any(overlap(line.start_ms, line.end_ms, turn["start_ms"], turn["end_ms"]) for turn in others):
                found.setdefault(line.speaker, []).append((row["key"], record["language"], line))
    for lines in found.values():
        lines.sort(key=lambda item: -item[2].duration_ms)
    return found


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
    source = dataset.load(out)
    sample = source.members(source.find(key), MEMBERS)
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
    speakers: dict[str, dict[str, Any]] = {}
    turns: list[tuple[int, int, str]] = []
    for row, record in clips:
        speakers = {speaker["id"]: speaker for speaker in record["speakers"]} | speakers
        turns += [(row["start_ms"] + turn["start_ms"], row["start_ms"] + turn["end_ms"], turn["speaker"]) for turn in record["turns"]]
    lines = tuple(replace(line, speaker=_speaker(line, turns)) if line.speaker == NOBODY else line for line in order.lines)
    known = {name: voice(speakers[name], out, film) for name in dict.fromkeys(line.speaker for line in lines) if name in speakers}
    faces = FilmFaces(out, tuple((row["start_ms"], row["end_ms"], row["key"]) for row, _ in clips))
    return replace(order, lines=lines, voices={**known, **order.voices}, faces=faces)


def _speaker(line: Said, turns: list[tuple[int, int, str]]) -> str:
    """Who speaks for most of a line's time in the film as it was."""
    shares: dict[str, int] = {}
    for start, end, speaker in turns:
        if shared := overlap(line.start_ms, line.end_ms, start, end):
            shares[speaker] = shares.get(speaker, 0) + shared
    return max(shares, key=lambda name: shares[name], default=NOBODY)

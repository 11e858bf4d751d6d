"""One film as the page shows it: when which clip was kept or refused, who speaks when, seen or unseen, where the cuts are; and its cast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cinedub import untrusted
from cinedub.dataset import Dataset
from cinedub.query import KEPT, Query, find, titles
from cinedub.report.clips import tracks_of
from schemas import Span

#: A voice sample is one line, at most so long.
SAMPLE_MS = 5_000


@dataclass
class _Person:
    """A speaker over a film: time spoken, clips, attributes by how long they were given, and where best to see and hear them."""

    spoken_ms: int = 0
    clips: int = 0
    given: dict[str, dict[str, int]] = field(default_factory=lambda: {"age": {}, "gender": {}})
    timbre: dict[str, int] = field(default_factory=dict)
    seen: tuple[int, str, int, int, tuple[int, ...]] | None = None
    heard: tuple[int, str, int, int] | None = None


def film(dataset: Dataset, film: str) -> dict[str, Any]:
    """A film's timeline and cast as JSON. Times are ms on the film's clock; ``turns`` are [speaker's number, start, end, on screen].

    Each of the cast has ``face_at`` (the clip's key, ms from its start, the box in pixels) and ``voice_at`` (key, start, end in it) where there
    is one; ``turns`` name people by their place in ``speakers``.
    """
    clips: list[list[Any]] = []
    turns: list[list[Any]] = []
    cuts: set[int] = set()
    people: dict[str, _Person] = {}
    facts: dict[str, Any] = {}
    for row, record in dataset.film(film):
        zero = row["start_ms"]
        facts = record["film"]
        clips.append([row["start_ms"], row["end_ms"], KEPT, row["key"]])
        cuts |= {zero + start for start, _ in record["shots_ms"][1:]}
        for turn in record["turns"]:
            _person(people, turn["speaker"]).spoken_ms += turn["end_ms"] - turn["start_ms"]
            shown = _on_screen(turn, record["lines"])
            turns.append([list(people).index(turn["speaker"]), zero + turn["start_ms"], zero + turn["end_ms"], int(shown)])
        for speaker in record["speakers"]:
            _meet(_person(people, speaker["id"]), speaker, record)
    refused = find(dataset, Query(film=film, limit=100_000))[1]
    clips += [[row["start_ms"], row["end_ms"], row["outcome"], row["key"]] for row in refused if row["outcome"] != KEPT and row["film"] == film]
    cast = [_card(dataset, name, person) for name, person in people.items()]
    return {
        "id": film,
        "title": facts.get("title", titles(dataset).get(film, film)),
        "series": facts.get("series"),
        "end_ms": max((clip[1] for clip in clips), default=0),
        "clips": sorted(clips),
        "turns": turns,
        "cuts": sorted(cuts),
        "speakers": list(people),
        "cast": cast,
    }


def _person(people: dict[str, _Person], name: str) -> _Person:
    return people.setdefault(name, _Person())


def _on_screen(turn: dict[str, Any], lines: Iterable[dict[str, Any]]) -> bool:
    """Whether most of a turn's lines are spoken on screen."""
    place, shown = Span(turn["start_ms"], turn["end_ms"]), 0
    for line in lines:
        if line["speaker"] == turn["speaker"]:
            shown += place.overlap(Span(line["start_ms"], line["end_ms"])) * (1 if line["on_screen"] else -1)
    return shown > 0


def _meet(person: _Person, speaker: dict[str, Any], record: dict[str, Any]) -> None:
    lines = [line for line in record["lines"] if line["speaker"] == speaker["id"]]
    spoken = sum(line["end_ms"] - line["start_ms"] for line in lines)
    person.clips += bool(lines)
    for name, votes in person.given.items():
        votes[speaker[name]] = votes.get(speaker[name], 0) + spoken
    for word in speaker["timbre"]:
        person.timbre[word] = person.timbre.get(word, 0) + spoken
    for line in lines:
        length = line["end_ms"] - line["start_ms"]
        alone = length - sum(_shared(line, other) for other in record["turns"] if other["speaker"] != speaker["id"])
        if person.heard is None or alone > person.heard[0]:
            person.heard = alone, record["key"], line["start_ms"], min(line["end_ms"], line["start_ms"] + SAMPLE_MS)
        rows = tuple(tracks_of(speaker))
        if rows and (length if line["on_screen"] else length // 8) > (person.seen[0] if person.seen else -1):
            person.seen = (length if line["on_screen"] else length // 8, record["key"], line["start_ms"], line["end_ms"], rows)


def _shared(line: dict[str, Any], turn: dict[str, Any]) -> int:
    return max(0, min(line["end_ms"], turn["end_ms"]) - max(line["start_ms"], turn["start_ms"]))


def _card(dataset: Dataset, name: str, person: _Person) -> dict[str, Any]:
    card: dict[str, Any] = {"id": name, "spoken_ms": person.spoken_ms, "clips": person.clips}
    for what, votes in person.given.items():
        card[what] = max(votes, key=lambda value: (votes[value], value), default="uncertain")
    card["timbre"] = sorted(person.timbre, key=lambda word: (-person.timbre[word], word))[:4]
    if person.heard:
        card["voice_at"] = person.heard[1:]
    if person.seen and (face := best_face(dataset, *person.seen[1:])):
        card["face_at"] = face
    return card


def best_face(dataset: Dataset, key: str, start_ms: int, end_ms: int, tracks: tuple[int, ...]) -> tuple[str, int, list[float]] | None:
    """Where a face is seen best while it speaks: the clip, ms from its start, and the box (x0, y0, x1, y1) in pixels."""
    row = dataset.row(key)
    if row is None:
        return None
    arrays = untrusted.arrays(dataset.member(row, "faces.npz"), f"{key}: faces.npz", ["track", "box"])
    seen, box = arrays["track"].astype(bool), arrays["box"]
    inside = np.zeros(seen.shape[1], bool)
    inside[start_ms // 40 : max(start_ms // 40 + 1, end_ms // 40)] = True
    area = (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])
    area = np.where(seen & inside, area, 0)
    area[[n for n in range(len(area)) if n not in tracks]] = 0
    if not area.any():
        return None
    track, frame = np.unravel_index(int(area.argmax()), area.shape)
    return key, int(frame) * 40, [round(float(value), 1) for value in box[track, frame]]

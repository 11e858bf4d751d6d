"""A built dataset against the truth: words, speakers, faces, sound, scenes. Before correction (as heard) and after.

What the truth doesn't know isn't measured. A peer's film (``cinedub.peer``) is scored by the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pyarrow.parquet as pq

from cinedub import measures, shards, untrusted, voicescore, wordscore
from cinedub.errors import UsageError
from cinedub.measures import Measure, overlap
from cinedub.scoretable import markdown, table
from cinedub.sightscore import Sight
from cinedub.stemscore import Stems
from cinedub.truth import TrueTurn, Truth, read
from schemas import Kind, Span, union
from schemas.record import upgrade

__all__ = ["markdown", "score", "table"]

#: A clip may reach this far over a join between scenes.
JOIN_TOLERANCE_MS = 100
#: A line is covered when at least this share of its words was found; it is on screen when its speaker is seen for this share of it.
COVERED = SEEN = 0.5

_ARRAYS = {"faces.npz": ("pts_ms", "track", "box", "speaking"), "lips.npz": ("aperture",)}
_SOUNDS = ("vocals.flac", "background.flac", "mix.flac")
_KEPT = ("span_ms", "kind", "lines", "turns", "asr_turns", "speakers")


@dataclass
class Film:
    """One film's truth and everything that the dataset holds of it, on the film's clock, in order of time."""

    truth: Truth
    records: list[dict[str, Any]] = field(default_factory=list)
    sight: Sight | None = None
    stems: Stems | None = None
    ids: set[str] = field(default_factory=set)


def score(out: Path, truths: Sequence[Path], peer: bool = False) -> dict[str, Any]:
    """Every measure for every film and in total: ``{"films": {name: measures}, "total": measures}``.

    With ``peer`` the same under ``"peer"``, for what a user would pick today on the same films. A film of which nothing was kept scores as lost,
    not as absent.

    Raises:
        UsageError: a truth that can't be read, or given twice, or that has no film beside it for the peer to hear.
        ShardError: no finished dataset in ``out``.
    """
    films = _gather(out, truths)
    dropped = pq.read_table(out / "dropped.parquet").to_pylist() if (out / "dropped.parquet").exists() else []
    scores = {name: _heard(film) | _seen(film) | _losses(film, dropped) for name, film in films.items()}
    result: dict[str, Any] = {"films": scores, "total": measures.total(list(scores.values()))}
    if peer:
        from cinedub.peer import record

        theirs = {name: _heard(Film(film.truth, [record(film.truth)])) for name, film in films.items()}
        theirs = {name: {key: value for key, value in film.items() if not key.endswith("_before")} for name, film in theirs.items()}
        result["peer"] = {"films": theirs, "total": measures.total(list(theirs.values()))}
    return result


def _gather(out: Path, truths: Sequence[Path]) -> dict[str, Film]:
    films: dict[str, Film] = {}
    names: dict[str, str] = {}
    for path in truths:
        truth = read(path)
        if truth.film in films:
            raise UsageError(f"two truths for the film {truth.film!r}")
        films[truth.film] = Film(truth, sight=Sight(truth) if truth.shots or truth.faces else None, stems=Stems.of(truth))
        names |= {name: truth.film for name in (truth.film, truth.title, path.stem) if name}
    wanted = ["json", *(_ARRAYS if any(film.sight for film in films.values()) else ())]
    wanted += _SOUNDS if any(film.stems for film in films.values()) else ()
    for shard in shards.shards_in(out):
        for key, sample in shards.read_shard(shard, wanted):
            record = upgrade(untrusted.json_object(sample["json"], f"{shard.name}: {key}"))
            name = names.get(record["film"]["title"]) or names.get(record["film"]["id"])
            if name:
                _take(films[name], record, sample)
    for film in films.values():
        film.records.sort(key=lambda record: record["span_ms"])
    return films


def _take(film: Film, record: dict[str, Any], sample: dict[str, bytes]) -> None:
    """Keep the annotations of a record; its arrays and sounds are measured now and let go."""
    film.ids.add(record["film"]["id"])
    film.records.append({key: record[key] for key in _KEPT})
    if film.sight:
        faces, lips = (untrusted.arrays(sample[member], f"{record['key']}: {member}", keys) for member, keys in _ARRAYS.items())
        film.sight.add(record, faces, lips)
    if film.stems:
        film.stems.add(record, sample)


def _heard(film: Film) -> dict[str, Any]:
    """What sound alone tells: words and voices."""
    truth, records = film.truth, film.records
    lines = _on_clock(records)
    words = "cer" if truth.tongue == "zh" else "wer"
    after, found = wordscore.words(truth, [line["text"] for line in lines])
    before, _ = wordscore.words(truth, [line["asr_text"] for line in lines])
    true, turns = voicescore.reference(truth), {name: voicescore.annotation(records, name) for name in ("asr_turns", "turns")}
    return {
        "language": truth.tongue,
        "script": truth.script,
        **({f"{words}_before": before, words: after} if truth.spoken else {}),
        **{
            name + suffix: cp
            for suffix, field_name in (("_before", "asr_text"), ("", "text"))
            for name, cp in {f"cp{words}": wordscore.with_speakers(truth, lines, field_name)}.items()
            if cp
        },
        **{
            name + suffix: voicescore.der(true, turns[source], truth.duration_ms, collar)
            for name, collar in voicescore.COLLARS.items()
            for suffix, source in (("_before", "asr_turns"), ("", "turns"))
            if truth.turns
        },
        **(voicescore.clusters(true, turns["turns"], truth.duration_ms) if truth.turns else {}),
        **({"speakers": _speaker_count(truth, turns["turns"].labels())} if truth.turns else {}),
        "lines": measures.counted(found, lambda share: share >= COVERED),
        **wordscore.borders(truth, [word for line in lines for word in line.get("words", ())]),
    }


def _seen(film: Film) -> dict[str, Any]:
    """What the whole chain tells: scenes, people, pictures, stems."""
    truth, records = film.truth, film.records
    return {
        "clips": len(records),
        "seconds": {"film": truth.duration_ms / 1000, "kept": sum(end - start for start, end in (r["span_ms"] for r in records)) / 1000},
        "joins": _joins(truth, records),
        **_kinds(truth, records),
        "gender": _genders(truth, records),
        **_lines(truth, _on_clock(records)),
        **(film.sight.measures() if film.sight else {}),
        **(film.stems.measures() if film.stems else {}),
    }


def _on_clock(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All lines with their words on the film's clock, in order."""

    def moved(item: dict[str, Any], zero: int) -> dict[str, Any]:
        return {**item, "start_ms": item["start_ms"] + zero, "end_ms": item["end_ms"] + zero}

    lines = [
        {**moved(line, record["span_ms"][0]), "words": [moved(word, record["span_ms"][0]) for word in line.get("words", ())]}
        for record in records
        for line in record["lines"]
    ]
    return sorted(lines, key=lambda line: (line["start_ms"], line["end_ms"]))


def _speaker_count(truth: Truth, found: Sequence[str]) -> Measure:
    true = len({turn.speaker for turn in truth.turns})
    return {"truth": true, "found": len(found), "error": abs(len(found) - true)}


def _joins(truth: Truth, records: list[dict[str, Any]]) -> Measure:
    """Borders between true scenes, and how many of them no clip crosses."""
    near = JOIN_TOLERANCE_MS
    spans = [record["span_ms"] for record in records]
    crossed = sum(any(start < last - near and end > first + near for start, end in spans) for last, first in truth.joins)
    return {"of": len(truth.joins), "right": len(truth.joins) - crossed}


def _kinds(truth: Truth, records: list[dict[str, Any]]) -> dict[str, Measure]:
    """True scenes whose kind is that of the clip that shares most with them; a scene without a clip is lost. ``kinds``: true kind -> found kind."""
    kinds: Measure = {true: dict.fromkeys((*get_args(Kind), "lost"), 0) for true in get_args(Kind)}
    scenes = truth.scenes()
    for start, end, kind in scenes:
        best = max(records, key=lambda record: overlap(start, end, *record["span_ms"]), default=None)
        kinds[kind][best["kind"] if best and overlap(start, end, *best["span_ms"]) else "lost"] += 1
    return {"kind": {"of": len(scenes), "right": sum(kinds[kind][kind] for kind in kinds)}, **({"kinds": kinds} if scenes else {})}


def _genders(truth: Truth, records: list[dict[str, Any]]) -> Measure:
    """True speakers of known gender whom the found speaker that shares most of their time gives the same."""
    shared: dict[str, dict[str, int]] = {}
    votes: dict[str, dict[str, int]] = {}
    genders = {turn.speaker: turn.gender for turn in truth.turns if turn.gender in ("female", "male")}
    for record in records:
        zero = record["span_ms"][0]
        said = {speaker["id"]: speaker["gender"] for speaker in record["speakers"]}
        for turn in record["turns"]:
            name, start, end = turn["speaker"], zero + turn["start_ms"], zero + turn["end_ms"]
            ballot = votes.setdefault(name, {})
            ballot[said.get(name, "uncertain")] = ballot.get(said.get(name, "uncertain"), 0) + end - start
            for true in truth.turns:
                if common := overlap(start, end, true.start_ms, true.end_ms):
                    with_whom = shared.setdefault(true.speaker, {})
                    with_whom[name] = with_whom.get(name, 0) + common
    right = 0
    for speaker, gender in genders.items():
        with_whom = shared.get(speaker, {})
        if with_whom:
            ballot = votes[max(with_whom, key=lambda name: with_whom[name])]
            right += max(ballot, key=lambda label: ballot[label]) == gender
    return {"of": len(genders), "right": right}


def _lines(truth: Truth, lines: list[dict[str, Any]]) -> dict[str, Measure]:
    """True turns with words that the found line that shares most with them calls on screen, or of an emotion, as they are; a lost one is wrong."""
    found: dict[str, Measure] = {}
    for true in truth.told:
        best = max(lines, key=lambda line: overlap(line["start_ms"], line["end_ms"], true.start_ms, true.end_ms), default=None)
        if best and not overlap(best["start_ms"], best["end_ms"], true.start_ms, true.end_ms):
            best = None
        if true.seen_ms is not None:
            _count(found, "on_screen", bool(best and best["on_screen"] == _is_seen(true)))
        if true.emotion:
            _count(found, "emotion", bool(best and best["emotion"]["label"] == true.emotion))
    return found


def _is_seen(turn: TrueTurn) -> bool:
    return sum(end - start for start, end in turn.seen_ms or ()) >= SEEN * (turn.end_ms - turn.start_ms)


def _count(found: dict[str, Measure], name: str, right: bool) -> None:
    count = found.setdefault(name, {"of": 0, "right": 0})
    count["of"] += 1
    count["right"] += right


def _losses(film: Film, dropped: list[dict[str, Any]]) -> dict[str, Any]:
    """Seconds in which somebody truly speaks: how many are in clips, how many were refused by which gate, how many no clip was cut for."""
    speech = union(Span(turn.start_ms, turn.end_ms) for turn in film.truth.turns)
    kept = union(Span(*record["span_ms"]) for record in film.records)
    lost: dict[str, float] = {}
    refused = list(kept)
    for row in dropped:
        if row["film"] in film.ids:
            name, span = f"{row['stage']}: {row['code']}", Span(row["start_ms"], row["end_ms"])
            lost[name] = lost.get(name, 0.0) + (_shared(speech, union([*refused, span])) - _shared(speech, refused)) / 1000
            refused = union([*refused, span])
    whole = sum(span.duration for span in speech)
    if unclipped := (whole - _shared(speech, refused)) / 1000:
        lost["no clip"] = unclipped
    return {"speech": {"of": whole / 1000, "right": _shared(speech, kept) / 1000}, **({"lost": lost} if lost else {})} if speech else {}


def _shared(one: Iterable[Span], other: Sequence[Span]) -> int:
    return sum(overlap(a.start, a.end, b.start, b.end) for a in one for b in other)

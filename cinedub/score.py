"""A built dataset against the truth: words, speakers, scenes, kinds. Before correction (as heard) and after."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import meeteval
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from cinedub import shards
from cinedub.errors import UsageError
from cinedub.scoretable import markdown, table
from cinedub.truth import TrueLine, Truth, read
from cinedub.wording import tokens
from schemas.record import upgrade

__all__ = ["markdown", "score", "table"]

#: A clip may reach this far over a join between scenes.
JOIN_TOLERANCE_MS = 100
#: A line is covered when at least this share of its words was found.
COVERED = 0.5
#: Collars as ± seconds around every border of the truth; pyannote.metrics takes the whole width.
COLLARS = {"der": 0.25, "der_strict": 0.0}


@dataclass
class Film:
    """One film's truth and everything that the dataset holds of it, on the film's clock, in order of time."""

    truth: Truth
    records: list[dict[str, Any]] = field(default_factory=list)


def score(out: Path, truths: Sequence[Path]) -> dict[str, Any]:
    """Every measure for every film and in total: ``{"films": {name: measures}, "total": measures}``.

    A film of which nothing was kept scores as lost, not as absent.

    Raises:
        UsageError: a truth that can't be read, or given twice.
        ShardError: no finished dataset in ``out``.
    """
    films = _gather(out, truths)
    scores = {name: _measures(film) for name, film in films.items()}
    return {"films": scores, "total": _total(list(scores.values()))}


def _gather(out: Path, truths: Sequence[Path]) -> dict[str, Film]:
    films: dict[str, Film] = {}
    names: dict[str, str] = {}
    for path in truths:
        truth = read(path)
        if truth.film in films:
            raise UsageError(f"two truths for the film {truth.film!r}")
        films[truth.film] = Film(truth)
        names |= {name: truth.film for name in (truth.film, truth.title, path.stem) if name}
    for shard in shards.shards_in(out):
        for _, sample in shards.read_shard(shard, ["json"]):
            record = upgrade(json.loads(sample["json"]))
            name = names.get(record["film"]["title"]) or names.get(record["film"]["id"])
            if name:
                kept = ("span_ms", "kind", "lines", "turns", "asr_turns", "speakers")
                films[name].records.append({key: record[key] for key in kept})
    for film in films.values():
        film.records.sort(key=lambda record: record["span_ms"])
    return films


def _measures(film: Film) -> dict[str, Any]:
    truth, records = film.truth, film.records
    lines = [
        {**line, "start_ms": line["start_ms"] + record["span_ms"][0], "end_ms": line["end_ms"] + record["span_ms"][0]}
        for record in records
        for line in record["lines"]
    ]
    lines.sort(key=lambda line: (line["start_ms"], line["end_ms"]))
    turns = {name: _annotation(film, name) for name in ("asr_turns", "turns")}
    reference = _reference(truth)
    words = "cer" if truth.tongue == "zh" else "wer"
    after, found = _words(truth, [line["text"] for line in lines])
    before, _ = _words(truth, [line["asr_text"] for line in lines])
    return {
        "language": truth.tongue,
        "clips": len(records),
        "seconds": {"film": truth.duration_ms / 1000, "kept": sum(end - start for start, end in (r["span_ms"] for r in records)) / 1000},
        f"{words}_before": before,
        words: after,
        **{
            name + suffix: cp
            for suffix, field_name in (("_before", "asr_text"), ("", "text"))
            for name, cp in {f"cp{words}": _cp(truth, lines, field_name)}.items()
            if cp
        },
        **{
            name + suffix: _der(reference, turns[source], truth.duration_ms, collar)
            for name, collar in COLLARS.items()
            for suffix, source in (("_before", "asr_turns"), ("", "turns"))
            if truth.turns
        },
        "speakers": {"truth": len({turn.speaker for turn in truth.turns}), "found": len(turns["turns"].labels())},
        "joins": _joins(truth, records),
        "lines": _share(found, lambda share: share >= COVERED),
        "kind": _kinds(truth, records),
        "gender": _genders(truth, records),
    }


def _words(truth: Truth, said: Iterable[str]) -> tuple[dict[str, Any], list[float]]:
    """Errors over the whole film, and for each true line the share of its words that was found."""
    reference = [tokens(line.text, truth.tongue) for line in truth.spoken]
    hypothesis = [token for text in said for token in tokens(text, truth.tongue)]
    joined = [token for line in reference for token in line]
    if not joined:
        return _rate(0, 0, 0, len(hypothesis), 0), []
    aligned = jiwer.process_words(" ".join(joined), " ".join(hypothesis))
    hits = [False] * len(joined)
    for chunk in aligned.alignments[0]:
        if chunk.type == "equal":
            hits[chunk.ref_start_idx : chunk.ref_end_idx] = [True] * (chunk.ref_end_idx - chunk.ref_start_idx)
    shares, place = [], 0
    for line in reference:
        if line:
            shares.append(sum(hits[place : place + len(line)]) / len(line))
        place += len(line)
    return _rate(len(joined), aligned.substitutions, aligned.deletions, aligned.insertions, aligned.hits), shares


def _rate(words: int, substitutions: int, deletions: int, insertions: int, hits: int) -> dict[str, Any]:
    errors = substitutions + deletions + insertions
    return {
        "rate": errors / words if words else float(bool(errors)), "words": words, "errors": errors,
        "substitutions": substitutions, "deletions": deletions, "insertions": insertions, "hits": hits,
    }  # fmt: skip


def _cp(truth: Truth, lines: list[dict[str, Any]], text: str) -> dict[str, Any] | None:
    """Word errors with speakers kept apart, the best pairing of speakers counted (concatenated minimum permutation).

    Only where the truth says whose words a line holds; what was found is taken from the same stretches of film.
    """
    owned = [(line, truth.speaker_of(line)) for line in truth.spoken]
    known = [(line, speaker) for line, speaker in owned if speaker]
    if not known:
        return None
    reference: dict[str, list[str]] = {}
    for line, speaker in known:
        reference.setdefault(speaker, []).extend(tokens(line.text, truth.tongue))
    all_known = len(known) == len(owned)
    hypothesis: dict[str, list[str]] = {}
    for said in lines:
        if all_known or _belongs(said, owned):
            hypothesis.setdefault(said["speaker"], []).extend(tokens(said[text], truth.tongue))
    # An empty stream stands for nobody: meeteval wants at least one on each side.
    result = meeteval.wer.cp_word_error_rate(
        [" ".join(words) for words in reference.values()], [" ".join(words) for words in hypothesis.values()] or [""],
        reference_sort=False, hypothesis_sort=False,
    )  # fmt: skip
    return {"rate": result.error_rate, "words": result.length, "errors": result.errors}


def _belongs(said: dict[str, Any], owned: list[tuple[TrueLine, str | None]]) -> bool:
    """Whether the true line that a found line overlaps most has one known speaker."""
    line, speaker = max(owned, key=lambda pair: _overlap(said["start_ms"], said["end_ms"], pair[0].start_ms, pair[0].end_ms))
    return bool(speaker and _overlap(said["start_ms"], said["end_ms"], line.start_ms, line.end_ms))


def _annotation(film: Film, name: str) -> Annotation:
    turns = Annotation()
    for record in film.records:
        zero = record["span_ms"][0]
        for turn in record[name]:
            segment = Segment((zero + turn["start_ms"]) / 1000, (zero + turn["end_ms"]) / 1000)
            turns[segment, turns.new_track(segment)] = turn["speaker"]
    return turns


def _reference(truth: Truth) -> Annotation:
    turns = Annotation()
    for turn in truth.turns:
        segment = Segment(turn.start_ms / 1000, turn.end_ms / 1000)
        turns[segment, turns.new_track(segment)] = turn.speaker
    return turns


def _der(reference: Annotation, hypothesis: Annotation, duration_ms: int, collar: float) -> dict[str, Any]:
    """Diarization error over the whole film and its parts, in seconds of speech (overlapped speech counts for each speaker)."""
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=False)
    parts = metric(reference, hypothesis, uem=Timeline([Segment(0, duration_ms / 1000)]), detailed=True)
    names = {"missed detection": "missed", "false alarm": "false_alarm", "confusion": "confusion", "total": "total"}
    seconds = {short: round(parts[long], 3) for long, short in names.items()}
    return {"rate": _ratio(seconds["missed"] + seconds["false_alarm"] + seconds["confusion"], seconds["total"]), **seconds}


def _joins(truth: Truth, records: list[dict[str, Any]]) -> dict[str, int]:
    """Borders between true scenes, and how many of them no clip crosses."""
    near = JOIN_TOLERANCE_MS
    spans = [record["span_ms"] for record in records]
    crossed = sum(any(start < last - near and end > first + near for start, end in spans) for last, first in truth.joins)
    return {"of": len(truth.joins), "right": len(truth.joins) - crossed}


def _kinds(truth: Truth, records: list[dict[str, Any]]) -> dict[str, int]:
    """True scenes whose kind is that of the clip that shares most with them; a scene without a clip is wrong."""
    right = 0
    for start, end, kind in truth.scenes():
        best = max(records, key=lambda record: _overlap(start, end, *record["span_ms"]), default=None)
        right += bool(best and _overlap(start, end, *best["span_ms"]) and best["kind"] == kind)
    return {"of": len(truth.scenes()), "right": right}


def _genders(truth: Truth, records: list[dict[str, Any]]) -> dict[str, int]:
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
                if common := _overlap(start, end, true.start_ms, true.end_ms):
                    with_whom = shared.setdefault(true.speaker, {})
                    with_whom[name] = with_whom.get(name, 0) + common
    right = 0
    for speaker, gender in genders.items():
        with_whom = shared.get(speaker, {})
        if with_whom:
            ballot = votes[max(with_whom, key=lambda name: with_whom[name])]
            right += max(ballot, key=lambda label: ballot[label]) == gender
    return {"of": len(genders), "right": right}


def _share(values: Sequence[float], right: Callable[[float], bool]) -> dict[str, int]:
    return {"of": len(values), "right": sum(right(value) for value in values)}


def _overlap(start: int, end: int, other_start: int, other_end: int) -> int:
    return max(0, min(end, other_end) - max(start, other_start))


def _ratio(errors: float, total: float) -> float:
    return errors / total if total else 0.0 if not errors else math.inf


def _total(films: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums over films; rates from the sums."""
    total: dict[str, Any] = {}
    for film in films:
        for name, value in film.items():
            if isinstance(value, dict):
                mine = total.setdefault(name, {})
                for part, number in value.items():
                    mine[part] = mine.get(part, 0) + number
            elif name == "clips":
                total[name] = total.get(name, 0) + value
    for value in total.values():
        if isinstance(value, dict) and "rate" in value:
            errors = value["errors"] if "errors" in value else value["missed"] + value["false_alarm"] + value["confusion"]
            value["rate"] = _ratio(errors, value["words"] if "words" in value else value["total"])
    return total

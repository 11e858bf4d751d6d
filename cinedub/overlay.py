"""What people said of a dataset's clips: an overlay beside it, applied by the next build as the strongest evidence.

``OUT/edits/edits.jsonl`` holds one ``schemas.Review`` a line, in the order in which they were said; it is only appended to, but for clips that are
forgotten. A review finds its line by what the person saw (the text, the speaker or the times, at about that time), so that it holds when earlier
stages number lines anew.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from cinedub import commit, description, edits, storage
from cinedub.backends import roles
from cinedub.errors import UsageError
from cinedub.lines import kind_of
from cinedub.witness import Witness, kept_times
from schemas import Correction, Dropped, Line, Review, Script, codec

REJECTED = "REJECTED"
#: A line as a review looks for it: speaker, start and end in ms from the clip's start, text.
Seen = tuple[str, int, int, str]


def place(out: Path) -> Path:
    """Where a dataset's overlay is."""
    return out / commit.EDITS


def read(out: Path) -> dict[str, tuple[Review, ...]]:
    """Everything that was said, by clip, in order.

    Raises:
        UsageError: a line that is no review, with its number.
    """
    found: dict[str, list[Review]] = {}
    path = place(out)
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else (), 1):
        try:
            review = codec.decode(line, Review)
        except msgspec.DecodeError as error:
            raise UsageError(f"{path}: line {number} is no edit ({error}); mend it or take it out") from error
        found.setdefault(review.key, []).append(review)
    return {key: tuple(said) for key, said in found.items()}


def append(out: Path, said: Sequence[Review]) -> None:
    """Add reviews, all or none, on disk when this returns; several people may write at once."""
    path, data = place(out), b"".join(codec.encode(review) + b"\n" for review in said)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("ab", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.write(data)
            os.fsync(stream.fileno())
    except OSError as error:
        raise storage.storage_error(error, path) from error


def take_out(out: Path, keys: set[str]) -> None:
    """Forget what was said of some clips, for good: the one time that lines leave the overlay."""
    path = place(out)
    if not path.exists():
        return
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        lines = stream.read().splitlines(keepends=True)
        kept = [line for line in lines if codec.decode(line, Review).key not in keys]
        if len(kept) < len(lines):
            storage.write_atomic(path, b"".join(kept))


def rejected(said: Sequence[Review]) -> Review | None:
    """The review that takes the clip out, unless a later one called it back."""
    verdicts = [review for review in said if review.kind in ("reject", "restore")]
    return verdicts[-1] if verdicts and verdicts[-1].kind == "reject" else None


def find(review: Review, lines: Sequence[Seen]) -> int | None:
    """The line that a review is about: it still is what the person saw, and shares most time with where they saw it."""
    best: tuple[int, int] | None = None
    for number, (speaker, start, end, text) in enumerate(lines):
        now = {"text": text, "speaker": speaker, "time": f"{start}-{end}"}.get(review.kind)
        shared = min(end, review.end_ms) - max(start, review.start_ms)
        if now == review.before and shared > 0 and (best is None or shared > best[0]):
            best = shared, number
    return best[1] if best else None


def apply(script: Script, said: Sequence[Review], witness: Witness | None = None) -> Script | Dropped:
    """The script with what people said of it, each review kept among its corrections; ``Dropped`` when they rejected the clip.

    A person's word is not weighed against sound, voice or face; it is refused only when its line or its speaker isn't there any more, or
    its times leave the clip. New words get their times from the sound where ``witness`` can hear them.
    """
    clip = script.clip
    if taken := rejected(said):
        text, why = " ".join(line.text for line in script.lines), {"by": taken.by, "at": taken.at, "reason": taken.reason}
        return Dropped(script.id, clip.film.id, clip.span, "Amend", REJECTED, 0.0, 0.0, text, why)
    lines, turns, verdicts = list(script.lines), script.turns, []
    for review in said:
        if review.kind == "reject" or review.kind == "restore":
            continue
        number = find(review, [_seen(line, clip.span.start) for line in lines])
        refusal = "the line is no longer what it was" if number is None else _refusal(review, script)
        if number is not None and not refusal:
            before = lines[number]
            lines[number] = edits.applied(roles.Edit(review.kind, number, review.before, review.after, review.reason), before, script.cast)
            if review.kind == "text" and witness and (heard := witness.times(lines, number)):
                lines[number] = kept_times(lines[number], heard, before.words)
            turns = edits.turns_after(turns, before, lines[number])
        verdict: Literal["accepted", "rejected"] = "rejected" if refusal else "accepted"
        line = review.line if number is None else number
        evidence: dict[str, Any] = {"at": review.at, "said": review.reason}
        verdicts.append(
            Correction(review.kind, line, review.before, review.after, refusal or "a person's word", evidence, verdict, f"person:{review.by}")
        )
    after, corrections = edits.in_order(lines, (*script.corrections, *verdicts))
    cast = dataclasses.replace(script.cast, turns=turns)
    kind, emotion, clue = kind_of(after, cast), description.vote(after), script.clue
    if clue == _described(script, script.lines):
        clue = description.describe(after, cast.speakers, kind, emotion, clip.film.language)
    return Script(script.cast, after, turns, kind, emotion, clue, corrections)


def _described(script: Script, lines: Sequence[Line]) -> str:
    return description.describe(lines, script.cast.speakers, script.kind, script.emotion, script.clip.film.language)


def _refusal(review: Review, script: Script) -> str:
    if review.kind == "speaker" and review.after not in {speaker.id for speaker in script.cast.speakers}:
        return "the cast has no such speaker"
    if review.kind == "time" and int(review.after.partition("-")[2]) > script.clip.span.duration:
        return "the times leave the clip"
    return ""


def _seen(line: Line, zero: int) -> Seen:
    return line.speaker, line.span.start - zero, line.span.end - zero, line.text


def shown(record: dict[str, Any], said: Sequence[Review]) -> dict[str, Any]:
    """A record as it will be: what is not in its corrections yet laid over its lines; ``edits`` with the state of each, ``rejected``."""
    known = {(row["by"], row["evidence"].get("at"), row["kind"], row["after"]): row for row in record["corrections"]}
    lines = [dict(line) for line in record["lines"]]
    told = []
    for review in said:
        row = codec.builtins(review)
        if judged := known.get((f"person:{review.by}", review.at, review.kind, review.after)):
            row["state"] = "applied" if judged["verdict"] == "accepted" else f"refused: {judged['reason']}"
        elif review.kind not in ("reject", "restore"):
            number = find(review, [(line["speaker"], line["start_ms"], line["end_ms"], line["text"]) for line in lines])
            row["state"] = "waits for the next build" if number is not None else "the line is no longer what it was"
            if number is not None:
                _lay(lines[number], review)
        told.append(row)
    return {**record, "lines": lines, "edits": told, "rejected": rejected(said) is not None}


def _lay(line: dict[str, Any], review: Review) -> None:
    if review.kind == "text":
        line |= {"text": review.after, "words": []}
    elif review.kind == "speaker":
        line["speaker"] = review.after
    else:
        start, _, end = review.after.partition("-")
        line |= {"start_ms": int(start), "end_ms": int(end), "words": []}

"""What a corrector is told of a passage: plain JSON, times in ms from the passage's start. It is data, whatever people say in it.

Lines and faces are numbered through all clips of the passage; ``Draft.told`` and ``mine`` translate between that and a clip's own numbers and times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cinedub.backends.roles import Edit
from cinedub.witness import Witness
from schemas import Cast, Correction, Line, Passage, Span

#: Characters of JSON that fit a small context window with room for the answer.
MAX_CHARS = 24_000
_TIMES = re.compile(r"\s*(\d{1,9})-(\d{1,9})\s*")


@dataclass(frozen=True, slots=True)
class Draft:
    """A clip while it is argued about: its lines as they stand (in their first places, parts taken from them behind), turns in ``cast``, and the
    verdicts so far."""

    cast: Cast
    lines: tuple[Line, ...]
    judged: tuple[Correction, ...] = ()


def evidence(drafts: Sequence[Draft], passage: Passage, max_chars: int = MAX_CHARS, witnesses: Sequence[Witness] = ()) -> dict[str, Any]:
    """Everything heard and seen in a passage. What tells least goes first when it is too long: words, then other readings, then turns.

    ``witnesses``: one for each clip, asked which lines sound like somebody else here and there.
    """
    zero = drafts[0].cast.clip.span.start

    def ms(span: Span) -> dict[str, int]:
        return {"start_ms": span.start - zero, "end_ms": span.end - zero}

    told: dict[str, Any] = {
        "language": passage.language,
        "glossary": list(passage.glossary),
        "before": [{"speaker": speaker, "text": text} for speaker, text in passage.before],
        "clips": [{"id": number, **ms(draft.cast.clip.span)} for number, draft in enumerate(drafts)],
        "lines": [], "speakers": [], "faces": [], "shots_ms": [], "turns": [], "utterances": [], "judged": [],
        "after": [{"speaker": speaker, "text": text} for speaker, text in passage.after],
    }  # fmt: skip
    for number, draft in enumerate(drafts):
        cast, first_face = draft.cast, len(told["faces"])
        owners = {index: speaker.id for speaker in cast.speakers for index in speaker.faces}
        told["judged"] += [_told(past, len(told["lines"]), cast.clip.span.start - zero) for past in draft.judged]
        said = [
            {"id": place, "clip": number, "speaker": line.speaker, **ms(line.span), "text": line.text, "on_screen": line.on_screen,
             "words": [[word.text, word.span.start - zero, word.span.end - zero, round(word.confidence, 2)] for word in line.words]}
            for place, line in enumerate(draft.lines, start=len(told["lines"]))
        ]  # fmt: skip
        for row, line in zip(said, draft.lines, strict=True) if witnesses else ():
            if strangers := witnesses[number].strangers(line):
                row["voices"] = [{"speaker": who, **ms(span), "margin": margin} for span, who, margin in strangers]
        told["lines"] += sorted(said, key=lambda line: (line["start_ms"], line["end_ms"]))
        told["faces"] += [
            {"index": first_face + place, "clip": number, "speaker": owners.get(track.index), **ms(track.span),
             "speaking": [{**ms(span), "score": round(score, 2)} for span, score in track.speaking]}
            for place, track in enumerate(cast.faces.tracks)
        ]  # fmt: skip
        told["shots_ms"] += [[span.start - zero, span.end - zero] for span in cast.clip.shots]
        told["turns"] += [{"speaker": turn.speaker, **ms(turn.span), "score": round(turn.score, 2)} for turn in cast.turns]
        told["utterances"] += [
            {**ms(heard.span), "text": heard.text, "confidence": round(heard.confidence, 2), "alternatives": list(heard.alternatives[:5])}
            for heard in cast.clip.utterances
        ]
    speakers = {speaker.id: speaker for draft in drafts for speaker in draft.cast.speakers}
    told["speakers"] = [{"id": s.id, "age": s.age, "gender": s.gender, "timbre": list(s.timbre)} for s in speakers.values()]
    for shorten in _SHORTER:
        if len(json.dumps(told, ensure_ascii=False)) <= max_chars:
            break
        shorten(told)
    return told


def mine(edits: Sequence[Edit], drafts: Sequence[Draft], number: int) -> list[Edit]:
    """The edits of clip ``number``, its lines numbered from 0 and times from its start. The last clip gets those of lines that nobody has."""
    first = sum(len(draft.lines) for draft in drafts[:number])
    end = first + len(drafts[number].lines) if number + 1 < len(drafts) else 2**31
    later = drafts[0].cast.clip.span.start - drafts[number].cast.clip.span.start
    low = first if number else -(2**31)
    own = [replace(edit, line=edit.line - first) for edit in edits if low <= edit.line < end]
    return [replace(e, before=_shifted(e.before, later), after=_shifted(e.after, later)) if e.kind == "time" else e for e in own]


def _told(past: Correction, first: int, later: int) -> dict[str, Any]:
    before, after = (_shifted(side, later) if past.kind == "time" else side for side in (past.before, past.after))
    return {"kind": past.kind, "line": first + past.line, "before": before, "after": after, "verdict": past.verdict, "reason": past.reason}


def _shifted(times: str, ms: int) -> str:
    """``"start-end"`` so much later; what isn't that stays as it is, and is refused as a time before the start is."""
    found = _TIMES.fullmatch(times)
    return f"{int(found[1]) + ms}-{int(found[2]) + ms}" if found else times


def _without_words(told: dict[str, Any]) -> None:
    for line in told["lines"]:
        del line["words"]


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda told: told.update({name: []})


_SHORTER: tuple[Callable[[dict[str, Any]], None], ...] = (
    _without_words, _without("utterances"), _without("judged"), _without("shots_ms"), _without("before"), _without("after"), _without("turns"),
    _without("faces"),
)  # fmt: skip

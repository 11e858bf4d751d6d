"""What a corrector is told of a clip: plain JSON, times in ms from the clip's start. It is data, whatever people say in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from schemas import Cast, Correction, Line, Span

#: Characters of JSON that fit a small context window with room for the answer.
MAX_CHARS = 24_000


def evidence(cast: Cast, lines: Sequence[Line], judged: Sequence[Correction] = (), max_chars: int = MAX_CHARS) -> dict[str, Any]:
    """Everything heard and seen in a clip. What tells least goes first when it is too long: words, then other readings, then turns."""
    clip = cast.clip
    zero = clip.span.start

    def ms(span: Span) -> dict[str, int]:
        return {"start_ms": span.start - zero, "end_ms": span.end - zero}

    owners = {index: speaker.id for speaker in cast.speakers for index in speaker.faces}
    told: dict[str, Any] = {
        "language": clip.film.language,
        "duration_ms": clip.span.duration,
        "lines": [
            {"id": number, "speaker": line.speaker, **ms(line.span), "text": line.text, "on_screen": line.on_screen,
             "words": [[word.text, word.span.start - zero, word.span.end - zero, round(word.confidence, 2)] for word in line.words]}
            for number, line in enumerate(lines)
        ],
        "speakers": [
            {"id": speaker.id, "age": speaker.age, "gender": speaker.gender, "timbre": list(speaker.timbre), "faces": list(speaker.faces)}
            for speaker in cast.speakers
        ],
        "faces": [
            {"index": track.index, "speaker": owners.get(track.index), **ms(track.span),
             "speaking": [{**ms(span), "score": round(score, 2)} for span, score in track.speaking]}
            for track in cast.faces.tracks
        ],
        "shots_ms": [[span.start - zero, span.end - zero] for span in clip.shots],
        "turns": [{"speaker": turn.speaker, **ms(turn.span), "score": round(turn.score, 2)} for turn in cast.turns],
        "utterances": [
            {**ms(heard.span), "text": heard.text, "confidence": round(heard.confidence, 2), "alternatives": list(heard.alternatives[:5])}
            for heard in clip.utterances
        ],
        "judged": [
            {"kind": past.kind, "line": past.line, "before": past.before, "after": past.after, "verdict": past.verdict, "reason": past.reason}
            for past in judged
        ],
    }  # fmt: skip
    for shorten in _SHORTER:
        if len(json.dumps(told, ensure_ascii=False)) <= max_chars:
            break
        shorten(told)
    return told


def _without_words(told: dict[str, Any]) -> None:
    for line in told["lines"]:
        del line["words"]


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda told: told.update({name: []})


_SHORTER: tuple[Callable[[dict[str, Any]], None], ...] = (
    _without_words, _without("utterances"), _without("judged"), _without("shots_ms"), _without("turns"), _without("faces"),
)  # fmt: skip

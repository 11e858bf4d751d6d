"""Lines that sound like somebody else for a while: the words that may be theirs, for the voice on both sides of every border to judge."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from cinedub.backends.roles import Edit
from cinedub.lines import ends_a_phrase
from schemas import Language
from schemas.speech import joined

#: Borders that are tried at each end of a strange stretch, at most so far outside it; and how much (cosine) either side of one has to be more like
#: its own speaker.
_BORDERS, _REACH_MS, _LEAST = 2, 500, 0.1


def parts(evidence: dict[str, Any], language: Language) -> Iterator[Edit]:
    """For every strange stretch of a line the words from one likely border near its start to one near its end: where the line starts or ends, a
    sentence does, or the pause is longest."""
    for line in evidence["lines"]:
        words = line.get("words", ())
        for who, start, end in _whole(line.get("voices", ())):
            middle = (start + end) // 2
            first = _borders(words, start - _REACH_MS, middle)[:_BORDERS]
            last = _borders(words, middle, end + _REACH_MS)[:_BORDERS]
            for (_, low), (_, high) in sorted(itertools.product(enumerate(first), enumerate(last)), key=lambda pair: pair[0][0] + pair[1][0]):
                if low < high and (low, high) != (0, len(words)):
                    part = joined((word[0] for word in words[low:high]), language)
                    yield Edit("part", line["id"], part, who, "the voice is more like another's there", 0.5, _LEAST)


def _whole(voices: Sequence[dict[str, Any]]) -> Iterator[tuple[str, int, int]]:
    """Stretches (who, start, end) that are measured in pieces as one."""
    for who, pieces in itertools.groupby(voices, key=lambda voice: str(voice["speaker"])):
        part = list(pieces)
        yield who, part[0]["start_ms"], max(piece["end_ms"] for piece in part)


def _borders(words: Sequence[Any], start: int, end: int) -> list[int]:
    """Numbers of the words before which a speaker may begin or end between two times, the likeliest first."""
    places = [place for place in range(len(words) + 1) if start <= _time(words, place) <= end]
    return sorted(places, key=lambda place: _depth(words, place), reverse=True)


def _time(words: Sequence[Any], place: int) -> int:
    """The middle of the pause before word ``place``; the start and the end of the line."""
    if place in (0, len(words)):
        return int(words[0][1] if place == 0 else words[-1][2]) if words else 0
    return int(words[place - 1][2] + words[place][1]) // 2


def _depth(words: Sequence[Any], place: int) -> tuple[bool, bool, int]:
    if place in (0, len(words)):
        return True, True, 0
    return False, ends_a_phrase(words[place - 1][0]), words[place][1] - words[place - 1][2]

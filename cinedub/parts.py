"""A part of a line that another speaker says: where it stands, and what becomes of the line. So a line is split, and a border moved."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from cinedub.lines import LINE_GAP_MS, line_of
from cinedub.retiming import bare, units
from schemas import Cast, Correction, Language, Line, Span, Word
from schemas.speech import joined


@dataclass(frozen=True, slots=True)
class Part:
    """A line in three: the words before the part, its own, and those behind it, each with what was heard there."""

    words: tuple[tuple[Word, ...], tuple[Word, ...], tuple[Word, ...]]
    heard: tuple[str, str, str]

    @property
    def span(self) -> Span:
        """From the part's first word to its last, and to the middle of the pauses that part it from the rest."""
        before, own, behind = (_span(words) for words in self.words)
        assert own is not None, "a part has words"
        start = (before.end + own.start) // 2 if before and before.end < own.start else own.start
        end = (own.end + behind.start) // 2 if behind and own.end < behind.start else own.end
        return Span(start, end)

    def borders(self, ms: int) -> list[tuple[Span, Span]]:
        """For each border inside the line, up to so much of the part and of the rest beside it."""
        before, own, behind = (_span(words) for words in self.words)
        assert own is not None, "a part has words"
        first = Span(own.start, min(own.end, own.start + ms)), Span(max(before.start, before.end - ms), before.end) if before else None
        last = Span(max(own.start, own.end - ms), own.end), Span(behind.start, min(behind.end, behind.start + ms)) if behind else None
        return [(inside, outside) for inside, outside in (first, last) if outside]

    @property
    def rest(self) -> list[Span]:
        """Where the words before and behind it are."""
        return [span for words in self.words[::2] if (span := _span(words))]


def find(line: Line, text: str, language: Language) -> Part | None:
    """The one place of a line where these words stand; None where they don't, or more than once. Capitals and punctuation don't matter.

    >>> here = Line("s001", Span(0, 300), "No. Yes!", "", (Word("No.", Span(0, 100), 1.0), Word("Yes!", Span(100, 300), 1.0)), True, None)
    >>> find(here, "yes", "en").span, find(here, "perhaps", "en")
    (Span(start=100, end=300), None)
    """
    plain = [bare(unit) for word in line.words for unit in units(word.text, language)]
    wanted = [bare(unit) for unit in units(text, language)]
    starts = [start for start in range(len(plain) - len(wanted) + 1) if plain[start : start + len(wanted)] == wanted] if wanted else []
    if len(starts) != 1:
        return None
    start, end = starts[0], starts[0] + len(wanted)
    before, rest = _cut(line.words, start, language)
    own, behind = _cut(rest, len(wanted), language)
    if not own:
        return None
    heard = units(line.asr_text, language)
    low, high = (_border([bare(unit) for unit in heard], plain, place) for place in (start, end))
    texts = (joined(part, language) for part in (heard[:low], heard[low:high], heard[high:]))
    return Part((before, own, behind), (next(texts), next(texts), next(texts)))


def parted(line: Line, part: Part, speaker: str, cast: Cast) -> list[Line]:
    """The line as the part, which is now ``speaker``'s, and what is left before and behind it."""
    owners = (line.speaker, speaker, line.speaker)
    pieces = [
        dataclasses.replace(line_of(owner, words, cast), asr_text=heard)
        for owner, words, heard in zip(owners, part.words, part.heard, strict=True)
        if words
    ]
    return sorted(pieces, key=lambda piece: piece.speaker != line.speaker)


def rejoined(lines: Sequence[Line], corrections: Sequence[Correction], cast: Cast) -> tuple[tuple[Line, ...], tuple[Correction, ...]]:
    """Lines in order, those that follow one another of one speaker as one, as they would be had they been heard so; corrections go along."""
    groups: list[list[Line]] = []
    place = []
    for line in lines:
        last = groups[-1][-1] if groups else None
        if last is None or last.speaker != line.speaker or line.span.start - last.span.end > LINE_GAP_MS:
            groups.append([])
        groups[-1].append(line)
        place.append(len(groups) - 1)
    moved = [dataclasses.replace(c, line=place[c.line]) if 0 <= c.line < len(place) else c for c in corrections]
    return tuple(_one(group, cast) for group in groups), tuple(moved)


def _one(group: Sequence[Line], cast: Cast) -> Line:
    if len(group) == 1:
        return group[0]
    language, longest = cast.clip.film.language, max(group, key=lambda line: line.span.duration)
    whole = line_of(longest.speaker, tuple(word for line in group for word in line.words), cast)
    texts = [joined((getattr(line, name) for line in group if getattr(line, name)), language) for name in ("text", "asr_text")]
    return dataclasses.replace(whole, text=texts[0], asr_text=texts[1], emotion=longest.emotion)


def _span(words: Sequence[Word]) -> Span | None:
    return Span(words[0].span.start, max(word.span.end for word in words)) if words else None


def _cut(words: Sequence[Word], place: int, language: Language) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Words before and behind a border between units; one of several units (Chinese characters) that it runs through is cut by their number."""
    for number, word in enumerate(words):
        parts = units(word.text, language)
        if place < len(parts):
            if not place:
                return tuple(words[:number]), tuple(words[number:])
            middle = word.span.start + max(1, word.span.duration * place // len(parts))
            if middle >= word.span.end:
                return tuple(words[:number]), tuple(words[number:])
            pieces = (
                dataclasses.replace(word, text=joined(parts[:place], language), span=Span(word.span.start, middle)),
                dataclasses.replace(word, text=joined(parts[place:], language), span=Span(middle, word.span.end)),
            )
            return (*words[:number], pieces[0]), (pieces[1], *words[number + 1 :])
        place -= len(parts)
    return tuple(words), ()


def _border(heard: Sequence[str], now: Sequence[str], place: int) -> int:
    """Where a border between the units of today's text lies in what was heard."""
    for _, i, j, first, last in difflib.SequenceMatcher(None, heard, now, autojunk=False).get_opcodes():
        if first <= place < last:
            return i + (j - i) * (place - first) // (last - first)
    return len(heard)

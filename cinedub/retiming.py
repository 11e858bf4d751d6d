"""Words of an edited line: those that stay keep their times, those that are new get theirs by interpolation."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass

from schemas import Language, Span, Word

#: Nobody says a unit (an English word, a Chinese character) faster than this.
MIN_UNIT_MS = 40
_OPENING = ("Ps", "Pi")
_CHINESE = re.compile(r"[A-Za-z0-9]+(?:['’.-][A-Za-z0-9]+)*|\S")


def units(text: str, language: Language) -> list[str]:
    """Words (English) or characters with their punctuation (Chinese).

    >>> units("你好，“世界”。", "zh")
    ['你', '好，', '“世', '界”。']
    """
    if language == "en":
        return text.split()
    found: list[str] = []
    opening = ""
    for piece in _CHINESE.findall(text):
        category = unicodedata.category(piece[0])
        if category in _OPENING:
            opening += piece
        elif category.startswith("P") and found and not opening:
            found[-1] += piece
        else:
            found.append(opening + piece)
            opening = ""
    if opening:
        found.append(opening)
    return found


def bare(text: str) -> str:
    """A unit as compared: lower case, letters and digits only; the unit itself where nothing else is in it."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum()) or text


@dataclass(frozen=True, slots=True)
class _Piece:
    """New units with the old word they are (kept), or with nothing yet."""

    units: tuple[str, ...]
    old: Word | None


def retime(words: tuple[Word, ...], text: str, span: Span, language: Language) -> tuple[Word, ...]:
    """Words of ``text`` inside ``span``: a word whose units are all unchanged keeps its span and confidence.

    Changed units share the time of what they replace; inserted ones the pause they stand in, or, where there is none, their
    neighbours' time. The confidence of a changed word is the lowest of those it replaces, 0 for an inserted one.
    """
    after = units(text, language)
    pieces = _match(words, after, language)
    spans: list[Word] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        if piece.old is not None:
            spans.append(Word(_join(piece.units, language), piece.old.span, piece.old.confidence))
            index += 1
            continue
        new, index = list(piece.units), index + 1
        start = spans[-1].span.end if spans else span.start
        while True:
            while index < len(pieces) and pieces[index].old is None:
                new, index = [*new, *pieces[index].units], index + 1
            following = pieces[index] if index < len(pieces) else None
            end = following.old.span.start if following and following.old else span.end
            if end - start >= MIN_UNIT_MS * len(new) or (not spans and following is None):
                break
            if spans:  # take the time of the word before, then of the one after
                last = spans.pop()
                new = [*units(last.text, language), *new]
                start = spans[-1].span.end if spans else span.start
            elif following is not None:
                new, index = [*new, *following.units], index + 1
        replaced = [word.confidence for word in words if word.span.overlap(Span(start, max(end, start + 1))) and word.span.start >= start]
        spans += _spread(new, start, end, min(replaced, default=0.0))
    return tuple(spans)


def _match(words: tuple[Word, ...], after: list[str], language: Language) -> list[_Piece]:
    """The new units in order, grouped into old words that stay whole and runs of everything else."""
    owners = [(bare(unit), number) for number, word in enumerate(words) for unit in units(word.text, language)]
    matcher = difflib.SequenceMatcher(None, [unit for unit, _ in owners], [bare(unit) for unit in after], autojunk=False)
    stays = {old + i: new + i for old, new, size in matcher.get_matching_blocks() for i in range(size)}
    places: dict[int, list[int]] = {}
    for place, (_, number) in enumerate(owners):
        places.setdefault(number, []).append(place)
    kept: dict[int, int] = {}
    for number, own in places.items():
        targets = [stays.get(place) for place in own]
        if targets[0] is not None and targets == list(range(targets[0], targets[0] + len(own))):
            kept.update(dict.fromkeys(range(targets[0], targets[0] + len(own)), number))
    pieces: list[_Piece] = []
    place = 0
    while place < len(after):
        number = kept.get(place, -1)
        end = place + 1
        while end < len(after) and kept.get(end, -1) == number:
            end += 1
        pieces.append(_Piece(tuple(after[place:end]), words[number] if number >= 0 else None))
        place = end
    return pieces


def _spread(new: list[str], start: int, end: int, confidence: float) -> list[Word]:
    """Units over ``[start, end)`` by their length in letters, at least 1 ms each."""
    weights = [len(bare(unit)) for unit in new]
    total, done, at = sum(weights), 0, start
    out = []
    for number, (unit, weight) in enumerate(zip(new, weights, strict=True)):
        done += weight
        until = max(at + 1, min(start + (end - start) * done // total, end - (len(new) - number - 1)))
        out.append(Word(unit, Span(at, until), confidence))
        at = until
    return out


def _join(parts: tuple[str, ...], language: Language) -> str:
    return (" " if language == "en" else "").join(parts)

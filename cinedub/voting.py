"""Several hearings of the same speech, voted place by place: where they differ, the words that are more probably right stay.

The idea is ROVER's (Fiscus, "A post-processing system to yield reduced word error rates: Recognizer output voting error reduction", 1997), with one
recogniser that heard the speech with and without its background.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from cinedub.retiming import bare, units
from schemas import Language, Word

#: Words heard for the same place lie no further apart.
_NEAR_MS = 700


def rightness(words: Sequence[Word]) -> float:
    """Letters that are probably right, less those that are probably wrong: neither a lost nor an invented word pays, nor one written as two."""
    return sum(len(bare(word.text)) * (2 * word.confidence - 1) for word in words)


def vote(ours: Sequence[Word], theirs: Sequence[Word], language: Language) -> list[Word]:
    """``ours`` with the words of ``theirs`` where they differ and ``theirs`` are more probably right.

    Times are on one clock. A place where nothing was heard counts 0 like words of an even chance: words with less than that go, with more they come.
    """
    voted: list[Word] = []
    for own, other in _places(ours, theirs, language):
        voted += other if _plain(own) != _plain(other) and rightness(other) > rightness(own) and _together(own, other) else own
    return voted


def _plain(words: Sequence[Word]) -> str:
    return "".join(bare(word.text) for word in words)


def _together(own: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether both are about one place in the sound; what only one of them has stands where its neighbours do."""
    if not own or not other:
        return True
    return max(own[0].span.start, other[0].span.start) <= min(own[-1].span.end, other[-1].span.end) + _NEAR_MS


def _places(ours: Sequence[Word], theirs: Sequence[Word], language: Language) -> Iterator[tuple[list[Word], list[Word]]]:
    """Both divided alike: stretches of words that agree, and stretches that don't, cut only where both have a word's border."""
    one, other = (_marked(words, language) for words in (ours, theirs))
    matcher = difflib.SequenceMatcher(None, [mark for mark, _ in one], [mark for mark, _ in other], autojunk=False)
    cuts = {(len(one), len(other))}
    for i, j, size in matcher.get_matching_blocks():
        cuts |= {(i + step, j + step) for step in range(size + 1) if _border(one, i + step) and _border(other, j + step)}
    last = (0, 0)
    for cut in sorted(cuts):
        if cut != last:
            yield _words(ours, one, last[0], cut[0]), _words(theirs, other, last[1], cut[1])
            last = cut


def _marked(words: Sequence[Word], language: Language) -> list[tuple[str, int]]:
    """Every unit as it is compared, with the number of its word."""
    return [(bare(unit), number) for number, word in enumerate(words) for unit in units(word.text, language)]


def _border(marks: list[tuple[str, int]], place: int) -> bool:
    return place in (0, len(marks)) or marks[place - 1][1] != marks[place][1]


def _words(words: Sequence[Word], marks: list[tuple[str, int]], start: int, end: int) -> list[Word]:
    return [words[number] for number in sorted({number for _, number in marks[start:end]})]

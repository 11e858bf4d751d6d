"""A place in a line's text where something else should stand, and the words in which an edit says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import Language


@dataclass(frozen=True, slots=True)
class Place:
    """Units ``[start, end)`` of line ``line``, to become ``after``."""

    line: int
    start: int
    end: int
    after: tuple[str, ...]


def wording(place: Place, words: Sequence[str], language: Language) -> tuple[str, str]:
    """``before`` and ``after`` of an edit, with as many neighbours as make ``before`` occur once.

    >>> wording(Place(0, 1, 1, ("the",)), "On ninth of March".split(), "en")
    ('On ninth', 'On the ninth')
    """
    glue = " " if language == "en" else ""
    text = glue.join(words)
    low, high = place.start, place.end
    while low == high or (text.count(glue.join(words[low:high])) > 1 and (low > 0 or high < len(words))):
        low, high = max(0, low - 1), high + (1 if high < len(words) and (low == 0 or high == low) else 0)
    before = glue.join(words[low:high])
    return before, glue.join([*words[low : place.start], *place.after, *words[place.end : high]])

"""Words that may be another's where a line sounds like somebody else for a while."""

from __future__ import annotations

from typing import Any

import pytest

from cinedub import strangers
from cinedub.backends.roles import Edit

WORDS = [
    ["Eleven", 0, 400, 0.9],
    ["spoons!", 400, 900, 0.9],
    ["Who", 1200, 1400, 0.9],
    ["is", 1400, 1500, 0.9],
    ["Anna?", 1500, 2000, 0.9],
    ["Me.", 2600, 3000, 0.9],
]


def proposed(*voices: tuple[str, int, int], words: Any = WORDS) -> list[Edit]:
    told = [{"speaker": who, "start_ms": start, "end_ms": end, "margin": 0.1} for who, start, end in voices]
    line = {"id": 4, "start_ms": 0, "end_ms": 3000, "words": words, "voices": told}
    return list(strangers.parts({"lines": [{"id": 3, "words": words}, line]}, "en"))


@pytest.mark.parametrize(
    ("start", "end", "first"),
    [(0, 1000, "Eleven spoons!"), (1100, 2200, "Who is Anna?"), (2200, 3000, "Me."), (700, 2100, "Who is Anna?")],
)
def test_the_likeliest_words_go_from_a_sentence_to_a_sentence(start: int, end: int, first: str) -> None:
    edits = proposed(("s002", start, end))
    assert (edits[0].kind, edits[0].line, edits[0].before, edits[0].after) == ("part", 4, first, "s002")
    assert 1 <= len(edits) <= 4 and all(edit.least_margin for edit in edits)


def test_stretches_of_one_voice_are_one() -> None:
    assert proposed(("s002", 1100, 1800), ("s002", 1400, 3000))[0].before == "Who is Anna? Me."


def test_a_line_that_is_strange_all_through_or_whose_words_were_not_told_has_no_part() -> None:
    assert Edit("part", 4, "Eleven spoons! Who is Anna? Me.", "s002", "") not in proposed(("s002", 0, 3000))
    assert proposed(("s002", 0, 1000), words=[]) == []

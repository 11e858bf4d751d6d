"""Parts of lines that are another's: where they stand, and what becomes of the line."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cinedub import parts
from cinedub.lines import lines_of
from schemas import Line, Span
from tests.cinedub.test_edits import START, make_cast

CAST = make_cast([("s001", 500, "I read it. Did you like it")])
(LINE,) = lines_of(CAST)


def split(line: Line, text: str, cast: Any = CAST, language: Any = "en") -> list[Line]:
    part = parts.find(line, text, language)
    assert part is not None
    return parts.parted(line, part, "s002", cast)


def at(start: int, end: int) -> Span:
    return Span(START + start, START + end)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("did you like it", [("s001", "I read it.", at(500, 1400)), ("s002", "Did you like it", at(1400, 2600))]),
        ("I read it", [("s001", "Did you like it", at(1400, 2600)), ("s002", "I read it.", at(500, 1400))]),
        ("read it. Did", [("s001", "I", at(500, 800)), ("s001", "you like it", at(1700, 2600)), ("s002", "read it. Did", at(800, 1700))]),
        (LINE.text, [("s002", LINE.text, LINE.span)]),
    ],
)
def test_a_line_is_parted_where_the_words_of_another_begin_and_end(text: str, pieces: list[tuple[str, str, Span]]) -> None:
    assert [(piece.speaker, piece.text, piece.span) for piece in split(LINE, text)] == pieces


@pytest.mark.parametrize("text", ["it", "", "likes", "...", "I read it. Did you like it twice"])
def test_words_that_stand_nowhere_or_more_than_once_are_no_part(text: str) -> None:
    assert parts.find(LINE, text, "en") is None


def test_each_piece_keeps_what_was_heard_there() -> None:
    heard = dataclasses.replace(LINE, asr_text="Eye red. Did you lick it")
    assert {piece.text: piece.asr_text for piece in split(heard, "Did you like it")} == {
        "I read it.": "Eye red.",
        "Did you like it": "Did you lick it",
    }


def test_a_border_between_chinese_characters_may_run_through_a_word() -> None:
    cast = make_cast([("s001", 0, "你来吗？我来。")], language="zh")
    (line,) = lines_of(cast)
    whole = dataclasses.replace(line.words[0], text="你来吗？我来。", span=at(0, 1000))
    pieces = split(dataclasses.replace(line, words=(whole,)), "我来", cast, "zh")
    assert [(piece.text, piece.span) for piece in pieces] == [("你来吗？", at(0, 600)), ("我来。", at(600, 1000))]


def test_the_pause_between_two_speakers_is_halved_between_them() -> None:
    late = tuple(dataclasses.replace(word, span=word.span.shift(400)) for word in LINE.words[3:])
    part = parts.find(dataclasses.replace(LINE, words=(*LINE.words[:3], *late)), "Did you like it", "en")
    assert part is not None and part.span == at(1600, 3000) and part.rest == [at(500, 1400)]


def test_lines_of_one_speaker_that_follow_one_another_become_one_and_corrections_go_along() -> None:
    mine, theirs = split(LINE, "Did you like it")
    other = dataclasses.replace(theirs, span=at(3000, 3500), text="at all", asr_text="and all")
    lines, _ = parts.rejoined([mine, theirs, other], (), CAST)
    assert [(line.speaker, line.text, line.asr_text) for line in lines] == [
        ("s001", "I read it.", "I read it."),
        ("s002", "Did you like it at all", "Did you like it and all"),
    ]
    far = dataclasses.replace(other, span=at(3700, 4000))
    assert parts.rejoined([mine, theirs, far], (), CAST)[0] == (mine, theirs, far)

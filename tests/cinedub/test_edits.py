"""What holds among proposed edits, what is refused and why, and what an accepted edit does to words, times and turns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedub import config, edits, retiming
from cinedub.backends.roles import Edit
from cinedub.lines import lines_of
from cinedub.witness import Witness
from schemas import (
    AudioStream,
    Cast,
    Clip,
    Faces,
    FaceTrack,
    Film,
    Line,
    Reel,
    Shots,
    Span,
    Speaker,
    Stems,
    Turn,
    Utterance,
    VideoStream,
    Voices,
    Word,
)
from schemas.speech import joined

START = 60_000


def words(text: str, start: int, step: int, language: str = "en") -> tuple[Word, ...]:
    parts = text.split() if language == "en" else retiming.units(text, "zh")
    return tuple(Word(part, Span(start + n * step, start + (n + 1) * step), 0.9) for n, part in enumerate(parts))


def make_cast(said: list[tuple[str, int, str]], language: Any = "en", speaking: tuple[tuple[Span, float], ...] = (), step: int = 300) -> Cast:
    """A clip of 10 s at 60 s, two speakers ``s001`` and ``s002``; ``said``: speaker, start in ms from the clip's start, text."""
    film = Film(
        "f0", "f0" * 32, "film.mp4", "film", None, language, VideoStream(0, "h264", 640, 360, "25"), AudioStream(1, "aac", 48_000, 2), 600_000
    )
    reel = Reel(film, Span(0, 600_000), Span(0, 600_000))
    span = Span(START, START + 10_000)
    heard = []
    for _, start, text in said:
        parts = words(text, START + start, step, language)
        heard.append(Utterance(Span(parts[0].span.start, parts[-1].span.end), joined((w.text for w in parts), language), parts, 0.9, (text,)))
    clip = Clip(Stems(Shots(reel, (Span(0, 600_000),)), "m", "v", "b"), span, span, tuple(heard), (span,))
    turns = tuple(Turn(who, utterance.span, 0.8) for (who, _, _), utterance in zip(said, heard, strict=True))
    track = FaceTrack(0, span, 80.0, 0.9, None, None, {}, speaking)
    faces = Faces(clip, (track,), "faces.npz", "mp4")
    speakers = (Speaker("s001", (0,), "adult", "female", ("warm",), ()), Speaker("s002", (), "uncertain", "uncertain", (), ()))
    return Cast(Voices(clip, turns, "v.npz"), faces, speakers, turns)


CAST = make_cast([("s001", 500, "I red the book"), ("s002", 4000, "Did you like it really")])


def argue(*proposed: Edit, cast: Cast = CAST, limit: float = 0.5) -> Any:
    lines, turns, verdicts = edits.argue(lines_of(cast), cast, proposed, config.Correct(max_length_change=limit), "test")
    ordered, verdicts = edits.in_order(lines, verdicts)
    return ordered, turns, verdicts


def test_a_misheard_word_is_replaced_and_every_other_word_keeps_its_time() -> None:
    lines, turns, (verdict,) = argue(Edit("text", 0, "red", "read", "past tense", 0.9))
    assert (lines[0].text, lines[0].asr_text) == ("I read the book", "I red the book")
    assert [word.span for word in lines[0].words] == [word.span for word in lines_of(CAST)[0].words]
    assert turns == CAST.turns
    assert (verdict.verdict, verdict.reason, verdict.before, verdict.after) == ("accepted", "past tense", "red", "read")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit("text", 7, "a", "b", ""), "no line 7"),
        (Edit("text", -1, "a", "b", ""), "no line -1"),
        (Edit("text", 0, "book", "book", ""), "nothing changes"),
        (Edit("text", 0, "boo", "moo", ""), "does not occur once"),
        (Edit("text", 0, "blue", "read", ""), "does not occur once"),
        (Edit("text", 0, "", "read", ""), "does not occur once"),
        (Edit("text", 0, "red", "红", ""), "leaves the script"),
        (Edit("text", 0, "red", "читал", ""), "leaves the script"),
        (Edit("text", 0, "red", "re\u202ed", ""), "leaves the script"),
        (Edit("text", 0, "I red the book", "", ""), "leaves the script"),
        (Edit("text", 0, "I red the book", "book", ""), "length changes"),
        (Edit("text", 0, "I red the book", "I red the book I red the book", ""), "length changes"),
        (Edit("speaker", 0, "s001", "s009", ""), "no such speaker"),
        (Edit("speaker", 0, "s002", "s001", ""), "not this speaker's"),
        (Edit("part", 0, "the book", "s009", ""), "no such speaker"),
        (Edit("part", 0, "the book", "s001", ""), "is this speaker's"),
        (Edit("part", 0, "a book", "s002", ""), "does not occur once"),
        (Edit("time", 0, "500-1700", "soon", ""), "start-end"),
        (Edit("time", 0, "500-1700", "900-500", ""), "start-end"),
        (Edit("time", 0, "500-1700", "500-99000", ""), "leave the clip"),
        (Edit("time", 0, "500-1700", "7000-8200", ""), "leave the words"),
    ],
)
def test_an_edit_that_does_not_hold_is_kept_as_rejected_with_the_reason(edit: Edit, why: str) -> None:
    lines, turns, (verdict,) = argue(edit)
    assert (lines, turns) == (lines_of(CAST), CAST.turns)
    assert verdict.verdict == "rejected" and why in verdict.reason


def test_many_small_edits_cannot_add_up_to_another_text() -> None:
    lines, _, verdicts = argue(*(Edit("text", 0, "book", "good book", "") for _ in range(6)))
    assert [verdict.verdict for verdict in verdicts] == ["accepted"] * 2 + ["rejected"] * 4
    assert lines[0].text == "I red the good good book"


def test_a_line_given_to_another_speaker_takes_its_turn_along() -> None:
    lines, turns, (verdict,) = argue(Edit("speaker", 1, "s002", "s001", "answers himself"))
    assert verdict.verdict == "accepted"
    assert lines[1].speaker == "s001"
    assert [turn.speaker for turn in turns] == ["s001", "s001"]


def test_a_part_given_to_another_speaker_parts_line_and_turn() -> None:
    lines, turns, (verdict,) = argue(Edit("part", 1, "Did you", "s001", "goes on"))
    assert verdict.verdict == "accepted" and verdict.line == 2
    assert [(line.speaker, line.text) for line in lines] == [("s001", "I red the book"), ("s001", "Did you"), ("s002", "like it really")]
    assert [(turn.speaker, turn.span.start - START, turn.span.end - START) for turn in turns] == [
        ("s001", 500, 1700),
        ("s001", 4000, 4600),
        ("s002", 4600, 5500),
    ]


def test_a_part_is_not_given_away_with_the_short_word_beside_it() -> None:
    cast = make_cast([("s001", 500, "I red the book")], step=200)
    _, turns, _ = argue(Edit("part", 0, "red the book", "s002", ""), cast=cast)
    assert [(turn.speaker, turn.span.start - START, turn.span.end - START) for turn in turns] == [("s001", 500, 700), ("s002", 700, 1300)]


def test_nobody_speaks_twice_at_once() -> None:
    cast = make_cast([("s001", 500, "I red the book"), ("s002", 1700, "Did you like it really")])
    _, turns, _ = argue(Edit("speaker", 1, "s002", "s001", "goes on"), cast=cast)
    assert [(turn.speaker, turn.span) for turn in turns] == [("s001", Span(START + 500, START + 3200))]


def test_a_line_is_not_taken_from_the_one_who_is_seen_speaking() -> None:
    cast = make_cast([("s001", 500, "I red the book")], speaking=((Span(START + 400, START + 1800), 0.95),))
    _, _, (verdict,) = argue(Edit("speaker", 0, "s001", "s002", "a guess"), cast=cast)
    assert verdict.verdict == "rejected" and verdict.evidence["seen_speaking"] == {"s001": 0.95, "s002": 0.0}


def test_who_is_heard_too_goes_on_speaking_when_words_go_to_the_other() -> None:
    one, other = Turn("s001", Span(0, 5_000), 0.8), Turn("s002", Span(2_000, 4_000), 0.6)
    turns = edits.handed_over((one, other), "s001", "s002", Span(1_000, 3_000))
    assert [(turn.speaker, turn.span) for turn in turns] == [
        ("s001", Span(0, 1_000)), ("s002", Span(1_000, 4_000)), ("s001", Span(2_000, 5_000)),
    ]  # fmt: skip


def test_moved_borders_move_words_and_turn_and_lines_stay_in_order() -> None:
    lines, turns, (verdict,) = argue(Edit("time", 0, "500-1700", "600-1600", "starts later"))
    assert verdict.verdict == "accepted"
    assert lines[0].span == turns[0].span == Span(START + 600, START + 1600)
    assert all(lines[0].span.covers(word.span) for word in lines[0].words)


def test_a_chinese_homophone_is_replaced_inside_its_line() -> None:
    cast = make_cast([("s001", 0, "大王若是生命，自然知道。")], language="zh")
    lines, _, (verdict,) = argue(Edit("text", 0, "生命", "圣明", "同音"), cast=cast)
    assert verdict.verdict == "accepted" and lines[0].text == "大王若是圣明，自然知道。"
    assert "".join(word.text for word in lines[0].words) == lines[0].text
    assert argue(Edit("text", 0, "生命", "holy wise king", ""), cast=cast)[2][0].verdict == "rejected"


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(st.sampled_from(["a", "bee", "sea", "the", "end"]), min_size=1, max_size=8),
    after=st.lists(st.sampled_from(["a", "bee", "sea", "the", "new"]), min_size=1, max_size=10),
    gap=st.integers(0, 200),
)
def test_retimed_words_are_the_text_in_order_inside_the_line(before: list[str], after: list[str], gap: int) -> None:
    old = tuple(Word(word, Span(n * (300 + gap), n * (300 + gap) + 300), 0.9) for n, word in enumerate(before))
    span = Span(0, old[-1].span.end)
    new = retiming.retime(old, " ".join(after), span, "en")
    assert [word.text for word in new] == after
    assert all(a.span.end <= b.span.start for a, b in itertools.pairwise(new))
    assert span.covers(Span(new[0].span.start, new[-1].span.end))
    if before == after:
        assert new == old


def test_what_rests_on_the_sound_alone_needs_somebody_who_listens() -> None:
    deaf = Witness(CAST, {})
    _, _, (verdict,) = edits.argue(lines_of(CAST), CAST, [Edit("text", 0, "red", "read", "", 0.5, 0.0)], config.Correct(), "test", deaf)
    assert verdict.verdict == "rejected" and "nobody listened" in verdict.reason


class Hears(Witness):
    """A sound that bears every other wording so much worse."""

    margin = -3.0

    def margins(self, lines: Sequence[Line], number: int, text: str) -> dict[str, float]:
        return {"verifier": self.margin}


@pytest.mark.parametrize(
    ("language", "said", "before", "after", "limit"),
    [
        ("zh", "他以前当过原定", "原定", "园丁", -3.5),
        ("zh", "他以前当过原定", "原定", "图书", -2.2),
        ("zh", "他以前当过原定", "过原", "过的原", -2.2),
        ("en", "ask the night to come", "night", "knight", -3.5),
        ("en", "ask the night to come", "night", "village", -2.2),
        ("en", "ask the night to come", "the night", "night", -1.1),
    ],
)
def test_the_sound_may_bear_words_worse_that_sound_like_what_was_heard(language: Any, said: str, before: str, after: str, limit: float) -> None:
    cast = make_cast([("s001", 0, said)], language)
    edit = Edit("text", 0, before, after, "")
    refusal, evidence = edits.verify(edit, lines_of(cast), cast, config.Correct(), Hears(cast, {}))
    assert evidence["min_margin"] == pytest.approx(limit, abs=0.5) and bool(refusal) == (limit > Hears.margin)


class Tells(Witness):
    """A voice that changes from ``s001``'s to ``s002``'s at a moment of the clip."""

    change_ms = 2_000

    def voice(self, span: Span) -> dict[str, float]:
        first = (min(span.end, START + self.change_ms) - span.start) / span.duration
        return {"s001": first, "s002": 1 - first} if span.duration >= 300 else {}

    def likeness(self, span: Span) -> dict[str, float]:
        return {}


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("Did you like it", ""),
        ("the book Did you like it", "a side of the border is in the other's voice"),
        ("like it", "a side of the border is in the other's voice"),
        ("it", "a side of the border is in the other's voice"),
        ("I red the", "a side of the border is in the other's voice"),
    ],
)
def test_a_border_goes_where_the_voice_changes_and_nowhere_else(words: str, refusal: str) -> None:
    cast = make_cast([("s001", 0, "I red the book Did you like it")], step=500)
    found, evidence = edits.verify(Edit("part", 0, words, "s002", ""), lines_of(cast), cast, config.Correct(), Tells(cast, {}))
    assert found == refusal and len(evidence["border_margins"]) == 2


def test_what_rests_on_the_voice_alone_needs_it_on_both_sides_and_clearly() -> None:
    cast = make_cast([("s001", 0, "I red the book Did you like it")], step=500)
    for words, least, refusal in (("Did you like it", 0.9, ""), ("the book Did you like it", None, "other's"), ("like it", 0.1, "other's")):
        edit = Edit("part", 0, words, "s002", "", 0.5, least)
        assert refusal in edits.verify(edit, lines_of(cast), cast, config.Correct(), Tells(cast, {}))[0]
    short = make_cast([("s001", 1_800, "No red")], step=200)
    refusal, _ = edits.verify(Edit("part", 0, "red", "s002", "", 0.5, 0.1), lines_of(short), short, config.Correct(), Tells(short, {}))
    assert refusal == "it rests on the voice alone, and a side is too short for one"


def test_a_part_too_short_for_a_voice_goes_to_whoever_is_seen_speaking() -> None:
    for speaking, refusal in (((), "it is too short to tell whose voice it is"), (((Span(START, START + 200), 0.9),), "")):
        cast = make_cast([("s002", 0, "No I red the book")], step=200, speaking=speaking)
        assert edits.verify(Edit("part", 0, "No", "s001", ""), lines_of(cast), cast, config.Correct(), Silent(cast, {}))[0] == refusal


class Silent(Tells):
    """Nobody's voice is known."""

    def voice(self, span: Span) -> dict[str, float]:
        return {}

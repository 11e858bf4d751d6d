"""A person's word is applied to the line they saw, outweighs everything, and is never lost silently."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cinedub import overlay
from cinedub.errors import UsageError
from cinedub.lines import lines_of
from schemas import Dropped, Emotion, Review, Script, Span
from tests.cinedub.cast_of import cast_of, clip_of

AT = "2026-01-02T03:04:05.000+00:00"


def said(kind: Any, before: str = "", after: str = "", start: int = 1_000, end: int = 2_000, **more: Any) -> Review:
    return Review(KEY, kind, "anna", AT, 0, before, after, start, end, **more)


def script() -> Script:
    heard = [[("to", 1_000, 1_300), ("house", 1_300, 2_000)], [("who", 3_000, 3_400), ("knows", 3_400, 4_000)]]
    cast = cast_of(clip_of(*heard), [("s001", 900, 2_100), ("s002", 2_900, 4_100)])
    return Script(cast, lines_of(cast), cast.turns, "dialogue", Emotion("uncertain", 0.0), "said by a model", ())


KEY = script().id


def test_another_text_gets_its_words_and_keeps_what_was_heard() -> None:
    after = overlay.apply(script(), [said("text", "to house", "two houses")])
    assert isinstance(after, Script)
    assert [line.text for line in after.lines] == ["two houses", "who knows"] and after.lines[0].asr_text == "to house"
    assert [word.text for word in after.lines[0].words] == ["two", "houses"]
    verdict = after.corrections[0]
    assert (verdict.verdict, verdict.by, verdict.evidence["at"]) == ("accepted", "person:anna", AT)


def test_another_speaker_takes_the_turn_along_and_may_change_the_kind() -> None:
    after = overlay.apply(script(), [said("speaker", "s001", "s002")])
    assert isinstance(after, Script)
    assert {line.speaker for line in after.lines} == {turn.speaker for turn in after.turns} == {"s002"} and after.kind == "monologue"


def test_times_move_the_line_and_its_words() -> None:
    after = overlay.apply(script(), [said("time", "1000-2000", "1200-2400")])
    assert isinstance(after, Script)
    assert after.lines[0].span == Span(1_200, 2_400) and after.lines[0].words[-1].span.end == 2_400


def test_edits_of_one_line_follow_each_other() -> None:
    after = overlay.apply(
        script(), [said("text", "to house", "two houses"), said("text", "two houses", "Two houses."), said("speaker", "s001", "s002")]
    )
    assert isinstance(after, Script)
    assert after.lines[0].text == "Two houses." and after.lines[0].speaker == "s002"
    assert [correction.verdict for correction in after.corrections] == ["accepted"] * 3


@pytest.mark.parametrize(
    ("review", "reason"),
    [
        (said("text", "too house", "two houses"), "the line is no longer what it was"),
        (said("text", "to house", "two houses", start=5_000, end=6_000), "the line is no longer what it was"),
        (said("speaker", "s001", "s009"), "the cast has no such speaker"),
        (said("time", "1000-2000", "1000-90000"), "the times leave the clip"),
    ],
)
def test_what_no_longer_fits_is_refused_with_its_reason_and_changes_nothing(review: Review, reason: str) -> None:
    after = overlay.apply(script(), [review])
    assert isinstance(after, Script) and after.lines == script().lines
    assert (after.corrections[0].verdict, after.corrections[0].reason) == ("rejected", reason)


def test_a_rejected_clip_is_dropped_unless_it_was_called_back() -> None:
    dropped = overlay.apply(script(), [said("text", "to house", "two houses"), said("reject", reason="noise")])
    assert isinstance(dropped, Dropped) and dropped.code == "REJECTED" and dropped.detail["by"] == "anna"
    assert isinstance(overlay.apply(script(), [said("reject"), said("restore")]), Script)


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    overlay.append(tmp_path, [said("text", "a", "b")])
    overlay.append(tmp_path, [said("text", "b", "c"), dataclasses.replace(said("reject"), key="other")])
    found = overlay.read(tmp_path)
    assert [review.after for review in found[KEY]] == ["b", "c"] and found["other"][0].kind == "reject"


def test_a_line_that_is_no_edit_is_named(tmp_path: Path) -> None:
    overlay.append(tmp_path, [said("reject")])
    with overlay.place(tmp_path).open("a") as stream:
        stream.write('{"key": "x"\n')
    with pytest.raises(UsageError, match=r"edits\.jsonl: line 2 is no edit"):
        overlay.read(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"after": ""}, {"after": "a\x00b"}, {"by": " "}, {"at": "yesterday"}, {"key": "../x"}, {"kind": "time", "after": "20-10"}]
)
def test_an_edit_that_can_not_be_is_not_made(wrong: dict[str, Any]) -> None:
    fine: dict[str, Any] = {"key": KEY, "kind": "text", "by": "anna", "at": AT, "before": "a", "after": "b"}
    assert Review(**fine)
    with pytest.raises(ValueError):
        Review(**{**fine, **wrong})

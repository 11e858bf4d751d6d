"""Without a language model: doubts, other readings and seen mouths become proposals; what was heard surely is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cinedub import backends, weights
from cinedub.backends.roles import Edit
from cinedub.config import Model
from cinedub.exhibits import Exhibits
from cinedub.retiming import units
from tests.cinedub.test_sentences import small_model


def evidence(words: list[tuple[str, float]], *alternatives: str, glue: str = " ", **more: Any) -> dict[str, Any]:
    text = glue.join(word for word, _ in words)
    timed = [[word, 300 * n, 300 * (n + 1), doubt] for n, (word, doubt) in enumerate(words)]
    line = {"id": 0, "speaker": "s001", "start_ms": 0, "end_ms": 300 * len(words), "text": text, "words": timed}
    said = {"start_ms": 0, "end_ms": 300 * len(words), "text": text, "alternatives": list(alternatives)}
    clip = {"start_ms": 0, "end_ms": 300 * len(words)}
    return {"clips": [clip], "glossary": [], "lines": [line], "utterances": [said], "faces": [], **more}


def propose(told: dict[str, Any], language: str = "en", model: str = "") -> tuple[Edit, ...]:
    return backends.load("corrector", Model("rescorer", model)).propose(told, language, Exhibits(())).edits


def test_another_reading_is_proposed_where_the_recogniser_was_in_doubt() -> None:
    (edit,) = propose(evidence([("You", 0.9), ("lied", 0.4), ("to", 0.9), ("me", 0.9)], "You lie to me", "You lied to me."))
    assert (edit.kind, edit.before, edit.after, edit.least_margin) == ("text", "lied", "lie", 0.5)


def test_what_was_heard_surely_is_left_alone() -> None:
    assert propose(evidence([("You", 0.9), ("lied", 0.8)], "You lie")) == ()


def test_a_word_in_deep_doubt_may_be_one_that_sounds_alike() -> None:
    edits = propose(evidence([("Good", 0.9), ("knight!", 0.1)]))
    assert ("knight!", "night!") in {(edit.before, edit.after) for edit in edits}
    assert all(edit.least_margin and edit.least_margin > 0 for edit in edits)


def test_a_chinese_homophone_that_the_clip_has_elsewhere_is_proposed() -> None:
    edits = propose(evidence([("他", 0.9), ("在", 0.9), ("市", 0.9), ("里", 0.9), ("是", 0.1), ("了", 0.9)], glue=""), "zh")
    assert ("是", "市", "the clip has it elsewhere") in {(edit.before, edit.after, edit.reason) for edit in edits}


def test_likelier_chinese_words_that_are_said_the_same_are_proposed_and_need_the_less_of_the_sound(tmp_path: Path) -> None:
    told = evidence([(unit, 0.9) for unit in ("老", "原", "定，", "她")], glue="")
    (edit,) = propose(told, "zh", str(small_model(tmp_path)))
    assert (edit.before, edit.after) == ("原定，", "园丁，") and edit.least_margin is not None and edit.least_margin < -2
    assert propose(told, "zh") == ()  # nobody can tell without a model
    assert propose(told | {"glossary": ["原定"]}, "zh", str(small_model(tmp_path))) == ()  # somebody's name


def test_another_reading_needs_the_less_of_the_sound_the_likelier_the_sentence_is(tmp_path: Path) -> None:
    told = evidence([("老", 0.9), ("计", 0.9), ("划", 0.4)], "老园丁", glue="")
    least = {edit.after: edit.least_margin for edit in propose(told, "zh", str(small_model(tmp_path))) if "reading" in edit.reason}
    assert least["园丁"] is not None and least["园丁"] < -2
    told = evidence([("他", 0.4), ("老", 0.9)], "她老", glue="")
    assert [edit.least_margin for edit in propose(told, "zh", str(small_model(tmp_path)))] == [0.5]  # he or she: nobody can tell


def test_two_words_in_doubt_that_are_said_as_one_are_offered_as_one() -> None:
    (edit,) = propose(evidence([("The", 0.9), ("best", 0.9), ("chess", 0.9), ("board.", 0.6)]))
    assert (edit.before, edit.after, edit.least_margin) == ("chess board.", "chessboard.", -0.5)
    assert propose(evidence([("Give", 0.9), ("it", 0.9), ("to", 0.6), ("me.", 0.6)])) == ()  # "tome" is said otherwise
    assert propose(evidence([("The", 0.9), ("chess", 0.9), ("board", 0.9)])) == ()


@pytest.mark.skipif(not weights.present("libime-zh"), reason="the weights libime-zh aren't here")
@pytest.mark.parametrize("text", ["我们必须离开图书馆", "他在实验室里等了很久", "现在不行，绝对不行"])
def test_chinese_words_that_are_common_are_left_alone(text: str) -> None:
    assert propose(evidence([(unit, 0.9) for unit in units(text, "zh")], glue=""), "zh", "libime-zh") == ()


@pytest.mark.parametrize(("score", "offered"), [(0.9, True), (0.3, False)])
def test_a_line_is_offered_to_whoever_is_seen_speaking(score: float, offered: bool) -> None:
    face = {"index": 0, "speaker": "s002", "speaking": [{"start_ms": 0, "end_ms": 900, "score": score}]}
    edits = propose(evidence([("I", 0.9), ("did", 0.9), ("it", 0.9)], faces=[face]))
    assert [(edit.kind, edit.before, edit.after) for edit in edits] == ([("speaker", "s001", "s002")] if offered else [])


def test_a_clip_told_without_words_is_left_alone() -> None:
    told = evidence([("knight", 0.1)], "night")
    del told["lines"][0]["words"]
    assert propose(told) == ()

"""How likely Chinese text is as a row of words, and which words are said as others are."""

from __future__ import annotations

import pytest

from cinedub.lexicon import fluency, homophones
from cinedub.soundalike import alike, likeness


@pytest.mark.parametrize(("right", "wrong"), [("我们去地下室", "我们去地下市"), ("她得了肺结核", "她得了费结合"), ("你离开码头吗", "你离开马头吗")])
def test_a_text_of_common_words_is_likelier_than_one_that_sounds_the_same(right: str, wrong: str) -> None:
    assert fluency(right) > fluency(wrong)


def test_more_words_are_less_likely_and_nothing_is_certain() -> None:
    assert fluency("") == 0 > fluency("我") > fluency("我我") > fluency("我我龘")


def test_a_word_said_the_same_is_found_with_its_tones() -> None:
    assert dict(homophones("要计师")) == {"药剂师": 0}
    assert dict(homophones("卡A")) == dict(homophones("12")) == {}


def test_common_words_come_first_among_those_that_sound_alike() -> None:
    assert alike("再", "zh")[0] == "在" and "声明" in alike("生命", "zh")


@pytest.mark.parametrize(
    ("some", "others", "language", "least", "most"),
    [("横 轴 光", "杭 州 望", "zh", 0.6, 0.9), ("原 定", "园 丁", "zh", 1, 1), ("book", "look", "en", 0.5, 0.9), ("kitchen", "lawyer", "en", 0, 0.3),
     ("chess board", "chessboard", "en", 1, 1), ("", "never", "en", 0, 0)],
)  # fmt: skip
def test_likeness_is_the_share_of_the_sounds_that_agree(some: str, others: str, language: str, least: float, most: float) -> None:
    assert least <= likeness(some.split(), others.split(), language) <= most  # type: ignore[arg-type]

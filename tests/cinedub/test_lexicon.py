"""Which Chinese words are said as others are."""

from __future__ import annotations

import pytest

from cinedub.lexicon import homophones, near
from cinedub.soundalike import alike, likeness


def test_a_word_said_the_same_is_found_with_its_tones() -> None:
    assert dict(homophones("要计师")) == {"药剂师": 0}
    assert dict(homophones("卡A")) == dict(homophones("12")) == {}


def test_a_word_has_its_own_reading() -> None:
    assert "银行" in dict(homophones("引航")) and "银行" not in dict(homophones("银星"))


def test_a_word_that_is_a_letter_off_is_found() -> None:
    assert dict(near("投书馆")) == {"图书馆": 0} and "药剂师" not in dict(near("要计师"))
    assert dict(near("A馆")) == dict(near("书")) == {}


def test_common_words_come_first_among_those_that_sound_alike() -> None:
    assert alike("再", "zh")[0] == "在" and "声明" in alike("生命", "zh")


@pytest.mark.parametrize(
    ("some", "others", "language", "least", "most"),
    [("横 轴 光", "杭 州 望", "zh", 0.6, 0.9), ("原 定", "园 丁", "zh", 1, 1), ("book", "look", "en", 0.5, 0.9), ("kitchen", "lawyer", "en", 0, 0.3),
     ("chess board", "chessboard", "en", 1, 1), ("", "never", "en", 0, 0)],
)  # fmt: skip
def test_likeness_is_the_share_of_the_sounds_that_agree(some: str, others: str, language: str, least: float, most: float) -> None:
    assert least <= likeness(some.split(), others.split(), language) <= most  # type: ignore[arg-type]

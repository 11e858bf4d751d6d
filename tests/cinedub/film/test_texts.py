import itertools

import numpy as np
import pytest

from cinedub.film import texts
from cinedub.film.classics import CLASSICS
from cinedub.film.phonemes import viseme
from cinedub.phonemes import spell


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_many_thousand_lines_in_each_language(language):
    assert texts.count(language) > 5000
    source = texts.lines(language, "train", np.random.default_rng(3))
    drawn = [text for text, _ in itertools.islice(source, 3000)]
    assert len(set(drawn)) == 3000
    assert set(drawn) & set(CLASSICS[language])


def test_no_line_is_in_two_splits():
    found = {split: {text for text, _ in _first(split, 300)} for split in ("train", "valid", "test")}
    assert not found["train"] & found["valid"] and not found["train"] & found["test"] and not found["valid"] & found["test"]


def test_the_same_seed_says_the_same():
    assert _first("train", 20) == _first("train", 20)


def test_a_closed_lip_sound_closes_the_mouth_and_an_open_vowel_opens_it():
    assert viseme("m")[0] == 0 and viseme("ɑ")[0] > 0.8 and viseme("u")[1] < 0 < viseme("i")[1]


def test_english_words_keep_their_phonemes_apart():
    pytest.importorskip("hibari")
    words = spell("It's twelve o'clock, Anna.", "en")
    assert [word.text for word in words] == ["It's", "twelve", "o'clock", "Anna"]
    assert words[2].after == "," and words[3].after == "."


def test_chinese_words_are_spelt_with_their_tones():
    pytest.importorskip("misaki")
    assert "".join(word.text for word in spell("你好，船长。", "zh")) == "你好船长"
    assert "↓" in spell("你好。", "zh")[0].phonemes


def _first(split, count):
    source = texts.lines("en", split, np.random.default_rng(1))
    return [next(source) for _ in range(count)]

import itertools
import re
from collections import Counter

import numpy as np
import pytest

from cinedub.film import texts
from cinedub.film.classics import CLASSICS
from cinedub.film.phonemes import viseme
from cinedub.film.vocabulary import TEMPLATES, WORDS
from cinedub.phonemes import spell


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_many_thousand_lines_in_each_language(language):
    assert texts.count(language) > 5000
    source = texts.lines(language, "train", np.random.default_rng(3))
    drawn = [text for text, _ in itertools.islice(source, 3000)]
    assert len(set(drawn)) == 3000
    assert set(drawn) & set(CLASSICS[language])


@pytest.mark.parametrize(("language", "lines"), [("en", 114_714), ("zh", 39_986)])
def test_no_two_ways_to_fill_the_templates_give_the_same_line_and_every_split_has_thousands(language, lines):
    every = {text for told in TEMPLATES[language].values() for _, template in told for text in _filled(template, language)}
    assert len(every) == lines == sum(texts.count(language, style) for style in TEMPLATES[language])
    assert all(count > 3000 for count in Counter(map(texts.split_of, every)).values())


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


def _filled(template, language):
    parts = re.split(r"\{(\w+)\}", template)
    return map("".join, itertools.product(*(WORDS[language][part] if place % 2 else (part,) for place, part in enumerate(parts))))


def _first(split, count):
    source = texts.lines("en", split, np.random.default_rng(1))
    return [next(source) for _ in range(count)]

"""Chinese words out of jieba's dictionary: how common each is, and which are said as others are (readings by pypinyin)."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from importlib import resources

#: Characters of the longest word that is looked up by its sound, and how often a word was counted at least.
LONGEST, _LEAST = 4, 5


def likelihood(word: str) -> float:
    """Log-probability (nats) of one word of the dictionary.

    >>> likelihood("在") > likelihood("再")
    True
    """
    return _likelihoods()[word]


def homophones(heard: str) -> Iterator[tuple[str, int]]:
    """Words of the dictionary with the syllables of one to four characters, each with the number of its tones that differ.

    What is a word is read as that, too: 行 as in 银行.

    >>> dict(homophones("望远境"))
    {'望远镜': 0}
    """
    found: dict[str, int] = {}
    for said in _readings(heard):
        for word in _by_syllables().get(tuple(syllable for syllable, _ in said), ()):
            found[word] = min(_tones(said, word), found.get(word, LONGEST))
    yield from ((word, tones) for word, tones in found.items() if word != heard)


def near(heard: str) -> Iterator[tuple[str, int]]:
    """Words of two to four characters, one syllable of which is a letter off, each with the number of its other tones that differ.

    >>> dict(near("投书馆"))
    {'图书馆': 0}
    """
    found: dict[str, int] = {}
    for said in _readings(heard) if len(heard) > 1 else ():
        syllables = tuple(syllable for syllable, _ in said)
        for place, syllable in enumerate(syllables):
            others = [*said[:place], *said[place + 1 :]]
            for other in _neighbours().get(syllable, ()):
                for word in _by_syllables().get((*syllables[:place], other, *syllables[place + 1 :]), ()):
                    tones = _tones(others, word[:place] + word[place + 1 :])
                    found[word] = min(tones, found.get(word, LONGEST))
    yield from found.items()


def _readings(heard: str) -> set[tuple[tuple[str, str], ...]]:
    if not all(map(is_han, heard)):
        return set()
    return {tuple(_said(character)[0] for character in heard), _said(heard)}


def _tones(said: Sequence[tuple[str, str]], word: str) -> int:
    """How many tones of a word differ."""
    return sum(tone != other for (_, tone), (_, other) in zip(said, _said(word), strict=True))


def is_han(character: str) -> bool:
    """Whether a character is one of the common ideographs."""
    return "一" <= character <= "鿿"


@functools.cache
def _likelihoods() -> dict[str, float]:
    rows = [row.split(" ", 2) for row in (resources.files("jieba") / "dict.txt").read_text("utf-8").splitlines()]
    total = math.log(sum(int(count) for _, count, _ in rows))
    return {word: math.log(max(1, int(count))) - total for word, count, _ in rows}


@functools.cache
def _by_syllables() -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    likelihoods = _likelihoods()
    least = min(likelihoods.values()) + math.log(_LEAST)
    for word, likely in likelihoods.items():
        if likely >= least and len(word) <= LONGEST and all(map(is_han, word)):
            found.setdefault(tuple(syllable for syllable, _ in _said(word)), []).append(word)
    return found


@functools.cache
def _neighbours() -> dict[str, list[str]]:
    """Syllables one letter of which is another, more or missing."""
    from rapidfuzz.distance import Levenshtein

    known = sorted({syllable for word in _by_syllables() for syllable in word})
    return {one: [other for other in known if Levenshtein.distance(one, other, score_cutoff=1) == 1] for one in known}


@functools.cache
def _said(word: str) -> tuple[tuple[str, str], ...]:
    """Syllable and tone of each character, as it is read in the word."""
    from pypinyin.constants import PHRASES_DICT

    spelled = PHRASES_DICT.get(word, ())
    if len(word) == 1 or len(spelled) != len(word):
        return tuple(_reading(character) for character in word)
    return tuple(_syllable(readings[0]) for readings in spelled)


@functools.cache
def _reading(character: str) -> tuple[str, str]:
    """The commonest one."""
    from pypinyin import Style, lazy_pinyin

    return _syllable(lazy_pinyin(character, Style.TONE)[0])


@functools.cache
def _syllable(spelled: str) -> tuple[str, str]:
    """Syllable and tone of ``"yín"``: ``("yin", "2")``."""
    from pypinyin.contrib.tone_convert import to_tone3

    said = to_tone3(spelled, neutral_tone_with_five=True)
    return said[:-1], said[-1]

"""Chinese words with their counts, out of jieba's dictionary: how likely a text is as a row of words, and which words are said as others are."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from importlib import resources

#: A character that is no word is as rare as one that was counted so often.
_RAREST = 0.1
_LONGEST = 6
#: Characters of a word that is looked up by its sound, and how often it was counted at least.
SIZES, _LEAST = (1, 2, 3, 4), 5


def fluency(text: str) -> float:
    """Log-probability (nats) of the likeliest row of words that spells ``text``, each word as likely as it is common.

    >>> fluency("望远镜") > fluency("望远境")
    True
    """
    known, rarest = _likelihoods()
    best = [0.0] + [-math.inf] * len(text)
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + _LONGEST) + 1):
            likelihood = known.get(text[start:end], rarest if end == start + 1 else -math.inf)
            best[end] = max(best[end], best[start] + likelihood)
    return best[-1]


def likelihood(word: str) -> float:
    """Log-probability of one word of the dictionary."""
    return _likelihoods()[0][word]


def homophones(heard: str) -> Iterator[tuple[str, int]]:
    """Words of the dictionary with the syllables of one to four characters, each with the number of its tones that differ.

    Every character has its commonest reading.

    >>> dict(homophones("望远境"))
    {'望远镜': 0}
    """
    said = [_reading(character) for character in heard]
    for word in _by_syllables().get(tuple(syllable for syllable, _ in said), ()):
        if word != heard:
            yield word, sum(_reading(character)[1] != tone for character, (_, tone) in zip(word, said, strict=True))


@functools.cache
def _likelihoods() -> tuple[dict[str, float], float]:
    """The log-probability of every word, and that of a character that is none."""
    rows = [row.split(" ", 2) for row in (resources.files("jieba") / "dict.txt").read_text("utf-8").splitlines()]
    total = math.log(sum(int(count) for _, count, _ in rows))
    return {word: math.log(max(1, int(count))) - total for word, count, _ in rows}, math.log(_RAREST) - total


@functools.cache
def _by_syllables() -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    known, rarest = _likelihoods()
    least = rarest + math.log(_LEAST / _RAREST)
    for word, likely in known.items():
        if likely >= least and len(word) in SIZES and all("一" <= character <= "鿿" for character in word):
            found.setdefault(tuple(_reading(character)[0] for character in word), []).append(word)
    return found


@functools.cache
def _reading(character: str) -> tuple[str, str]:
    """Syllable and tone."""
    from pypinyin import Style, lazy_pinyin

    said = lazy_pinyin(character, Style.TONE3, neutral_tone_with_five=True)[0]
    return said[:-1], said[-1]

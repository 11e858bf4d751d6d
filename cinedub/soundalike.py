"""Words that sound like another: what a recogniser takes for it. English by misaki's pronouncing dictionary, Chinese by pinyin."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from importlib import resources

from cinedub.glossary import sounds
from schemas import Language

#: Marks of stress and length: people hear past them, and so do recognisers.
_MARKS = str.maketrans("", "", "ˈˌːˑ")
#: Chinese words less likely than this (a hundred of jieba's sixty million) are no likely mistake.
_LEAST, _LONGEST = math.log(100 / 60e6), 3


def alike(word: str, language: Language, most: int = 12) -> list[str]:
    """Other words that sound the same, then (English) those one sound away, nearest first; nothing for a word that isn't in the dictionary.

    >>> alike("生命", "zh")[:2]
    ['声明', '声名']
    """
    return _english(word.lower(), most) if language == "en" else _chinese(word, most)


def likeness(some: Sequence[str], others: Sequence[str], language: Language) -> float:
    """How much words sound like others, from 0 to 1: the share of their phonemes (English) or of their toneless pinyin that agrees in order.

    >>> likeness(["原", "定"], ["园", "丁"], "zh"), likeness([], ["不"], "zh")
    (1.0, 0.0)
    """
    from rapidfuzz.distance import Levenshtein

    glue = " " if language == "en" else ""
    first, second = (sounds(glue.join(side), language).replace(" ", "") for side in (some, others))
    return float(Levenshtein.normalized_similarity(first, second)) if first and second else 0.0


def known(word: str) -> bool:
    """Whether an English word stands in the dictionary in small letters: no name."""
    return word.lower() in _dictionary()


def _english(word: str, most: int) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    spoken = _dictionary()
    own = spoken.get(word)
    if own is None:
        return []
    limit = 1 if len(own) > 2 else 0
    near = process.extract(own, spoken, scorer=Levenshtein.distance, score_cutoff=limit, limit=most + 1)
    return [other for _, _, other in sorted(near, key=lambda found: (found[1], abs(len(found[2]) - len(word)), found[2])) if other != word][:most]


def _chinese(word: str, most: int) -> list[str]:
    from cinedub.lexicon import homophones, likelihood

    found = [other for other, _ in homophones(word) if len(other) <= _LONGEST and likelihood(other) >= _LEAST]
    return sorted(found, key=lambda other: (-likelihood(other), other))[:most]


@functools.cache
def _dictionary() -> dict[str, str]:
    """Lower-case words with their phonemes."""
    entries = json.loads((resources.files("misaki") / "data" / "us_gold.json").read_text("utf-8"))
    spoken = {word: sounds if isinstance(sounds, str) else sounds["DEFAULT"] for word, sounds in entries.items()}
    return {word: sounds.translate(_MARKS) for word, sounds in spoken.items() if sounds and word.isascii() and word.isalpha() and word.islower()}

"""Words that sound like another: what a recogniser takes for it. English by misaki's pronouncing dictionary, Chinese by pinyin."""

from __future__ import annotations

import functools
import json
from importlib import resources

from schemas import Language

#: Marks of stress and length: people hear past them, and so do recognisers.
_MARKS = str.maketrans("", "", "ˈˌːˑ")
#: Chinese words rarer than this in jieba's corpus are no likely mistake.
_LEAST_COUNT, _LONGEST = 100, 3


def alike(word: str, language: Language, most: int = 12) -> list[str]:
    """Other words that sound the same, then (English) those one sound away, nearest first; nothing for a word that isn't in the dictionary.

    >>> alike("生命", "zh")[:2]
    ['声明', '声名']
    """
    return _english(word.lower(), most) if language == "en" else _chinese(word, most)


def known(word: str) -> bool:
    """Whether an English word stands in the dictionary in small letters: no name."""
    return word.lower() in _sounds()


def _english(word: str, most: int) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    spoken = _sounds()
    own = spoken.get(word)
    if own is None:
        return []
    limit = 1 if len(own) > 2 else 0
    near = process.extract(own, spoken, scorer=Levenshtein.distance, score_cutoff=limit, limit=most + 1)
    return [other for _, _, other in sorted(near, key=lambda found: (found[1], abs(len(found[2]) - len(word)), found[2])) if other != word][:most]


def _chinese(word: str, most: int) -> list[str]:
    from pypinyin import lazy_pinyin

    return [other for other in _by_pinyin().get(tuple(lazy_pinyin(word)), ()) if other != word][:most]


@functools.cache
def _sounds() -> dict[str, str]:
    """Lower-case words with their phonemes."""
    entries = json.loads((resources.files("misaki") / "data" / "us_gold.json").read_text("utf-8"))
    spoken = {word: sounds if isinstance(sounds, str) else sounds["DEFAULT"] for word, sounds in entries.items()}
    return {word: sounds.translate(_MARKS) for word, sounds in spoken.items() if sounds and word.isascii() and word.isalpha() and word.islower()}


@functools.cache
def _by_pinyin() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Toneless syllables to the words so spoken, commonest first."""
    from pypinyin import lazy_pinyin

    found: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for row in (resources.files("jieba") / "dict.txt").read_text("utf-8").splitlines():
        word, count, *_ = row.split(" ")
        if int(count) >= _LEAST_COUNT and len(word) <= _LONGEST and all("一" <= c <= "鿿" for c in word):
            found.setdefault(tuple(lazy_pinyin(word)), []).append((-int(count), word))
    return {sounds: tuple(word for _, word in sorted(words)) for sounds, words in found.items()}

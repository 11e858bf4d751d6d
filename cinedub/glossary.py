"""Names that are said in a film or a series, each in one spelling: the one that was heard most surely.

A name is what is written with a capital inside a sentence and is no word of the dictionary (English), or what jieba takes for a person's or a
place's name (Chinese). Names that sound alike are one name, spelled in several ways.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cinedub.retiming import bare, units
from schemas import Language, Utterance

#: Heard fewer times it may be a slip of the recogniser.
_LEAST = 2
_MOST = 60
_SENTENCE = (".", "?", "!", "…", ":", '"', "”")
_STOPS = ".,!?;:…\"'“”‘’()。，！？；：、"
_SHORTEST = 3
_MARKS = str.maketrans("", "", "ˈˌːˑ")


def glossary(utterances: Iterable[Utterance], language: Language) -> tuple[str, ...]:
    """The names in their spelling, those that are said most often first; at most 60."""
    heard: dict[str, float] = defaultdict(float)
    times: dict[str, int] = defaultdict(int)
    for utterance in utterances:
        said = [(unit, word.confidence) for word in utterance.words for unit in units(word.text, language)]
        for start, end in places([unit for unit, _ in said], language):
            name = spelling([unit for unit, _ in said[start:end]])
            heard[name] += min(confidence for _, confidence in said[start:end])
            times[name] += 1
    by_sound: dict[str, list[str]] = defaultdict(list)
    for name in heard:
        by_sound[sounds(name, language)].append(name)
    found = [(sum(times[name] for name in group), max(group, key=lambda name: (heard[name], name))) for group in by_sound.values()]
    return tuple(name for count, name in sorted(found, key=lambda pair: (-pair[0], pair[1])) if count >= _LEAST)[:_MOST]


def places(said: Sequence[str], language: Language) -> list[tuple[int, int]]:
    """Where names stand in the units of a line, as [start, end)."""
    return list(_chinese(said) if language == "zh" else _english(said))


def spelling(said: Sequence[str]) -> str:
    """A name without the punctuation and the possessive of its place."""
    return "".join(unit.strip(_STOPS).removesuffix("'s").removesuffix("’s") for unit in said)


@functools.lru_cache(4096)
def sounds(name: str, language: Language) -> str:
    """How a name is said, without stress and tone: phonemes (English; letters alone where nobody knows them), or pinyin."""
    if language == "zh":
        from pypinyin import lazy_pinyin

        return " ".join(lazy_pinyin(name))
    from cinedub.phonemes import spell

    return "".join(word.phonemes for word in spell(name, language)).translate(_MARKS)


def _english(said: Sequence[str]) -> Iterator[tuple[int, int]]:
    from cinedub.soundalike import known

    inside = False
    for place, unit in enumerate(said):
        name = spelling([unit])
        if inside and name[:1].isupper() and name.isalpha() and len(name) >= _SHORTEST and not known(name):
            yield place, place + 1
        inside = not unit.endswith(_SENTENCE)


def _chinese(said: Sequence[str]) -> Iterator[tuple[int, int]]:
    plain = [bare(unit) for unit in said]
    at = {sum(map(len, plain[:place])): place for place in range(len(plain) + 1)}
    start = 0
    for word, kind in _posseg().cut("".join(plain)):
        end = start + len(word)
        if kind in ("nr", "nrt", "ns", "nt") and 2 <= len(word) <= 4 and start in at and end in at:
            yield at[start], at[end]
        start = end


@functools.cache
def _posseg() -> Any:
    import jieba
    from jieba import posseg

    jieba.setLogLevel("ERROR")
    return posseg

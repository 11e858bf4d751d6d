"""Lines that bring every sound beside every other: templates' sentences, and common words in no particular order.

English words are those that Whisper's vocabulary has whole (they are sorted by how common they are) and hibari's lexicon can spell; Chinese
ones are jieba's.
"""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cinedub import weights
from cinedub.film import texts
from cinedub.film.settings import Split
from schemas import Language

_ENGLISH_WORDS, _CHINESE_LEAST = 6_000, 500
_GLUE = (
    "the", "a", "an", "of", "to", "and", "in", "that", "is", "was", "he", "for", "it", "with", "as", "his", "on", "be", "at", "by", "i",
    "this", "had", "not", "are", "but", "from", "or", "have", "they", "which", "one", "you", "were", "her", "all", "she", "there", "would",
    "their", "we", "him", "been", "has", "when", "who", "will", "more", "no", "if", "out", "so", "said", "what", "up", "its", "about",
    "into", "than", "them", "can", "only", "other", "new", "some", "could", "time", "these", "two", "may", "then", "do", "first", "any",
    "my", "now", "such", "like", "our", "over", "me", "even", "most", "made", "after", "also", "did", "many", "before", "must", "through",
    "years", "where", "much", "your", "way", "well", "down", "should", "because", "each", "just", "those", "people", "how", "too", "little",
    "very", "make", "good", "still", "see", "get", "here", "never", "us", "let", "come", "want", "know", "think", "tell", "please", "why",
    "yes", "oh",
)  # fmt: skip
#: Words that one breath says, and the share of lines that short: beginnings and ends are what is hard.
_LENGTHS = ((1, 2, 0.12), (3, 6, 0.33), (7, 12, 0.40), (13, 28, 0.15))
_STOPS = {"en": (", ", "."), "zh": ("，", "。")}
_ENDS = {"en": ".?!", "zh": "。？！"}


@functools.cache
def words(language: Language) -> tuple[str, ...]:
    """Common words, the most common first."""
    if language == "zh":
        import jieba

        rows = [row.split(" ") for row in (Path(jieba.__file__).parent / "dict.txt").read_text("utf-8").splitlines()]
        counted = [(int(row[1]), row[0]) for row in rows if int(row[1]) >= _CHINESE_LEAST and all("一" <= c <= "鿿" for c in row[0])]
        return tuple(word for _, word in sorted(counted, reverse=True))
    spelt = json.loads(gzip.decompress((weights.find("hibari") / "lexicon_us_gold.json.gz").read_bytes()))
    pieces = (weights.find("whisper-base") / "vocabulary.txt").read_text("utf-8").splitlines()
    whole = dict.fromkeys(piece.strip("Ġ ").lower() for piece in pieces if piece[:1] in "Ġ " and len(piece) > 3)
    return tuple(word for word in whole if word.isalpha() and word in spelt)[:_ENGLISH_WORDS]


def lines(language: Language, split: Split, rng: np.random.Generator, templates: float = 0.35) -> Iterator[tuple[str, str]]:
    """(text, emotion) without end; ``templates`` is the share of sentences that mean something."""
    told = texts.lines(language, split, rng)
    while True:
        if rng.random() < templates and (found := next(told, None)):
            yield found
            continue
        text = _strung(language, rng)
        if texts.split_of(text) == split:
            yield text, str(rng.choice(_FEELINGS))


_FEELINGS = ("neutral", "neutral", "happy", "anger", "sadness", "fear", "surprise", "disgust", "tension", "anticipation", "trust", "uncertain")


def _strung(language: Language, rng: np.random.Generator) -> str:
    low, high, _ = _LENGTHS[int(rng.choice(len(_LENGTHS), p=[share for *_, share in _LENGTHS]))]
    chosen = [_word(language, rng) for _ in range(int(rng.integers(low, high + 1)))]
    comma, _ = _STOPS[language]
    text = chosen[0]
    for word in chosen[1:]:
        text += (comma if rng.random() < 0.09 else " " if language == "en" else "") + word
    return text[0].upper() + text[1:] + str(rng.choice(list(_ENDS[language]), p=[0.7, 0.15, 0.15]))


def _word(language: Language, rng: np.random.Generator) -> str:
    if language == "en" and rng.random() < 0.4:
        return str(rng.choice(_GLUE))
    found = words(language)
    return found[int(len(found) * rng.random() ** 1.5)]

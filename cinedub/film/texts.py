"""What people say: sentences grown from templates, many thousand in each language, and a few from old books; no line is in two splits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import numpy as np

from cinedub.film.classics import CLASSICS
from cinedub.film.settings import Split
from cinedub.film.vocabulary import TEMPLATES, WORDS
from schemas import Language

_SLOT = re.compile(r"\{(\w+)\}")
#: One line in so many is from a book.
_BOOKISH = 16
_SHARES: dict[Split, range] = {"train": range(0, 8), "valid": range(8, 9), "test": range(9, 10)}


def split_of(text: str) -> Split:
    """The split that a line belongs to, from its own letters."""
    bucket = hashlib.blake2b(text.encode(), digest_size=4).digest()[0] % 10
    return next(split for split, share in _SHARES.items() if bucket in share)


def lines(language: Language, split: Split, rng: np.random.Generator, style: str = "talk") -> Iterator[tuple[str, str]]:
    """(text, emotion) without end, none twice; ``style`` is ``talk`` or ``story``. Stops when the templates have no more to give."""
    templates = TEMPLATES[language][style]
    said: set[str] = set()
    misses = 0
    while misses < 5000:
        emotion, template = templates[int(rng.integers(len(templates)))]
        quoted = CLASSICS[language][int(rng.integers(len(CLASSICS[language])))]
        emotion, text = (emotion, _grown(template, language, rng)) if rng.integers(_BOOKISH) else ("neutral", quoted)
        if text in said or split_of(text) != split:
            misses += 1
            continue
        misses = 0
        said.add(text)
        yield text, emotion


def count(language: Language, style: str = "talk") -> int:
    """How many lines the templates can give."""
    total = 0
    for _, template in TEMPLATES[language][style]:
        ways = 1
        for slot in _SLOT.findall(template):
            ways *= len(WORDS[language][slot])
        total += ways
    return total


def _grown(template: str, language: Language, rng: np.random.Generator) -> str:
    def word(match: re.Match[str]) -> str:
        choices = WORDS[language][match[1]]
        return choices[int(rng.integers(len(choices)))]

    text = _SLOT.sub(word, template)
    return text[0].upper() + text[1:]

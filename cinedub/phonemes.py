"""Text to phonemes, word by word: English through hibari's port of misaki, Chinese through misaki. Both write Kokoro's alphabet.

A line may mix both: Han characters are read as Chinese, Latin letters as English, whatever the line's language is. Words that no lexicon has
are read by hibari's letter network. Chinese readings of more than one (polyphones) follow pypinyin's phrases, and the few below.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from schemas import Language

PAUSES = frozenset(';:,.!?—…"“”() ')
_HAN = "[一-鿿]+"
#: How a line falls into pieces of one language; what is neither is punctuation. In an English line everything but Han is English.
_PIECES: dict[Language, re.Pattern[str]] = {
    "en": re.compile(f"(?P<han>{_HAN})|(?P<latin>[^一-鿿]+)"),
    "zh": re.compile(rf"(?P<han>{_HAN})|(?P<latin>[A-Za-zÀ-ÿ](?:[A-Za-zÀ-ÿ0-9'’ -]*[A-Za-zÀ-ÿ0-9])?)|(?P<stops>[^一-鿿A-Za-zÀ-ÿ]+)"),
}
_WIDE = re.compile("[、，。．！：；？《》「」【】（）]")
#: Everyday phrases whose polyphones pypinyin misses when jieba hands it the bare word.
_READINGS = {
    "很长": ["hěn", "cháng"], "太长": ["tài", "cháng"], "更长": ["gèng", "cháng"], "多长": ["duō", "cháng"], "最长": ["zuì", "cháng"],
    "这么长": ["zhè", "me", "cháng"], "那么长": ["nà", "me", "cháng"], "重庆": ["chóng", "qìng"], "会计": ["kuài", "jì"], "得去": ["děi", "qù"],
    "得走": ["děi", "zǒu"], "还得": ["hái", "děi"], "总得": ["zǒng", "děi"], "非得": ["fēi", "děi"], "只得": ["zhǐ", "dé"], "觉得": ["jué", "de"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spelling:
    """One written word, the phoneme symbols that say it, and the punctuation that follows it."""

    text: str
    phonemes: str
    after: str


def spell(text: str, language: Language) -> list[Spelling]:
    """The words of a line with their phonemes. Chinese words are those that jieba finds.

    >>> [word.phonemes for word in spell("Hello there.", "en")]
    ['həlˈO', 'ðˈɛɹ']
    """
    words: list[Spelling] = []
    if language == "en" and _WIDE.search(text):
        text = _narrow(text)
    for piece in _PIECES[language].finditer(text):
        found = piece.group()
        if piece.lastgroup == "han":
            words += _chinese(found)
        elif piece.lastgroup == "latin":
            if words:
                words[-1] = _followed(words[-1], _leading_stops(found))
            words += _english(found)
        elif words:
            words[-1] = _followed(words[-1], _stops(found))
    return words


def _followed(word: Spelling, stops: str) -> Spelling:
    return Spelling(word.text, word.phonemes, word.after + stops)


def _stops(text: str) -> str:
    return "".join(c for c in _narrow(text) if c in PAUSES and c != " ")


def _narrow(text: str) -> str:
    from misaki.zh import ZHG2P

    return ZHG2P.map_punctuation(text)


def _leading_stops(text: str) -> str:
    return "".join(c for c in text[: len(text) - len(text.lstrip("".join(PAUSES)))] if c != " ")


@functools.cache
def _g2p() -> Any:
    from hibari.g2p import G2P

    return G2P()


def _english(text: str) -> list[Spelling]:
    g2p = _g2p()
    words: list[Spelling] = []
    pending = ""
    for token in g2p.phonemize_tokens(g2p.tokenize(text)):
        said = "".join(c for c in token.phonemes or "" if c not in PAUSES or c == " ")
        stops = "".join(c for c in token.phonemes or "" if c in PAUSES and c != " ")
        if said:
            if pending and words:  # "it" + "'s": one written word
                last = words.pop()
                words.append(Spelling(last.text + token.text, last.phonemes + said, stops))
            else:
                words.append(Spelling(token.text, said, stops))
        elif words:
            words[-1] = _followed(words[-1], stops)
        if said or token.whitespace or stops:  # a "$" says nothing by itself, and ties nothing together
            pending = "" if token.whitespace or stops else token.text
    return words


def _chinese(text: str) -> list[Spelling]:
    from misaki.zh import ZHG2P

    return [Spelling(word, ZHG2P.word2ipa(word).replace("̯", ""), "") for word in _jieba().lcut(text, cut_all=False)]


@functools.cache
def _jieba() -> Any:
    import jieba
    import pypinyin

    jieba.setLogLevel("ERROR")
    pypinyin.load_phrases_dict({phrase: [[syllable] for syllable in reading] for phrase, reading in _READINGS.items()})
    return jieba

"""Text to phonemes, word by word: English through hibari's port of misaki, Chinese through misaki. Both write Kokoro's alphabet."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from schemas import Language

PAUSES = frozenset(';:,.!?—…"“”() ')
_HAN = re.compile(r"[一-鿿]")


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
    return _chinese(text) if language == "zh" else _english(text)


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
            words[-1] = Spelling(words[-1].text, words[-1].phonemes, words[-1].after + stops)
        pending = "" if token.whitespace or stops else token.text
    return words


def _chinese(text: str) -> list[Spelling]:
    import jieba
    from misaki.zh import ZHG2P

    jieba.setLogLevel("ERROR")
    words: list[Spelling] = []
    for piece in jieba.lcut(text, cut_all=False):
        if _HAN.search(piece):
            words.append(Spelling(piece, ZHG2P.word2ipa(piece).replace("̯", ""), ""))
        elif words:
            stops = "".join(c for c in ZHG2P.map_punctuation(piece) if c in PAUSES and c != " ")
            words[-1] = Spelling(words[-1].text, words[-1].phonemes, words[-1].after + stops)
    return words


#: symbol -> (opening of the mouth in [0, 1], width in [-1 round, 1 spread]). After the viseme classes of Jeffers and Barley (1971).
_VISEMES: dict[str, tuple[float, float]] = {
    **dict.fromkeys("pbm", (0.0, 0.0)),
    **dict.fromkeys("fv", (0.12, 0.2)),
    **dict.fromkeys("θð", (0.25, 0.2)),
    **dict.fromkeys("tdnlszTʦʣɾɨ", (0.22, 0.3)),
    **dict.fromkeys("ʃʒʧʤɕʨʥʂʈɻ", (0.25, -0.5)),
    **dict.fromkeys("kɡŋhxɣχʔ", (0.35, 0.1)),
    **dict.fromkeys("ɹrɥ", (0.25, -0.5)),
    **dict.fromkeys("wʋ", (0.12, -1.0)),
    **dict.fromkeys("jiɪy", (0.3, 0.8)),
    **dict.fromkeys("ɛeæA", (0.6, 0.6)),
    **dict.fromkeys("ɑaɐɒI", (1.0, 0.1)),
    **dict.fromkeys("əɚɜʌᵊᵻɤ", (0.5, 0.0)),
    **dict.fromkeys("ɔoOQY", (0.65, -0.7)),
    **dict.fromkeys("uʊɯ", (0.3, -1.0)),
    **dict.fromkeys("W", (0.85, -0.4)),
}
#: Signs that shape no mouth of their own: stress, length, tone.
SILENT_SIGNS = frozenset("ˈˌː→↓↗↘ʰʲ")


def viseme(symbol: str) -> tuple[float, float]:
    """How far the mouth opens, and how wide it is, for a phoneme symbol; a pause is a closed mouth."""
    return _VISEMES.get(symbol, (0.0, 0.0))

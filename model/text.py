"""A line of text to tokens: normalised, spelt (``cinedub.phonemes``), its signs laid on the sounds they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from cinedub.errors import ElementError
from cinedub.normalise import normalise
from cinedub.phonemes import spell
from model.symbols import AFTER, BEFORE, FLAGS, IDS, PAUSE
from schemas import Language


class TextError(ElementError):
    """A text that nothing can be said for."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sounds and pauses of one line: ``symbols`` are places in Kokoro's alphabet, ``signs`` sums of ``model.symbols.FLAGS``. Both ends are pauses."""

    symbols: tuple[int, ...]
    signs: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.symbols)


def tokenise(text: str, language: Language) -> Tokens:
    """The tokens of a line.

    Raises:
        TextError: TEXT_EMPTY for a line without a word, TEXT_UNSPEAKABLE for one in a script that is neither Latin nor Chinese.

    >>> tokens = tokenise("No, no!", "en")
    >>> tokens.symbols  # pause, n, O, comma, n, O, exclamation mark, pause
    (0, 56, 31, 3, 56, 31, 5, 0)
    """
    if not any(c.isalnum() for c in text):
        raise TextError("TEXT_EMPTY", f"nothing to say in {text!r}")
    foreign = sorted({c for c in text if c.isalpha() and not _readable(c)})
    if foreign:
        raise TextError("TEXT_UNSPEAKABLE", f"only English and Chinese can be spoken; {text[:40]!r} has {''.join(foreign[:8])!r}")
    symbols, signs = [PAUSE], [0]
    for word in spell(normalise(text, language), language):
        _say(" " + word.phonemes, symbols, signs)
        for stop in word.after:
            if stop in IDS and symbols[-1] != IDS[stop]:
                symbols.append(IDS[stop])
                signs.append(0)
    if len(symbols) == 1:
        raise TextError("TEXT_EMPTY", f"no sound was found for {text!r}")
    return Tokens((*symbols, PAUSE), (*signs, 0))


def _readable(c: str) -> bool:
    return c < "ɐ" or "一" <= c <= "鿿" or "Ａ" <= c <= "ｚ"


def _say(phonemes: str, symbols: list[int], signs: list[int]) -> None:
    """Append one word's sounds; a sign that the alphabet lacks is left out."""
    coming = 0
    first = len(symbols)
    for symbol in phonemes:
        if symbol in BEFORE:
            coming |= FLAGS[symbol]
        elif symbol in AFTER:
            if len(symbols) > first:
                signs[-1] |= FLAGS[symbol]
        elif symbol in IDS:
            symbols.append(IDS[symbol])
            signs.append(coming)
            coming = 0

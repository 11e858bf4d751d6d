"""A line of text to tokens: normalised, spelt (``cinedub.phonemes``), its signs laid on the sounds they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cinedub.errors import ElementError
from cinedub.normalise import normalise
from cinedub.phonemes import spell
from model.symbols import AFTER, BEFORE, BLANK, FLAGS, IDS, PAUSE
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
    written: list[str] = [""]
    for word in spell(normalise(text, language), language):
        written += [" ", *word.phonemes, *word.after]
    tokens, _ = laid([*written, ""])
    if len(tokens) <= 2:
        raise TextError("TEXT_EMPTY", f"no sound was found for {text!r}")
    return tokens


def laid(written: Sequence[str]) -> tuple[Tokens, tuple[int, ...]]:
    """Symbols of Kokoro's alphabet (``""`` at both ends) as tokens, and for each of ``written`` the place of the token that it belongs to.

    A sign belongs to its sound, a blank beside a mark to the mark, and what the alphabet lacks to what stands before it.
    """
    symbols, signs, places = [PAUSE], [0], [0]
    coming, waiting = 0, 0
    for symbol in written[1:-1]:
        if symbol in BEFORE:
            coming |= FLAGS[symbol]
            waiting += 1
            continue
        if symbol in AFTER:
            if symbols[-1] > BLANK:
                signs[-1] |= FLAGS[symbol]
        elif symbol in IDS:
            token = IDS[symbol]
            if token == BLANK and symbols[-1] <= BLANK:
                pass
            elif token < BLANK and symbols[-1] == BLANK:
                symbols[-1] = token
            elif token > BLANK or symbols[-1] != token:
                symbols.append(token)
                signs.append(coming)
                coming = 0
        places += [len(symbols) - 1] * (waiting + 1)
        waiting = 0
    if symbols[-1] == BLANK:
        symbols[-1] = PAUSE
        return Tokens(tuple(symbols), (*signs,)), (*places, *[len(symbols) - 1] * (waiting + 1))
    return Tokens((*symbols, PAUSE), (*signs, 0)), (*places, *[len(symbols)] * (waiting + 1))


def spoken(phones: Sequence[tuple[str, int, int]]) -> tuple[Tokens, tuple[int, ...]]:
    """The tokens of a line whose every symbol's time is known (``phones`` of a record: symbol, start and end in ms), and when each token ends, in ms.

    Raises:
        TextError: TEXT_EMPTY where nothing is said.
    """
    tokens, places = laid([symbol for symbol, _, _ in phones])
    if len(tokens) <= 2:
        raise TextError("TEXT_EMPTY", "no sound among the phones")
    ends = [0] * len(tokens)
    for (_, _, end), place in zip(phones, places, strict=True):
        ends[place] = end
    return tokens, tuple(ends)


def _readable(c: str) -> bool:
    return c < "ɐ" or "一" <= c <= "鿿" or "Ａ" <= c <= "ｚ"

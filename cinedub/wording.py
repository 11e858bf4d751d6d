"""Text as it is compared: pinned normalisation for word and character error rates.

English: NFKC, lower case, no punctuation but apostrophes inside words, numbers and a few abbreviations spelled out, contractions in full, American
spelling by Whisper's table (Radford et al., 2022, appendix C), whose author writes so whatever it hears. Fillers and repetitions count, unlike there.
Chinese: simplified, Han characters, letters and spelled digits only. Version 2; a change of rules changes every published figure.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from cinedub.simplified import simplified
from schemas import Language

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
_SAME = {
    "mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint", "ok": "okay", "alright": "all right", "gonna": "going to", "wanna": "want to",
    "gotta": "got to", "cannot": "can not", "'em": "them", "'cause": "because", "anymore": "any more", "let's": "let us", "won't": "will not",
    "can't": "can not", "shan't": "shall not",
}  # fmt: skip
#: Endings that stand for one word alone; 's does so behind these words (and may then still be "has").
_ENDINGS = {"n't": "not", "'re": "are", "'ll": "will", "'ve": "have", "'m": "am"}
_IS = frozenset(f"{word}'s" for word in ("it", "he", "she", "that", "this", "there", "here", "what", "who", "where", "when", "how"))
_DIGITS_ZH = "零一二三四五六七八九"


def tokens(text: str, language: Language) -> list[str]:
    """Words (English) or characters (Chinese) to compare.

    >>> tokens("Mr. Smith's got 21 dogs — OK?", "en")
    ['mister', "smith's", 'got', 'twenty', 'one', 'dogs', 'okay']
    >>> tokens("薛妹妹，21歲。", "zh")
    ['薛', '妹', '妹', '二', '十', '一', '岁']
    """
    text = unicodedata.normalize("NFKC", text).lower()
    return _english(text) if language == "en" else _chinese(text)


def _english(text: str) -> list[str]:
    text = re.sub(r"[’‘`´]", "'", text)
    text = re.sub(r"\b\d{1,3}(?:,\d{3})+\b(?!\.\d)", lambda m: _cardinal(int(m[0].replace(",", ""))), text)
    text = re.sub(r"[$£€](\d[\d.]*)", lambda m: f"{m[1]} {'dollars' if m[0][0] == '$' else 'pounds' if m[0][0] == '£' else 'euros'}", text)
    text = text.replace("%", " percent ").replace("&", " and ")
    text = re.sub(r"(\d+)\.(\d+)", lambda m: f"{m[1]} point {' '.join(m[2])} ", text)
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", lambda m: _ordinal(int(m[1])), text)
    text = re.sub(r"\d+", lambda m: f" {_spoken(m[0])} ", text)
    text = re.sub(r"(?<=\b[a-z])\.(?=[a-z]\b)", "", text)
    words = [word.strip("'") if word not in _SAME else word for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*|'[^\W_]+", text)]
    spelling = _american()
    words = [spelling.get(part, part) for word in words for part in _in_full(word).split()]
    return [word for place, word in enumerate(words) if not (word == "and" and _joins_numbers(words, place))]


@functools.cache
def _american() -> dict[str, str]:
    """British spelling -> American."""
    from whisper_normalizer.english import EnglishSpellingNormalizer

    return EnglishSpellingNormalizer().mapping


def _in_full(word: str) -> str:
    """The words that one stands for: ``i've`` -> ``i have``."""
    if word in _SAME:
        return _SAME[word]
    if word in _IS:
        return f"{word[:-2]} is"
    return next((f"{word.removesuffix(ending)} {full}" for ending, full in _ENDINGS.items() if word.endswith(ending)), word)


def _joins_numbers(words: list[str], place: int) -> bool:
    """Whether the "and" here stands inside a number ("a hundred and five")."""
    return 0 < place < len(words) - 1 and words[place - 1] in ("hundred", "thousand") and words[place + 1] in _numerals()


@functools.cache
def _numerals() -> frozenset[str]:
    """Words that may go on a number after its "and": cardinals and ordinals below a hundred."""
    return frozenset([*_ONES, *_TENS, *(_ordinal(number).split()[-1] for number in range(1, 100))])


def _spoken(digits: str) -> str:
    number = int(digits)
    if len(digits) == 4 and digits[0] in "12" and digits[1:3] != "00" and digits[2:] != "00":  # a year, nearly always
        tail = f"oh {_ONES[number % 100]}" if number % 100 < 10 else _cardinal(number % 100)
        return f"{_cardinal(number // 100)} {tail}"
    if len(digits) > 13 or (len(digits) > 1 and digits[0] == "0"):
        return " ".join(_ONES[int(digit)] for digit in digits)
    return _cardinal(number)


def _cardinal(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    size, name = next((size, name) for size, name in _SCALES if number >= size)
    return f"{_cardinal(number // size)} {name}" + (f" {_cardinal(number % size)}" if number % size else "")


def _ordinal(number: int) -> str:
    *front, last = _cardinal(number).split()
    last = _ORDINALS.get(last) or (last.removesuffix("y") + "ieth" if last.endswith("y") else last + "th")
    return " ".join([*front, last])


def _chinese(text: str) -> list[str]:
    text = re.sub(r"(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])", "", simplified(text))
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"(\d[\d.]*)%", r"百分之\1", text)
    text = re.sub(r"(\d+)\.(\d+)", lambda m: f"{_hanzi(m[1])}点{_one_by_one(m[2])}", text)
    text = re.sub(r"\d{4}(?=年)", lambda m: _one_by_one(m[0]), text)
    text = re.sub(r"\d+", lambda m: _hanzi(m[0]), text).replace("〇", "零").replace("两", "二")
    return [c for c in text if c.isalnum()]


def _hanzi(digits: str) -> str:
    """A number as spoken below 100 million; longer ones, and those with a leading zero, digit by digit."""
    if len(digits) > 8 or (len(digits) > 1 and digits[0] == "0"):
        return _one_by_one(digits)
    high, low = divmod(int(digits), 10_000)
    if not high:
        return _thousands(low, first=True)
    return _thousands(high, first=True) + "万" + (("零" if low < 1000 else "") + _thousands(low, first=False) if low else "")


def _thousands(number: int, first: bool) -> str:
    if number < 10:
        return _DIGITS_ZH[number]
    size, name = next((size, name) for size, name in ((1000, "千"), (100, "百"), (10, "十")) if number >= size)
    head = "" if first and 10 <= number < 20 else _DIGITS_ZH[number // size]
    rest = number % size
    return head + name + (("零" if rest < size // 10 else "") + _thousands(rest, first=False) if rest else "")


def _one_by_one(digits: str) -> str:
    return "".join(_DIGITS_ZH[int(digit)] for digit in digits)

"""Written text to spoken words: numbers, dates, times, money, units, abbreviations.

English goes through hibari's normaliser (its G2P reads plain numbers itself); Chinese numbers through cn2an, by the rules below, first match
first: what is left of a line after one rule is what the next one sees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from schemas import Language

_DIGITS = "零一二三四五六七八九"
_NUMBER = r"\d+(?:\.\d+)?"
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "kg": "公斤", "km": "公里", "cm": "厘米", "mm": "毫米", "ml": "毫升", "mL": "毫升",
    "℃": "摄氏度", "°C": "摄氏度",
    "m²": "平方米", "㎡": "平方米", "°": "度", "m": "米", "g": "克", "L": "升", "t": "吨",
}  # fmt: skip
_MONEY = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
#: Before these a lone 2 is 两 (liǎng).
_MEASURES = "个位只条张本件次年天块种家口颗辆把间支遍岁分点"


def normalise(text: str, language: Language) -> str:
    """The line as it is spoken.

    >>> normalise("我有2个苹果，涨了5%。", "zh")
    '我有两个苹果，涨了百分之五。'
    """
    text = " ".join(text.split())
    if language == "zh":
        text = "".join(unicodedata.normalize("NFKC", c) if "０" <= c <= "９" or "Ａ" <= c <= "ｚ" or c in "％．" else c for c in text)
        for pattern, spoken in _CHINESE:
            text = pattern.sub(spoken, text)
        return text
    from hibari.g2p.normalize import normalize

    return normalize(text)


def _count(number: str) -> str:
    """A quantity: 1,234.5 -> 一千二百三十四点五; more than 16 digits are read one by one."""
    import cn2an

    plain = number.replace(",", "")
    whole = plain.partition(".")[0]
    return cn2an.an2cn(plain, "low") if len(whole.lstrip("-")) <= 16 else _one_by_one(plain)


def _one_by_one(number: str) -> str:
    return "".join(_DIGITS[int(c)] if c.isdigit() else "点" for c in number if c.isdigit() or c == ".")


def _date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return f"{_one_by_one(year)}年{_count(str(int(month)))}月{_count(str(int(day)))}日"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = (None if part is None else int(part) for part in match.groups())
    told = f"{'两' if hour == 2 else _count(str(hour))}点"
    if minute:
        told += f"{'零' if minute < 10 else ''}{_count(str(minute))}分"
    return told + (f"{_count(str(second))}秒" if second else "")


def _money(match: re.Match[str]) -> str:
    return f"{_count(match[2])}{match[3] or ''}{_MONEY[match[1]]}"


#: A telephone number says 幺 (yāo) for 1.
_CHINESE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?<!\d)(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?:[日号]|(?!\d))"), _date),
    (re.compile(r"(?<!\d)(\d{4})(?=年)"), lambda m: _one_by_one(m[1])),
    (re.compile(r"(?<!\d)(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?!\d)"), _time),
    (re.compile(r"(?<!\d)(\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?!\d)"), lambda m: _count(m[1])),
    (re.compile(r"(?<![\d.])(\d{3,4}-\d{7,8}|\d{7,16})(?![\d.])"), lambda m: _one_by_one(m[1]).replace("一", "幺")),
    (re.compile(rf"([-−]?)({_NUMBER})%"), lambda m: f"{'负' if m[1] else ''}百分之{_count(m[2])}"),
    (re.compile(r"(?<![\d/])(\d+)/(\d+)(?![\d/])"), lambda m: f"{_count(m[2])}分之{_count(m[1])}"),
    (re.compile(rf"([{''.join(_MONEY)}])\s?({_NUMBER})([万亿]?)"), _money),
    (re.compile(rf"({_NUMBER})\s?[-~～—–]\s?(?={_NUMBER})"), lambda m: f"{_count(m[1])}到"),
    (
        re.compile(rf"([-−]?)({_NUMBER})\s?({'|'.join(map(re.escape, _UNITS))})(?![A-Za-z])"),
        lambda m: f"{'负' if m[1] else ''}{_count(m[2])}{_UNITS[m[3]]}",
    ),
    (re.compile(rf"(?<![\d.])2(?=[{_MEASURES}])"), lambda m: "两"),
    (re.compile(rf"(?<=[A-Za-z])({_NUMBER})(?=[A-Za-z])"), lambda m: _one_by_one(m[1])),
    (re.compile(rf"(?<![A-Za-z\d])[-−]({_NUMBER})"), lambda m: f"负{_count(m[1])}"),
    (re.compile(rf"({_NUMBER})"), lambda m: _count(m[1])),
)

"""Texts that differ only in spelling compare as equal; texts that differ in words don't."""

from __future__ import annotations

import pytest

from cinedub.wording import tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's 21.", "it’s twenty-one"),
        ("1,250 men", "one thousand two hundred and fifty men"),
        ("In 1984 and 2007", "in nineteen eighty-four and two thousand seven"),
        ("the 3rd, 20th and 112th", "the third, twentieth and one hundred and twelfth"),
        ("$5 & 50%", "five dollars and fifty percent"),
        ("3.14", "three point one four"),
        ("Mr. Smith's U.S.A. — OK?", "mister smith's USA okay"),
        ("'Tis “quoted” 'text'", "tis quoted text"),
        ("café", "CAFE\u0301"),
        ("The theatre by the harbour was full of grey mould.", "the theater by the harbor was full of gray mold"),
        ("I've said we won't, they're sure it's his.", "I have said we will not, they are sure it is his"),
        ("They don't come any more, and can't.", "they do not come anymore and cannot"),
    ],
)
def test_english_spellings_of_the_same_words(one: str, other: str) -> None:
    assert tokens(one, "en") == tokens(other, "en")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("don't", "do not go"),
        ("its", "it's"),
        ("fish and chips", "fish chips"),
        ("15", "50"),
        ("um, yes", "yes"),
        ("we're", "were"),
        ("Martin's", "Martin is"),
    ],
)
def test_english_words_that_differ(one: str, other: str) -> None:
    assert tokens(one, "en") != tokens(other, "en")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("薛妹妹，21歲！", "薛妹妹二十一岁"),
        ("110、1050、12345", "一百一十一千零五十一万二千三百四十五"),
        ("２０２４年", "二零二四年"),
        ("3.5%", "百分之三点五"),
        ("說 OK 啊", "说ok啊"),
        ("10个", "十个"),
        ("在 1957 年 卖 了 11 块 钱", "在一九五七年卖了十一块钱"),
        ("200", "两百"),
    ],
)
def test_chinese_spellings_of_the_same_characters(one: str, other: str) -> None:
    assert tokens(one, "zh") == tokens(other, "zh")

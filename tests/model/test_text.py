import json

import pytest

from cinedub import weights
from cinedub.normalise import normalise
from cinedub.phonemes import spell
from model.symbols import BLANK, FLAGS, IDS, PAUSE, SIGNS, SYMBOLS
from model.text import TextError, spoken, tokenise

pytest.importorskip("hibari")
pytest.importorskip("misaki")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Dr. Smith came at 3:30 pm", "Dr Smith came at three thirty P.M."),
        ("on 12/25/2023", "on December twenty-fifth, 2023"),
        ("5 km vs. 6 km", "5 kilometers versus 6 kilometers"),
    ],
)
def test_english_dates_times_and_abbreviations_are_written_out(written: str, spoken: str) -> None:
    assert normalise(written, "en") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2023年3月5日", "二零二三年三月五日"),
        ("2023-03-05", "二零二三年三月五日"),
        ("3:30到14:05", "三点三十分到十四点零五分"),
        ("涨了19.5%", "涨了百分之十九点五"),
        ("电话13800138000", "电话幺三八零零幺三八零零零"),
        ("￥3.5万，2个人", "三点五万元，两个人"),
        ("1,234人，3-5天，1/2", "一千二百三十四人，三到五天，二分之一"),
        ("气温-5℃，３公里", "气温负五摄氏度，三公里"),
        ("用B2B", "用B二B"),
    ],
)
def test_chinese_numbers_are_written_out(written: str, spoken: str) -> None:
    assert normalise(written, "zh") == spoken


def test_money_and_years_are_read_out() -> None:
    said = " ".join(word.phonemes for word in spell("She paid $3.50 in 1999", "en"))
    assert "dˈɑləɹz" in said and "nˌIntˈin" in said and "pˈAd " in said


def test_a_word_in_no_lexicon_still_has_sounds() -> None:
    assert len(tokenise("Frobnicator zxqwv", "en")) > 12


def test_a_line_of_two_languages_loses_no_word() -> None:
    assert [word.text for word in spell("我的iPhone很贵", "zh")] == ["我", "的", "iPhone", "很", "贵"]
    assert [word.text for word in spell("He said 你好, twice", "en")] == ["He", "said", "你好", "twice"]


def test_polyphones_follow_their_phrase() -> None:
    long, grown = spell("很长", "zh")[0].phonemes, spell("长大", "zh")[0].phonemes
    assert long.endswith("ꭧʰa↗ŋ") and grown.startswith("ꭧa↓ŋ")
    assert spell("银行", "zh")[0].phonemes.endswith("xa↗ŋ") and spell("音乐", "zh")[0].phonemes.endswith("ɥe↘")


def test_tones_and_stress_are_flags_of_their_sound() -> None:
    tokens = tokenise("妈", "zh")
    assert tokens.symbols == (PAUSE, IDS["m"], IDS["a"], PAUSE)
    assert tokens.signs == (0, 0, FLAGS["→"], 0)


def test_words_are_parted_by_a_blank_or_by_their_mark() -> None:
    assert tokenise("a b, a", "en").symbols.count(BLANK) == 1
    assert tokenise("妈妈去", "zh").symbols.count(BLANK) == 1


def test_what_was_spoken_has_the_tokens_of_its_text_and_the_time_of_each() -> None:
    written = ["", "n", "ˈ", "O", ",", " ", "n", "ˈ", "O", "!", ""]
    phones = [(symbol, 10 * place, 10 * place + 10) for place, symbol in enumerate(written)]
    tokens, ends = spoken(phones)
    assert tokens == tokenise("No, no!", "en")
    assert ends == (10, 20, 40, 60, 70, 90, 100, 110)


def test_both_ends_are_pauses_and_marks_are_pauses_within() -> None:
    assert tokenise("No, no!", "en").symbols == (0, IDS["n"], IDS["O"], IDS[","], IDS["n"], IDS["O"], IDS["!"], 0)


def test_every_token_is_in_the_alphabet() -> None:
    for text, language in (("The quick brown fox jumps over 12 lazy dogs — really?", "en"), ("他说：“OK，2023年见！”", "zh")):
        tokens = tokenise(text, language)
        assert len(tokens.symbols) == len(tokens.signs)
        assert all(0 <= symbol < SYMBOLS for symbol in tokens.symbols) and all(0 <= sign < 1 << SIGNS for sign in tokens.signs)


@pytest.mark.parametrize(
    ("text", "code"), [("", "TEXT_EMPTY"), ("?!…", "TEXT_EMPTY"), ("Привет", "TEXT_UNSPEAKABLE"), ("こんにちは", "TEXT_UNSPEAKABLE")]
)
def test_what_cannot_be_said_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(TextError) as refused:
        tokenise(text, "en")
    assert refused.value.code == code


@pytest.mark.skipif(not weights.present("kokoro"), reason="the kokoro weights are not here")
def test_the_alphabet_is_kokoros() -> None:
    assert json.loads((weights.find("kokoro") / "vocab.json").read_text())["vocab"] == IDS

"""Which Chinese sentences are likelier, by a model of a few words in ARPA's format and by the one that is fetched."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cinedub import weights
from cinedub.errors import WeightsError
from cinedub.retiming import units
from cinedub.sentences import Sentences

needs_model = pytest.mark.skipif(not weights.present("libime-zh"), reason="the weights libime-zh aren't here")


def small_model(folder: Path) -> Path:
    """Ten words; 园丁 follows 老, 原定 doesn't."""
    words = {"<unk>": -7, "<s>": -99, "</s>": -1, "老": -3, "原定": -4, "园丁": -5, "计划": -3, "她": -2, "他": -1, "望远镜": -4, "银行": -4}
    pairs = {"老 园丁": -0.5, "原定 计划": -0.5}
    lines = ["\\data\\", f"ngram 1={len(words)}", f"ngram 2={len(pairs)}", "", "\\1-grams:", *(f"{p}\t{w}\t0" for w, p in words.items())]
    path = folder / "small.arpa"
    path.write_text("\n".join([*lines, "", "\\2-grams:", *(f"{p}\t{w}" for w, p in pairs.items()), "", "\\end\\", ""]), "utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Sentences:
    return Sentences(small_model(tmp_path))


def test_a_sentence_is_as_likely_as_its_likeliest_row_of_words(small: Sentences) -> None:
    assert small.likelihood(list("老园丁")) == pytest.approx(math.log(10) * (-3 - 0.5 - 1), rel=1e-4)
    assert small.likelihood(["1981", "老"]) == pytest.approx(math.log(10) * (-7 - 3 - 1), rel=1e-4)


def test_the_word_before_decides_between_two_that_are_said_the_same(small: Sentences) -> None:
    (found,) = small.reworded(tuple("老原定"))
    assert (found.start, found.end, found.after) == (1, 3, "园丁") and found.gain == pytest.approx(math.log(10) * 3.5 - 2, rel=1e-4)  # a tone
    assert small.reworded(tuple("原定计划")) == ()


@pytest.mark.parametrize(("heard", "after"), [("望远境", "镜"), ("望元境", "远镜"), ("网远境", "望远镜"), ("望远金", "镜")])
def test_a_word_is_found_by_its_sound_and_what_differs_costs(small: Sentences, heard: str, after: str) -> None:
    (found,), (same,) = small.reworded(tuple(heard)), small.reworded(tuple("望远境"))
    assert found.after.endswith(after[-1]) and found.gain <= same.gain


def test_he_and_she_are_one_to_the_ear(small: Sentences) -> None:
    assert small.reworded(("她",)) == ()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.lm").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="no language model"):
        Sentences(tmp_path)


@needs_model
@pytest.mark.parametrize(
    ("heard", "meant"),
    [("我的挺立进步了", "我的听力进步了"), ("要打开这座投书馆", "要打开这座图书馆"),
     ("我不知道要计师说的是不是真的", "我不知道药剂师说的是不是真的")],
)  # fmt: skip
def test_the_fetched_model_hears_what_was_meant(heard: str, meant: str) -> None:
    new = list(heard)
    for found in Sentences(weights.find("libime-zh")).reworded(tuple(heard)):
        new[found.start : found.end] = found.after
    assert "".join(new) == meant


@needs_model
@pytest.mark.parametrize("text", ["我们必须离开图书馆", "他在实验室里等了很久", "现在不行，绝对不行", "明天下午三点在车站见面"])
def test_the_fetched_model_leaves_common_sentences_alone(text: str) -> None:
    plain = tuple(unit.strip("，") for unit in units(text, "zh"))
    assert Sentences(weights.find("libime-zh")).reworded(plain) == ()

"""Two hearings of one speech become the more probable one, place by place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cinedub.voting import rightness, vote
from schemas import Language, Span, Word


def heard(*words: tuple[str, float], step: int = 300) -> list[Word]:
    return [Word(text, Span(step * n, step * (n + 1)), p) for n, (text, p) in enumerate(words)]


def texts(ours: list[Word], theirs: list[Word], language: Language = "en") -> str:
    return " ".join(word.text for word in vote(ours, theirs, language))


def test_a_word_written_as_two_pays_nothing() -> None:
    assert texts(heard(("the", 0.9), ("chessboard", 0.9)), heard(("the", 0.9), ("chess", 0.8), ("board", 0.9))) == "the chessboard"


def test_words_that_agree_keep_our_times_and_punctuation() -> None:
    ours, theirs = heard(("Go,", 0.5), ("now.", 0.5)), heard(("go", 0.9), ("now!", 0.9), step=320)
    assert vote(ours, theirs, "en") == ours


def test_words_far_from_each_other_are_not_the_same_place() -> None:
    late = [Word("later", Span(9_000, 9_500), 0.9)]
    assert vote(heard(("sooner", 0.4)), late, "en") == heard(("sooner", 0.4))


def test_chinese_is_cut_where_both_have_a_border() -> None:
    ours, theirs = heard(("我们", 0.9), ("生命", 0.3), ("啊", 0.9)), heard(("我", 0.9), ("们声", 0.8), ("明", 0.8), ("啊", 0.9))
    assert texts(ours, theirs, "zh") == "我 们声 明 啊"


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.floats(0, 1)), max_size=8), st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.floats(0, 1)), max_size=8))  # fmt: skip
def test_a_vote_is_made_of_what_was_heard_and_is_no_worse_than_ours(one: list[tuple[str, float]], other: list[tuple[str, float]]) -> None:
    ours, theirs = heard(*one), heard(*other)
    voted = vote(ours, theirs, "en")
    assert all(word in ours or word in theirs for word in voted)
    assert rightness(voted) >= rightness(ours) - 1e-9
    assert vote(ours, ours, "en") == ours

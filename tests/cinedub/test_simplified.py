"""Traditional characters become simplified ones, as the words around them ask."""

import pytest

from cinedub.simplified import simplified, simplified_parts


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("他一直等著", "他一直等着"),
        ("站著", "站着"),
        ("她笑著說", "她笑着说"),
        ("這本名著很著名", "这本名著很著名"),
        ("顯著的後果", "显著的后果"),
        ("看著書", "看着书"),
    ],
)
def test_one_sign_of_two_meanings_is_read_by_its_neighbours(written, plain):
    assert simplified(written) == plain


def test_single_characters_are_read_together_and_stay_apart():
    assert simplified_parts(["原", "著", "他", "站", "著"]) == ["原", "著", "他", "站", "着"]


def test_parts_keep_their_number_where_a_word_changes_its_length():
    parts = ["我", "在", "檔", "案", "夾", "裡"]
    assert len(simplified_parts(parts)) == len(parts)

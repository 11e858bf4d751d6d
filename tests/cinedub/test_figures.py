"""A scoreboard against the one before it."""

from __future__ import annotations

from typing import Any

import pytest

from cinedub.errors import UsageError
from cinedub.figures import fallen, read


def scores(errors: int = 5, right: int = 9, purity: float = 95.0) -> dict[str, Any]:
    film = {
        "language": "en", "wer": {"words": 100, "errors": errors, "rate": errors / 100}, "lines": {"of": 10, "right": right},
        "purity": {"of": 100.0, "right": purity}, "gender": {"of": 0, "right": 0},
    }  # fmt: skip
    return {"films": {"a": film}}


def test_the_same_scores_have_not_fallen() -> None:
    assert list(fallen(scores(), scores())) == []


def test_a_fall_within_its_tolerance_is_none_and_a_rise_never_is() -> None:
    assert list(fallen(scores(errors=7, purity=93.0), scores())) == []
    assert list(fallen(scores(errors=0, right=10, purity=100.0), scores())) == []


def test_a_figure_that_fell_further_is_named_with_both_values() -> None:
    sentences = list(fallen(scores(errors=8), scores()))
    assert sentences == ["wer (rate) fell from 0.05 to 0.08, tolerance 0.02"]


def test_a_figure_that_is_gone_has_fallen() -> None:
    now = scores()
    del now["films"]["a"]["lines"]
    assert list(fallen(now, scores())) == ["lines (right/of) was 0.9 and can't be measured any more"]


def test_a_film_that_changed_is_named_and_not_compared() -> None:
    now = scores(errors=50)
    now["films"]["a"]["script"] = "other"
    (sentence,) = fallen(now, scores())
    assert sentence.startswith("a is another film than the one scored before")


def test_only_films_that_both_have_are_compared(tmp_path: Any) -> None:
    now = scores()
    now["films"]["b"] = scores(errors=90)["films"]["a"]
    assert list(fallen(now, scores())) == []
    with pytest.raises(UsageError, match="none of the films"):
        list(fallen({"films": {"c": {}}}, scores()))
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(UsageError, match=r"bad\.json"):
        read(tmp_path / "bad.json")

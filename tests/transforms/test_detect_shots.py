"""Shots tile their reel."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from schemas import Span
from transforms.detect_shots import tile


@given(st.integers(0, 5000), st.integers(1, 20_000), st.lists(st.integers(0, 30_000)), st.integers(1, 500))
def test_shots_tile_the_span_and_none_is_shorter_than_allowed(start: int, length: int, cuts: list[int], min_ms: int) -> None:
    shots = tile(Span(start, start + length), cuts, min_ms)
    assert shots[0].start == start and shots[-1].end == start + length
    assert all(one.end == other.start for one, other in itertools.pairwise(shots))
    assert len(shots) == 1 or all(shot.duration >= min_ms for shot in shots)


def test_cuts_in_the_margin_belong_to_another_reel() -> None:
    assert tile(Span(1000, 9000), [400, 1000, 3000, 9000, 9500], 200) == (Span(1000, 3000), Span(3000, 9000))

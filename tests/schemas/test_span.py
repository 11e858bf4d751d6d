import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Span, outside, union

spans = st.tuples(st.integers(0, 10_000), st.integers(1, 5_000)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_an_illegal_span_cannot_be_built(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="0 <= start < end"):
        Span(start, end)


@given(spans, spans)
def test_intersection_is_symmetric_and_inside_both(a: Span, b: Span) -> None:
    both = a & b
    assert both == (b & a)
    assert a.overlap(b) == (both.duration if both else 0)
    if both:
        assert a.covers(both) and b.covers(both)


@given(st.lists(spans, max_size=12), st.integers(0, 300))
def test_a_union_is_sorted_apart_and_covers_every_span(many: list[Span], gap: int) -> None:
    merged = union(many, gap)
    assert all(left.end + gap < right.start for left, right in itertools.pairwise(merged))
    assert all(any(whole.covers(span) for whole in merged) for span in many)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 40)), max_size=6), st.integers(0, 100), st.integers(1, 60))
def test_what_lies_outside_others_is_all_that_they_leave_of_a_span(others: list[tuple[int, int]], start: int, length: int) -> None:
    span, held = Span(start, start + length), [Span(first, first + size) for first, size in others]
    left = {ms for part in outside(span, held) for ms in range(part.start, part.end)}
    assert left == {ms for ms in range(span.start, span.end) if not any(ms in other for other in held)}

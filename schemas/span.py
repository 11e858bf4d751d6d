"""Half-open intervals on a film's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A half-open interval ``[start, end)`` on a film's clock, in integer milliseconds.

    >>> Span(0, 1000) & Span(400, 1600)
    Span(start=400, end=1000)
    >>> Span(0, 1000) & Span(1000, 1600) is None
    True
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs 0 <= start < end, got [{self.start}, {self.end}) ms")

    @property
    def duration(self) -> int:
        """Length in milliseconds."""
        return self.end - self.start

    def __and__(self, other: Span) -> Span | None:
        """The part in both spans, or None where they only touch or lie apart."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def __contains__(self, ms: int) -> bool:
        return self.start <= ms < self.end

    def covers(self, other: Span) -> bool:
        """Whether ``other`` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end

    def overlap(self, other: Span) -> int:
        """Shared length in milliseconds, 0 when apart."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def shift(self, ms: int) -> Span:
        """The same length, ``ms`` later (or earlier when negative)."""
        return Span(self.start + ms, self.end + ms)

    def pad(self, ms: int, within: Span) -> Span:
        """Grown by ``ms`` on both sides, without leaving ``within``."""
        return Span(max(within.start, self.start - ms), min(within.end, self.end + ms))


def outside(span: Span, others: Iterable[Span]) -> list[Span]:
    """The parts of a span that none of the others holds, in order.

    >>> outside(Span(0, 100), [Span(90, 120), Span(20, 30)])
    [Span(start=0, end=20), Span(start=30, end=90)]
    """
    edges = [span.start, *(edge for other in union(others) if other.overlap(span) for edge in (other.start, other.end)), span.end]
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def union(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Merge spans that overlap, touch, or lie at most ``gap`` ms apart; sorted by start.

    >>> union([Span(50, 90), Span(0, 40)], gap=10)
    [Span(start=0, end=90)]
    """
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end + gap:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged

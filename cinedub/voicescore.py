"""Voices against the truth: who speaks when, and whether one name is one person through the whole film."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationCoverage, DiarizationErrorRate, DiarizationPurity

from cinedub.measures import Measure, derived
from cinedub.truth import Truth

#: Collars as ± seconds around every border of the truth; pyannote.metrics takes the whole width.
COLLARS = {"der": 0.25, "der_strict": 0.0}


def annotation(records: Iterable[dict[str, Any]], name: str) -> Annotation:
    """The turns of a film's records, on the film's clock."""
    turns = Annotation()
    for record in records:
        zero = record["span_ms"][0]
        for turn in record[name]:
            segment = Segment((zero + turn["start_ms"]) / 1000, (zero + turn["end_ms"]) / 1000)
            turns[segment, turns.new_track(segment)] = turn["speaker"]
    return turns


def reference(truth: Truth) -> Annotation:
    """The true turns."""
    turns = Annotation()
    for turn in truth.turns:
        segment = Segment(turn.start_ms / 1000, turn.end_ms / 1000)
        turns[segment, turns.new_track(segment)] = turn.speaker
    return turns


def der(true: Annotation, found: Annotation, duration_ms: int, collar: float) -> Measure:
    """Diarization error over the whole film and its parts, in seconds of speech (overlapped speech counts for each speaker)."""
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=False)
    parts = metric(true, found, uem=Timeline([Segment(0, duration_ms / 1000)]), detailed=True)
    names = {"missed detection": "missed", "false alarm": "false_alarm", "confusion": "confusion", "total": "total"}
    return derived({short: round(parts[long], 3) for long, short in names.items()})


def clusters(true: Annotation, found: Annotation, duration_ms: int) -> dict[str, Measure]:
    """``purity``: seconds in which a found name means the person it mostly means; ``coverage``: in which a person has the name they mostly have.

    Found speech that is none lowers purity, speech that was not found lowers coverage.
    """
    whole = Timeline([Segment(0, duration_ms / 1000)])
    measures = {}
    for name, metric in (("purity", DiarizationPurity()), ("coverage", DiarizationCoverage())):
        parts = metric.compute_components(true.crop(whole), found.crop(whole))
        measures[name] = {"of": round(parts["total"], 3), "right": round(parts["correct"], 3)}
    return measures

"""The forms that a score can take, and how scores of several films make one.

Whatever is counted is kept as sums (seconds, frames, words), so that films add up; what people read (rates, means, F1) is worked out from the sums:

    counts   {"of", "right"}
    errors   {"words", "errors", …, "rate"}, or {"total", "missed", "false_alarm", "confusion", "rate"}
    means    {"of", "sum", "mean"}
    found    {"truth", "found", "right", "f1"}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Measure = dict[str, Any]


def counted(values: Sequence[float], right: Callable[[float], bool]) -> Measure:
    """How many values there are, and how many are right."""
    return {"of": len(values), "right": sum(right(value) for value in values)}


def derived(measure: Measure) -> Measure:
    """The measure with what follows from its sums."""
    if "words" in measure:
        return measure | {"rate": ratio(measure["errors"], measure["words"])}
    if "confusion" in measure:
        return measure | {"rate": ratio(measure["missed"] + measure["false_alarm"] + measure["confusion"], measure["total"])}
    if "sum" in measure:
        return measure | {"mean": measure["sum"] / measure["of"] if measure["of"] else None}
    if {"truth", "found", "right"} <= measure.keys():
        both = measure["truth"] + measure["found"]
        return measure | {"f1": 2 * measure["right"] / both if both else None}
    return measure


def total(films: Sequence[Measure]) -> Measure:
    """Sums over films, and what follows from them."""
    added: Measure = {}
    for film in films:
        _add(added, {name: value for name, value in film.items() if not isinstance(value, str)})
    return {name: derived(value) if isinstance(value, dict) else value for name, value in added.items()}


def ratio(errors: float, of: float) -> float:
    """Errors per thing that was to be found; where there was nothing to be found, 1 if anything was."""
    return errors / of if of else float(bool(errors))


def overlap(start: int, end: int, other_start: int, other_end: int) -> int:
    """How much two stretches share."""
    return max(0, min(end, other_end) - max(start, other_start))


def _add(into: Measure, more: Measure) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            _add(into.setdefault(name, {}), value)
        else:
            into[name] = into.get(name, 0) + (value or 0)

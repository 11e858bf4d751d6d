"""The figures of a scoreboard that may not fall, and by how much each may before it counts: sums differ a little from machine to machine.

Figures are compared in total, over the films that both scoreboards have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinedub import measures
from cinedub.errors import UsageError
from cinedub.measures import Measure


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a measure: ``of`` names the field, ``right/of`` a share; better high or low; ``tolerance`` in its own unit."""

    measure: str
    of: str
    tolerance: float
    high: bool = True

    def value(self, total: Measure) -> float | None:
        """The number in a total; None where nothing was there to be measured."""
        measure = total.get(self.measure)
        if not measure:
            return None
        if self.of == "right/of":
            return float(measure["right"] / measure["of"]) if measure["of"] else None
        return None if measure.get(self.of) is None else float(measure[self.of])


FIGURES = (
    *(Figure(name, "rate", 0.02, high=False) for name in ("wer", "cer", "der")),
    *(Figure(name, "rate", 0.03, high=False) for name in ("cpwer", "cpcer", "der_strict")),
    Figure("speakers", "error", 1, high=False),
    *(Figure(name, "right/of", 0.02) for name in ("purity", "coverage", "speech", "faces")),
    *(Figure(name, "right/of", 0.05) for name in ("lines", "speaking", "voice_faces", "on_screen", "borders_near")),
    *(Figure(f"faces_{trial}", "right/of", 0.05) for trial in ("small", "dark", "turned", "blurred", "hidden")),
    *(Figure(name, "right/of", 0.10) for name in ("joins", "kind", "gender", "emotion", "in_step")),
    Figure("border_ms", "mean", 15.0, high=False),
    Figure("shots", "f1", 0.03),
    Figure("speaking_ap", "mean", 0.03),
    Figure("mouths", "mean", 0.03),
    *(Figure(name, "mean", 0.5) for name in ("si_sdr_vocals", "si_sdr_background")),
)


def read(path: Path) -> dict[str, Any]:
    """A scoreboard written before.

    Raises:
        UsageError: no such file, or none of that kind.
    """
    try:
        scores = json.loads(path.read_bytes())
        scores["films"].items()
    except OSError as error:
        raise UsageError(f"scores file {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"scores file {path}: not a scoreboard: {error}") from error
    return dict(scores)


def fallen(scores: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """One sentence for every figure that is worse than before by more than its tolerance, or that could be measured before and can't be now;
    and for every film that isn't the one that was scored before, though it has its name: it is left out.

    Raises:
        UsageError: the two have no film in common.
    """
    known = [name for name in scores["films"] if name in before["films"]]
    if not known:
        raise UsageError(f"none of the films {', '.join(scores['films'])} was scored before: {', '.join(before['films'])}")
    films = [name for name in known if scores["films"][name].get("script") == before["films"][name].get("script")]
    for name in known:
        if name not in films:
            yield f"{name} is another film than the one scored before: who says what differs; keep its new figures (--write, make score-keep)"
    now, then = (measures.total([side["films"][name] for name in films]) for side in (scores, before))
    for figure in FIGURES:
        old, new = figure.value(then), figure.value(now)
        if old is None:
            continue
        what = f"{figure.measure} ({figure.of})"
        if new is None:
            yield f"{what} was {old:.4g} and can't be measured any more"
        elif (old - new if figure.high else new - old) > figure.tolerance + 1e-9:
            yield f"{what} fell from {old:.4g} to {new:.4g}, tolerance {figure.tolerance:g}"

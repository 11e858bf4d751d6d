"""How an emotion looks: brows, lids and corners of the mouth while a line is said.

Directions follow Ekman and Friesen's action units ("Facial Action Coding System", 1978). Nothing is tuned to what any recogniser says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """A face at its strongest. ``brows`` up (down below 0), ``grief``: their inner ends up, ``knit``: together; ``lids`` open (narrow below 0);
    ``corners`` of the mouth up. Each about one unit at most."""

    brows: float = 0.0
    grief: float = 0.0
    knit: float = 0.0
    lids: float = 0.0
    corners: float = 0.0


STILL = Expression()

FACES: dict[str, Expression] = {
    "happy": Expression(brows=0.2, lids=-0.3, corners=1.0),
    "trust": Expression(corners=0.5),
    "fear": Expression(brows=0.6, grief=0.8, knit=0.4, lids=0.9, corners=-0.4),
    "surprise": Expression(brows=1.0, lids=1.0),
    "sadness": Expression(brows=-0.2, grief=1.0, knit=0.3, lids=-0.4, corners=-1.0),
    "disgust": Expression(brows=-0.6, knit=0.5, lids=-0.6, corners=-0.6),
    "anger": Expression(brows=-1.0, knit=1.0, lids=0.2, corners=-0.5),
    "anticipation": Expression(brows=0.4, lids=0.3, corners=0.2),
    "tension": Expression(brows=-0.5, knit=0.7, corners=-0.3),
    "uncertain": Expression(grief=0.5, corners=-0.3),
}


def of(emotion: str) -> Expression:
    """What a face does while it says a line of this emotion."""
    return FACES.get(emotion, STILL)

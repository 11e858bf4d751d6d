"""How lines are acted: what an emotion does to pace, pitch, liveliness, level and brightness, so that training hears what a label means.

Directions follow Juslin and Laukka's review ("Communication of Emotions in Vocal Expression and Music Performance", 2003); sizes were chosen to be
measurable in every line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Manner:
    """Factors on pace, mean pitch and the range of pitch; dB on level, and dB per octave above 500 Hz on brightness."""

    pace: float = 1.0
    pitch: float = 1.0
    span: float = 1.0
    level_db: float = 0.0
    tilt_db: float = 0.0

    def gain_db(self, hertz: np.ndarray) -> np.ndarray:
        """How much brighter or darker each frequency is."""
        return self.tilt_db * np.log2(np.maximum(hertz, 500) / 500)


MANNERS: dict[str, Manner] = {
    "neutral": Manner(),
    "happy": Manner(1.08, 1.14, 1.35, 2.0, 0.4),
    "trust": Manner(0.96, 0.97, 0.95, -0.5, -0.2),
    "fear": Manner(1.15, 1.22, 0.85, -1.0, 0.3),
    "surprise": Manner(1.02, 1.24, 1.55, 2.0, 0.4),
    "sadness": Manner(0.84, 0.91, 0.62, -4.0, -1.0),
    "disgust": Manner(0.92, 0.93, 0.9, 0.5, -0.3),
    "anger": Manner(1.12, 1.10, 1.30, 5.0, 1.0),
    "anticipation": Manner(1.05, 1.06, 1.15, 1.0, 0.2),
    "tension": Manner(1.08, 1.02, 0.8, -2.0, -0.2),
    "uncertain": Manner(),
}

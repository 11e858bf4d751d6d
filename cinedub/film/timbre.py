"""Many voices out of Hibari's one: its network gives pitch, harmonics and noise apart, and each can be changed before they become sound.

A timbre moves pitch and its range, stretches the spectrum (a longer or shorter throat; low and high formants apart), and colours it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from cinedub.film.acting import Manner
from cinedub.film.voices import RATE, Phone, Speaker

#: Hibari's spectra reach 12 kHz in 601 bins; a pitch below this is none.
_TOP_HZ, _VOICED_HZ = 12_000.0, 40.0
_BASE_HZ = 195.0
#: Where a colour's gains lie; between them it goes with the logarithm of the frequency.
PLACES_HZ = (200.0, 500.0, 1200.0, 2500.0, 4500.0, 8000.0)


@dataclass(frozen=True, slots=True)
class Timbre:
    """Factors on pitch, on its range, on formants and on those above 1.5 kHz once more; dB of breath; a colour in dB at ``PLACES_HZ``."""

    name: str
    pitch: float
    span: float
    throat: float
    mouth: float
    breath_db: float
    colour_db: tuple[float, ...]

    @property
    def gender(self) -> str:
        """What most would hear; ``uncertain`` between."""
        return "male" if self.pitch * self.throat**2 < 0.6 else "female" if self.pitch * self.throat**2 > 0.78 else "uncertain"

    @property
    def age(self) -> str:
        """Child, adult or elderly, as far as pitch, throat and breath tell."""
        return "child" if self.throat > 1.14 and self.pitch > 1.2 else "elderly" if self.breath_db > 5 else "adult"

    def origin_hz(self, hertz: np.ndarray) -> np.ndarray:
        """For each frequency of this voice the one it comes from."""
        return hertz / (self.throat * np.interp(hertz, [0, 1000, 2500, _TOP_HZ], [1.0, 1.0, self.mouth, self.mouth]))

    def gain_db(self, hertz: np.ndarray) -> np.ndarray:
        """The colour."""
        return np.interp(np.log(np.maximum(hertz, 50.0)), np.log(PLACES_HZ), self.colour_db)


def timbre(name: str, rng: np.random.Generator) -> Timbre:
    """A voice at random: pitch goes with the throat, loosely."""
    throat = float(rng.uniform(0.77, 1.23))
    pitch = float(np.clip(throat ** rng.uniform(1.5, 3.2) * rng.uniform(0.78, 1.18), 0.45, 1.5))
    mouth = float(rng.uniform(0.89, 1.11))
    colour = tuple(float(value) for value in rng.normal(0, 4.5, 6))
    return Timbre(name, pitch, float(rng.uniform(0.6, 1.5)), throat, mouth, float(rng.uniform(-3, 7)), colour)


def say(
    speaker: Speaker, text: str, of: Timbre, manner: Manner, pace: float, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, " samples"], tuple[Phone, ...]]:
    """A line in a timbre and a manner: mono at 24 kHz and its symbols with their times in ms. Local pace wanders, words may be apart."""
    from hibari import dsp

    parts, symbols = speaker.spectra(text, lambda units, signs: varied(units, signs, pace * manner.pace, rng))
    harmonic, phase, noise, free, angle, f0 = parts
    hertz = np.linspace(0, _TOP_HZ, 601)
    colour = of.gain_db(hertz) + manner.gain_db(hertz)
    gain = (colour * np.log(10) / 20)[:, None].astype(np.float32)
    breath = np.float32(of.breath_db * np.log(10) / 20)
    source = (of.origin_hz(hertz) / _TOP_HZ * 600).clip(0, 599.999)
    nearest = np.round(source).astype(int).clip(0, 600)
    voiced = f0 > _VOICED_HZ
    mean = np.exp(np.log(f0[voiced]).mean()) if voiced.any() else _BASE_HZ
    melody = mean * of.pitch * manner.pitch * (np.maximum(f0, 1) / mean) ** (of.span * manner.span)
    pitched = np.where(voiced, np.clip(melody, 55, 600), f0).astype(np.float32)
    # The harmonics' level was learned at the old pitch: fewer of them at a higher one.
    level = np.float32(0.5 * np.log(of.pitch * manner.pitch))
    sound = dsp.synth(
        between(harmonic, source) + gain + level,
        between(phase, source),
        between(noise, source) + gain + breath,
        free[nearest] + gain,
        angle[nearest],
        pitched,
        rng,
    )
    return sound.astype(np.float32), symbols


def between(rows: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Every row from another place, between two."""
    low = np.floor(source).astype(int).clip(0, len(rows) - 2)
    part = (source - low).astype(rows.dtype)[:, None]
    return rows[low] * (1 - part) + rows[low + 1] * part


def varied(units: Sequence[float], signs: Sequence[str], pace: float, rng: np.random.Generator) -> list[int]:
    """Durations (units of 25 ms) at another pace that wanders by about a sixth, with pauses at some blanks and longer or shorter ones at stops."""
    count = len(units)
    drift = np.interp(np.arange(count), np.linspace(0, count, 2 + count // 12), rng.normal(0, 0.16, 2 + count // 12))
    made = np.asarray(units, float) / pace * np.exp(drift)
    for place, sign in enumerate(signs):
        if sign == " " and rng.random() < 0.05:
            made[place] += rng.uniform(3, 18)
        elif sign in ",;:—…，":
            made[place] *= rng.uniform(0.5, 1.6)
    edges = np.round(np.cumsum(made) + rng.uniform(-0.4, 0.4))
    return [max(1, int(unit)) for unit in np.diff(edges, prepend=0)]


__all__ = ["RATE", "Timbre", "say", "timbre", "varied"]

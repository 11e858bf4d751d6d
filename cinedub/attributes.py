"""A person's age, gender and timbre, decided once from everything seen and heard of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import msgspec
import numpy as np
from jaxtyping import Float

from schemas import Age, FaceTrack, Gender

#: Between the middles of men's (about 120 Hz) and women's (about 210 Hz) speaking pitch: Traunmüller and Eriksson, "The frequency range of the
#: voice fundamental in the speech of male and female adults", 1995. Acted voices leave their range, so the odds rise slower than in calm speech.
_MIDDLE_HZ, _ODDS_PER_OCTAVE, MOST_ODDS = 160.0, 8.0, 3.0
#: Of a window of voice the gender reader may be so sure, in log odds.
_MOST_HEARD = 6.0
#: A face classifier errs on one face in five: no single look says more than four to one.
_MOST_SURE = 0.8
#: Log odds that make a decision: three to one.
_DECIDED = 1.1
_AGES: tuple[tuple[float, Age], ...] = ((13, "child"), (20, "teenager"), (40, "adult"), (60, "middle-aged"), (math.inf, "elderly"))
#: A face that was seen for less than this says nothing about age.
_SEEN_MS = 400


@dataclass(frozen=True, slots=True)
class VoiceColour:
    """Medians over a person's voice: ``pitch`` in Hz, ``spread`` in semitones, ``tilt`` in dB, from ``windows`` stretches of voice; ``female`` the
    mean of what is ``believed``."""

    pitch: float
    spread: float
    tilt: float
    windows: int
    female: float


def colour(pitch: np.ndarray, spread: np.ndarray, tilt: np.ndarray, female: np.ndarray) -> VoiceColour | None:
    """The colour of a voice from its windows, ``female`` the gender reader's log odds of each; None where nothing was voiced."""
    voiced = ~np.isnan(pitch)
    if not voiced.any():
        return None
    middle = [float(np.median(values[voiced])) for values in (pitch, spread, tilt)]
    return VoiceColour(middle[0], middle[1], middle[2], int(voiced.sum()), float(believed(female[voiced]).mean()))


def gender(voice: VoiceColour | None, vector: Sequence[float], faces: Sequence[FaceTrack], age: Age) -> Gender:
    """The likelier gender by voice vector, pitch and face together, or ``uncertain`` below three to one."""
    odds = female_odds(voice, vector, faces, age)
    if abs(odds) < _DECIDED:
        return "uncertain"
    return "female" if odds > 0 else "male"


def female_odds(voice: VoiceColour | None, vector: Sequence[float], faces: Sequence[FaceTrack], age: Age) -> float:
    """Log odds that a person is female, from all that was heard and seen of them. A child's voice says nothing."""
    odds = 0.0
    if voice is not None and age != "child":
        odds += _within(voice_odds(vector, voice.pitch, voice.female)) * min(1.0, voice.windows / 2)
    seen = [(face.female, face.span.duration) for face in faces if face.female is not None]
    if seen:
        looks = np.clip([female for female, _ in seen], 1 - _MOST_SURE, _MOST_SURE)
        odds += float(np.average(np.log(looks / (1 - looks)), weights=[duration for _, duration in seen]))
    return odds


def certainty(odds: float) -> float:
    """The probability of the likelier of two, from 0.5 to 1."""
    return round(1 / (1 + math.exp(-abs(odds))), 4)


def voice_odds(vector: Sequence[float], hertz: float, female: float) -> float:
    """Log odds of a female voice by its CAM++ vector, its pitch and what the gender reader heard, learned by ``cinedub.film.voice_gender``; without
    the vector where it is another encoder's."""
    weights = _learned()
    if len(vector) != len(weights) - 3:
        return _ODDS_PER_OCTAVE * math.log2(hertz / _MIDDLE_HZ) + female
    return float(np.dot(weights, [*vector, octaves(hertz), female, 1.0]))


def believed(female: Float[np.ndarray, " windows"]) -> Float[np.ndarray, " windows"]:
    """The gender reader's log odds, each as far as one window is believed."""
    return np.clip(female, -_MOST_HEARD, _MOST_HEARD)


def octaves(hertz: float) -> float:
    """Above or below the middle between men's and women's pitch, one at most: what lies further is not the voice's usual pitch, or mistaken."""
    return float(np.clip(np.log2(hertz / _MIDDLE_HZ), -1, 1))


@functools.cache
def _learned() -> Float[np.ndarray, " weights"]:
    return np.array(msgspec.json.decode(resources.files("cinedub").joinpath("voice_gender.json").read_bytes())["weights"])


def _within(odds: float) -> float:
    return max(-MOST_ODDS, min(MOST_ODDS, odds))


def age(faces: Sequence[FaceTrack]) -> Age:
    """The age group of the median face, each weighed by how long it was seen; ``uncertain`` where hardly any was: voices tell too little."""
    seen = sorted((face.years, face.span.duration) for face in faces if face.years is not None)
    total = sum(duration for _, duration in seen)
    if total < _SEEN_MS:
        return "uncertain"
    so_far = 0
    for years, duration in seen:
        so_far += duration
        if 2 * so_far >= total:
            return next(group for below, group in _AGES if years < below)
    raise AssertionError("half of the total is always reached")


def looking(faces: Sequence[FaceTrack], group: Age) -> float:
    """The share of the time a person is seen in which the face looks that old; 0 where none is."""
    seen = [(next(name for below, name in _AGES if face.years < below), face.span.duration) for face in faces if face.years is not None]
    total = sum(duration for _, duration in seen)
    return round(sum(duration for name, duration in seen if name == group) / total, 4) if total else 0.0


def timbre(voice: VoiceColour | None, of: Gender) -> tuple[str, ...]:
    """A few plain words: low or high for their gender, warm or bright by spectral tilt, calm or lively by how the pitch moves."""
    if voice is None:
        return ()
    low, high = {"male": (105, 150), "female": (175, 235), "uncertain": (120, 220)}[of]
    words = []
    for value, below, little, above, much in (
        (voice.pitch, low, "low", high, "high"),
        (voice.tilt, -14, "warm", -8, "bright"),
        (voice.spread, 2.0, "calm", 4.5, "lively"),
    ):
        if value < below:
            words.append(little)
        elif value > above:
            words.append(much)
    return tuple(words) or ("balanced",)

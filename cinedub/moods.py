"""What a face and a voice express against how they usually are: some people's faces smile at rest, some voices are always loud.

A reader's probabilities hold for the faces it learned from, where each label had its share. On one person's face the labels have other shares;
dividing by these and multiplying by the shares to be expected gives the probabilities for this person (Saerens, Latinne and Decaestecker, "Adjusting
the outputs of a classifier to new a priori probabilities", Neural Computation 14, 2002).

A voice tells emotions by what they do to it in all languages studied, as Juslin and Laukka's review of a hundred studies has it ("Communication of
Emotions in Vocal Expression and Music Performance", Psychological Bulletin 129, 2003, table 7; surprise after Scherer, "Vocal communication of
emotion", 2003). Only directions are taken from there, in units of what calm voices vary by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from cinedub.casting import Heard
from schemas import FaceTrack, Span, Tone

#: Shares to be expected of people who talk in films: half of the time calm.
_EXPECTED = {"neutral": 0.5, "happy": 0.12, "sadness": 0.12, "anger": 0.08, "surprise": 0.08, "fear": 0.06, "disgust": 0.04}
_LEAST = 0.001
#: So much of a face's time weighs as much as what is expected of any: who is seen for moments only is taken as they look.
_BELIEVED_MS = 10_000
#: Where pitch, its spread and the level go, against the voice's usual, in the units below.
_VOICED = {
    "neutral": (0.0, 0.0, 0.0), "happy": (1.0, 1.0, 0.5), "sadness": (-1.0, -1.0, -1.0), "anger": (1.0, 1.0, 1.5), "surprise": (1.5, 1.5, 0.5),
    "fear": (1.0, -0.5, -0.5), "disgust": (-0.5, -0.5, 0.0),
}  # fmt: skip
#: What calm voices vary by from line to line: semitones, semitones, dB. Beyond three of them nothing is believed.
_UNITS, _MOST = np.array([2.0, 1.0, 3.5]), 3.0
#: A voice is known by at least so many windows.
_WINDOWS = 4
#: A face beside a voice counts half: readers of single pictures err more often than they think.
_FACE_BESIDE, _FACE_LEAST = 0.5, 0.01


def usual(tracks: Iterable[FaceTrack]) -> dict[str, float]:
    """Shares of the labels over everything that is seen of one face, with ten seconds of the expected ones."""
    total, length = {label: _BELIEVED_MS * share for label, share in _EXPECTED.items()}, _BELIEVED_MS
    for track in tracks:
        if track.emotions:
            length += track.span.duration
            for label, probability in track.emotions.items():
                total[label] = total.get(label, 0.0) + track.span.duration * probability
    return {label: time / length for label, time in total.items()}


def against(seen: dict[str, float], usual: dict[str, float]) -> dict[str, float]:
    """Probabilities of what is ``seen`` on a face that ``usual`` looks so; they sum to 1."""
    odds = {label: p * _EXPECTED.get(label, _LEAST) / max(usual.get(label, 0.0), _LEAST) for label, p in seen.items()}
    total = sum(odds.values())
    return {label: value / total for label, value in odds.items()} if total > 0 else seen


def measured(clip: Heard) -> Float[np.ndarray, "W 3"]:
    """Pitch in semitones, its spread, level of every window; nan where others are heard too, or nothing is voiced."""
    rows = np.stack([12 * np.log2(clip.colour[:, 0]), clip.colour[:, 1], clip.level], axis=1).astype(float)
    rows[clip.weight <= 0] = np.nan
    return rows


def sounding(clips: Sequence[Float[np.ndarray, "W 3"]], people: Sequence[Int[np.ndarray, " W"]]) -> dict[int, Float[np.ndarray, " 3"]]:
    """What each person usually measures in the windows where they are heard alone; nobody who is heard too little."""
    rows = np.concatenate([np.zeros((0, 3)), *clips])
    who = np.concatenate([np.zeros(0, int), *people])
    alone = ~np.isnan(rows).any(axis=1)
    return {
        person: np.median(rows[alone & (who == person)], axis=0)
        for person in dict.fromkeys(who.tolist())
        if person >= 0 and (alone & (who == person)).sum() >= _WINDOWS
    }


def tones(
    windows: Int[np.ndarray, "W 2"],
    rows: Float[np.ndarray, "W 3"],
    people: Int[np.ndarray, " W"],
    sounding: Mapping[int, Float[np.ndarray, " 3"]],
    names: Mapping[int, str],
) -> Iterator[Tone]:
    """A clip's windows of those who are named and have a usual sound, against that."""
    for (start, end), person, row in zip(windows.tolist(), people.tolist(), rows, strict=True):
        if person in sounding and person in names and not np.isnan(row).any():
            yield Tone(names[person], Span(start, end), *(round(float(value), 3) for value in row - sounding[person]))


def felt(face: Mapping[str, float], tone: tuple[float, float, float] | None) -> dict[str, float]:
    """Probabilities of the labels by a face's (empty where it isn't seen) and a tone; nothing where there is neither."""
    if tone is None:
        return dict(face)
    heard = np.clip(np.array(tone) / _UNITS, -_MOST, _MOST)
    odds = {label: math.log(_EXPECTED[label]) - 0.5 * float(np.sum((heard - np.array(place)) ** 2)) for label, place in _VOICED.items()}
    if face:
        odds = {label: value + _FACE_BESIDE * math.log(max(face.get(label, 0.0), _FACE_LEAST) / _EXPECTED[label]) for label, value in odds.items()}
    most = max(odds.values())
    weights = {label: math.exp(value - most) for label, value in odds.items()}
    return {label: value / sum(weights.values()) for label, value in weights.items()}

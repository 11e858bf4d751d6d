"""What a face expresses against how it usually looks: some people's faces smile at rest, and a reader of single pictures takes them for happy.

A reader's probabilities hold for the faces it learned from, where each label had its share. On one person's face the labels have other shares;
dividing by these and multiplying by the shares to be expected gives the probabilities for this person (Saerens, Latinne and Decaestecker, "Adjusting
the outputs of a classifier to new a priori probabilities", Neural Computation 14, 2002).
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas import FaceTrack

#: Shares to be expected of people who talk in films: half of the time calm.
_EXPECTED = {"neutral": 0.5, "happy": 0.12, "sadness": 0.12, "anger": 0.08, "surprise": 0.08, "fear": 0.06, "disgust": 0.04}
_LEAST = 0.001
#: So much of a face's time weighs as much as what is expected of any: who is seen for moments only is taken as they look.
_BELIEVED_MS = 10_000


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

"""A face is read against how it usually looks, a voice against how it usually sounds."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub import moods
from cinedub.casting import Heard
from schemas import Faces, FaceTrack, Span, Turn, Voices
from tests.cinedub.cast_of import clip_of

SMILING = {"happy": 0.6, "neutral": 0.3, "sadness": 0.1}


def track(seconds: int, emotions: dict[str, float]) -> FaceTrack:
    return FaceTrack(0, Span(0, seconds * 1000), 100.0, 0.9, None, None, emotions)


def test_a_face_that_always_smiles_is_calm_when_it_smiles_and_sad_when_it_smiles_less() -> None:
    usual = moods.usual([track(60, SMILING)])
    calm, down = moods.against(SMILING, usual), moods.against({"happy": 0.3, "neutral": 0.3, "sadness": 0.4}, usual)
    assert max(calm, key=calm.__getitem__) == "neutral"
    assert max(down, key=down.__getitem__) == "sadness"
    assert sum(calm.values()) == pytest.approx(1) and sum(down.values()) == pytest.approx(1)


def test_a_face_seen_for_a_moment_is_taken_as_it_looks() -> None:
    seen = moods.against(SMILING, moods.usual([track(1, SMILING)]))
    assert max(seen, key=seen.__getitem__) == "happy"


def test_a_face_without_expressions_has_none() -> None:
    assert moods.against({}, moods.usual([track(5, {})])) == {}


def heard(pitch: list[float], level: list[float], *others: Turn) -> Heard:
    """A clip in which one voice speaks in windows of 1.5 s, one after the other."""
    count, clip = len(pitch), clip_of()
    spans = np.array([(1500 * n, 1500 * n + 1500) for n in range(count)])
    turns = (Turn("v0", Span(0, 1500 * count), 0.9), *others)
    colour = np.stack([np.array(pitch), np.full(count, 2.0), np.zeros(count)], axis=1)
    faces = Faces(clip, (), "", "")
    return Heard(
        Voices(clip, turns, ""), faces, spans, np.ones((count, 1)), np.zeros(count, int), colour, np.array(level), np.zeros(count), np.zeros((0, 1))
    )


def tones(clip: Heard) -> list[tuple[int, float, float]]:
    people, rows = np.zeros(len(clip.windows), int), moods.measured(clip)
    found = moods.tones(clip.windows, rows, people, moods.sounding([rows], [people]), {0: "s001"})
    return [(tone.span.start, tone.pitch, tone.level) for tone in found if tone.speaker == "s001"]


def test_a_voice_is_told_against_its_own_usual_sound() -> None:
    assert tones(heard([100, 100, 100, 200, 100], [-20, -20, -20, -14, -20])) == [
        (0, 0, 0), (1500, 0, 0), (3000, 0, 0), (4500, 12, 6), (6000, 0, 0),
    ]  # fmt: skip


def test_a_voice_that_is_hardly_heard_has_no_usual_sound() -> None:
    assert tones(heard([100, 100, 200], [-20, -20, -14])) == []


def test_what_is_unvoiced_or_said_while_another_speaks_tells_nothing() -> None:
    clip = heard([100, float("nan"), 100, 100, 100, 300], [-20.0] * 6, Turn("v1", Span(7400, 9000), 0.9))
    assert [start for start, _, _ in tones(clip)] == [0, 3000, 4500, 6000]


@pytest.mark.parametrize(
    ("tone", "label"), [((0, 0, 0), "neutral"), ((-3, -2, -6), "sadness"), ((3, 1.5, 8), "anger"), ((5, 3, 2), "surprise"), ((3, -2, -3), "fear")]
)
def test_a_voice_alone_tells_what_moves_it_far_enough(tone, label) -> None:
    odds = moods.felt({}, tone)
    assert max(odds, key=odds.__getitem__) == label and sum(odds.values()) == pytest.approx(1)


def test_face_and_voice_together_decide_what_neither_does_alone() -> None:
    lively, smile = (2.2, 1.1, 2.0), {"happy": 0.6, "neutral": 0.4}
    alone, both = moods.felt({}, lively), moods.felt(smile, lively)
    assert max(alone, key=alone.__getitem__) != "happy" and max(both, key=both.__getitem__) == "happy"
    assert moods.felt(smile, None) == smile and moods.felt({}, None) == {}

"""A face is read against how it usually looks."""

from __future__ import annotations

import pytest

from cinedub import moods
from schemas import FaceTrack, Span

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

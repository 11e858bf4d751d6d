"""The peer's recipe: passes over a film become people, words go to whoever speaks, and the film is heard once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cinedub import peer, sound, weights
from cinedub.errors import UsageError
from cinedub.truth import Truth
from schemas import Span

STEP = 0.1


def test_voices_nearer_than_the_threshold_are_one_person_and_short_ones_go_to_the_nearest() -> None:
    ann, bob = np.eye(8, dtype=np.float32)[:2]
    near = (ann + 0.3 * bob) / np.linalg.norm(ann + 0.3 * bob)
    vectors = np.stack([ann, bob, near, bob, near])
    labels = peer._clustered(vectors, np.array([3.0, 3.0, 2.0, 0.4, 0.4]))
    assert labels[0] == labels[2] == labels[4]
    assert labels[1] == labels[3] != labels[0]


def test_overlapping_passes_vote_on_who_is_heard() -> None:
    first, second = np.zeros((100, 2), bool), np.zeros((100, 2), bool)
    first[20:40, 0] = True
    first[60:100, 1] = True
    second[10:60, 0] = True  # the same person's 60 to 110, under another number
    turns = peer._turns([(0, first), (50, second)], [(0, 0), (0, 1), (1, 0)], np.array([0, 1, 1]), 150, STEP)
    assert turns == [
        {"speaker": "SPEAKER_00", "start_ms": 2000, "end_ms": 4000},
        {"speaker": "SPEAKER_01", "start_ms": 6000, "end_ms": 11_000},
    ]


def test_a_word_goes_to_the_turn_that_shares_most_with_it_and_else_to_the_nearest() -> None:
    turns = [{"speaker": "a", "start_ms": 0, "end_ms": 1000}, {"speaker": "b", "start_ms": 1000, "end_ms": 2000}]
    words = [{"text": text, "start_ms": start, "end_ms": end} for text, start, end in (("one", 100, 400), ("two", 900, 1300), ("three", 2500, 2700))]
    found = peer._record(Span(0, 3000), [words], turns, "en")
    assert [(line["speaker"], line["text"]) for line in found["lines"]] == [("a", "one"), ("b", "two three")]
    assert (found["lines"][1]["start_ms"], found["lines"][1]["end_ms"]) == (900, 2700)


def test_a_truth_without_a_film_beside_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none beside"):
        peer.record(Truth("alone", 1000, (), (), stem=str(tmp_path / "alone")))


@pytest.mark.slow
def test_silence_is_heard_as_nobody_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not all(map(weights.present, ("whisper-base", "segmentation-3.0", "campplus"))):
        pytest.skip("weights missing: cinedub weights fetch build")
    monkeypatch.setenv("CINEDUB_CACHE", str(tmp_path / "cache"))
    sound.write(tmp_path / "quiet.flac", [np.zeros((1, 2 * 16_000), np.float32)], 16_000)
    truth = Truth("quiet", 2000, (), (), language="en", stem=str(tmp_path / "quiet"))
    found = peer.record(truth)
    assert found == {"span_ms": [0, 2000], "lines": [], "turns": [], "asr_turns": []}
    monkeypatch.setattr(peer, "diarised", None)  # a second look needs no model
    assert peer.record(truth) == found

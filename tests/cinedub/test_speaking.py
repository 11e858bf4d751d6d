"""Who speaks: the mouth and the voice together, never one of them alone. Voices and mouths are made up, with a seed."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub import speaking

FRAMES = 200


def band(rng: np.random.Generator, low: float, high: float, frames: int = FRAMES) -> np.ndarray:
    """Noise between two frequencies in Hz, of unit deviation."""
    spectrum = np.fft.rfft(rng.standard_normal(frames + 100))
    frequency = np.fft.rfftfreq(frames + 100, 0.04)
    spectrum[(frequency < low) | (frequency > high)] = 0
    signal = np.fft.irfft(spectrum, frames + 100)[50 : 50 + frames]
    return signal / signal.std()


def voice(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level in dB, where somebody is heard, and the syllables."""
    heard = np.zeros(FRAMES, bool)
    for start in range(10, FRAMES, 60):
        heard[start : start + 45] = True
    syllables = band(rng, 2, 7)
    return np.where(heard, -22 + 7 * syllables, -58 + rng.standard_normal(FRAMES)), heard, syllables


def speaker(rng: np.random.Generator, heard: np.ndarray, syllables: np.ndarray) -> np.ndarray:
    """A mouth that opens with the syllables, three frames before the sound, not quite in step."""
    opening = 0.05 * heard * (1 + 0.7 * (0.6 * syllables + 0.8 * band(rng, 1, 6)))
    return np.clip(np.roll(opening, -3) + 0.006 * rng.standard_normal(FRAMES), 0, None)


def chewing(rng: np.random.Generator) -> np.ndarray:
    return np.clip(0.06 + 0.04 * band(rng, 1, 3), 0, None)


def share(scores: np.ndarray, heard: np.ndarray) -> float:
    return float((scores[heard] >= 0.5).mean())


def everybody(make) -> tuple[float, float]:
    """Mean score and share of heard frames above a half, over twenty seeds."""
    results = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        level, heard, syllables = voice(rng)
        scores = speaking.scores(make(rng, heard, syllables), np.ones(FRAMES, bool), level)
        assert scores.dtype == np.float32 and scores.shape == (FRAMES,) and scores.min() >= 0 and scores.max() <= 1
        results.append((scores[heard].mean(), share(scores, heard)))
    mean, above = np.mean(results, axis=0)
    return float(mean), float(above)


def test_a_mouth_that_follows_the_voice_speaks() -> None:
    mean, above = everybody(speaker)
    assert mean > 0.75 and above > 0.85


def test_a_chewing_mouth_does_not_speak() -> None:
    mean, above = everybody(lambda rng, heard, syllables: chewing(rng))
    assert mean < 0.3 and above < 0.3


def test_a_closed_mouth_does_not_speak() -> None:
    mean, above = everybody(lambda rng, heard, syllables: np.abs(0.01 + 0.005 * rng.standard_normal(FRAMES)))
    assert mean < 0.1 and above < 0.05


def test_a_moving_mouth_in_silence_does_not_speak() -> None:
    rng = np.random.default_rng(1)
    scores = speaking.scores(chewing(rng), np.ones(FRAMES, bool), np.full(FRAMES, -90.0))
    assert scores.max() < 0.05


def test_the_speaker_scores_higher_than_the_listener_who_smiles() -> None:
    rng = np.random.default_rng(5)
    level, heard, syllables = voice(rng)
    seen = np.ones(FRAMES, bool)
    smile = 0.05 + 0.02 * np.sin(np.arange(FRAMES) / 30) + 0.004 * rng.standard_normal(FRAMES)
    assert speaking.scores(speaker(rng, heard, syllables), seen, level)[heard].mean() > 0.4 + speaking.scores(smile, seen, level)[heard].mean()


def test_a_mouth_that_is_not_seen_scores_nothing() -> None:
    rng = np.random.default_rng(2)
    level, heard, syllables = voice(rng)
    mouth, seen = speaker(rng, heard, syllables), np.ones(FRAMES, bool)
    mouth[60:90], seen[60:90] = 0, False
    scores = speaking.scores(mouth, seen, level)
    assert scores[60:90].max() == 0 and share(scores, heard & seen) > 0.7
    assert speaking.scores(mouth, np.zeros(FRAMES, bool), level).max() == 0


@pytest.mark.parametrize("frames", [1, 2, 4, 5, 8, 25])
def test_short_tracks_are_scored_without_a_fault(frames: int) -> None:
    scores = speaking.scores(np.full(frames, 0.05), np.ones(frames, bool), np.full(frames, -30.0))
    assert scores.shape == (frames,) and np.isfinite(scores).all()


def test_loudness_rises_where_the_voice_is() -> None:
    rate = 16_000
    sound = np.zeros(2 * rate, np.float32)
    sound[rate // 2 : rate] = 0.5 * np.sin(np.arange(rate // 2) * 0.2)
    level = speaking.loudness(sound, rate, 50)
    assert level.shape == (50,) and np.isfinite(level).all()
    loud = np.flatnonzero(level > -20)
    assert loud[0] in (12, 13) and loud[-1] in (24, 25)
    assert level[14:23] == pytest.approx(10 * np.log10(0.125), abs=0.5)


def test_loudness_of_a_short_sound_is_as_long_as_asked() -> None:
    assert speaking.loudness(np.zeros(10, np.float32), 16_000, 25).shape == (25,)


def test_spans_close_pauses_and_leave_out_blips() -> None:
    scores = np.zeros(100)
    scores[10:30], scores[34:50], scores[70:73] = 0.8, 0.8, 0.9
    ((first, after, score),) = speaking.spans(scores)
    assert (first, after) == (10, 50) and score == pytest.approx(0.8 * 36 / 40)
    assert speaking.spans(np.zeros(100)) == []

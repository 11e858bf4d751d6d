"""A sound that comes early or late is found by the mouths. Voices and mouths are made up, with a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from cinedub import sync
from schemas import Sync

FRAMES, BEFORE = 250, 600
STEPS = FRAMES * 4 + 2 * BEFORE // 10


def syllables(rng: np.random.Generator) -> NDArray[np.float64]:
    """A level in [0, 1] every 10 ms that rises and falls two to seven times a second."""
    spectrum = np.fft.rfft(rng.standard_normal(STEPS))
    hertz = np.fft.rfftfreq(STEPS, 0.01)
    spectrum[(hertz < 2) | (hertz > 7)] = 0
    signal = np.fft.irfft(spectrum, STEPS)
    return np.clip(0.6 + 0.2 * signal / signal.std(), 0, 1)


def mouth(rng: np.random.Generator, voice: NDArray[np.float64]) -> sync.Mouth:
    """A mouth that follows a voice in step, not quite, and is seen throughout."""
    at = (BEFORE + np.arange(FRAMES) * 40 + 20 + sync.NATURAL_MS) // 10
    return np.clip(0.15 * voice[at] + 0.03 * rng.standard_normal(FRAMES), 0, None), np.ones(FRAMES, bool)


def shifted(voice: NDArray[np.float64], ms: int) -> NDArray[np.float64]:
    return np.roll(voice, ms // 10)


def measure(mouths: Sequence[sync.Mouth], voice: NDArray[np.float64], before_ms: int) -> Sync | None:
    odds = sync.odds(mouths, voice, before_ms)
    return None if odds is None else sync.likeliest(odds)


@pytest.mark.parametrize("ms", [-400, -200, -80, -40, 0, 40, 80, 200, 400])
@pytest.mark.parametrize("seed", range(3))
def test_a_shifted_sound_is_found_within_a_frame_among_people_who_listen(ms: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    voice = syllables(rng)
    found = measure([mouth(rng, voice), mouth(rng, syllables(rng))], shifted(voice, ms), BEFORE)
    assert found is not None and abs(found.offset_ms - ms) <= 40 and found.confidence > 0.8


def test_mouths_that_say_something_else_are_not_trusted() -> None:
    confidences = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found = measure([mouth(rng, syllables(rng))], syllables(rng), BEFORE)
        assert found is not None
        confidences.append(found.confidence)
    assert np.mean(confidences) < 0.4 and sum(confidence > 0.8 for confidence in confidences) <= 1


def test_nobody_seen_gives_none_and_nobody_heard_no_confidence() -> None:
    rng = np.random.default_rng(0)
    voice = syllables(rng)
    opening, seen = mouth(rng, voice)
    assert measure([], voice, BEFORE) is None
    assert measure([(opening, np.zeros_like(seen))], voice, BEFORE) is None
    silent = measure([(opening, seen)], np.zeros(STEPS), BEFORE)
    assert silent is not None and silent.offset_ms == 0 and silent.confidence < 0.1
    assert measure([(np.zeros(FRAMES), seen)], voice, BEFORE) == Sync(0, silent.confidence)


def test_the_level_spans_the_voices_own_range() -> None:
    time = np.arange(16_000) / 16_000
    loud = sync.level((np.sin(2 * np.pi * 200 * time) * (time > 0.5)).astype(np.float32), 16_000)
    assert len(loud) == 100 and loud[:40].max() == 0 and loud[60:90].min() > 0.95


def spoken(rng: np.random.Generator, ms: int, noise: float, frames: int = 60) -> NDArray[np.float64]:
    """What a clip tells of its sound, which is late by so much: a mouth that follows its voice more or less."""
    voice = syllables(rng)
    opening, seen = mouth(rng, voice)
    odds = sync.odds([(opening + noise * rng.standard_normal(FRAMES), seen & (np.arange(FRAMES) < frames))], shifted(voice, ms), BEFORE)
    assert odds is not None
    return odds


@pytest.mark.parametrize("ms", [-400, -40, 0, 200])
def test_clips_that_each_say_little_are_sure_of_the_offset_of_their_film(ms: int) -> None:
    rng = np.random.default_rng(5)
    odds = [spoken(rng, ms, 0.12) for _ in range(12)]
    alone, together = [sync.likeliest(own) for own in odds], sync.through_film(odds)
    assert sum(found.confidence >= sync.SURE for found in alone) <= 3
    sure = [found for found in together if found.confidence >= sync.SURE]
    assert len(sure) >= 6 and all(abs(found.offset_ms - ms) <= 40 for found in sure)


def test_a_clip_whose_sound_is_late_by_something_else_keeps_its_own_and_one_that_says_nothing_is_not_sure() -> None:
    rng = np.random.default_rng(6)
    clear = [spoken(rng, ms, 0.0, 150) for ms in (0, 0, 0, 280, 0)]
    *same, odd, last, silent = sync.through_film([*clear, np.zeros(len(sync.OFFSETS))])
    assert abs(odd.offset_ms - 280) <= 40 and odd.confidence >= sync.SURE
    assert all(abs(found.offset_ms) <= 40 and found.confidence >= sync.SURE for found in (*same, last))
    assert abs(silent.offset_ms) <= 40 and 0.5 < silent.confidence < sync.SURE
    assert sync.through_film([clear[3]]) == [sync.likeliest(clear[3])] and sync.through_film([]) == []

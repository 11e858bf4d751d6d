"""Pitch is found to a few percent, and only where something is voiced."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub import prosody


def buzz(hertz: float, seconds: float, rate: int = 16_000, partials: int = 20) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (0.1 * sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, partials))).astype(np.float32)


@pytest.mark.parametrize("hertz", [75.0, 110.0, 160.0, 220.0, 330.0])
def test_the_pitch_of_a_buzz_is_its_fundamental(hertz: float) -> None:
    pitch, spread, _ = prosody.measure(buzz(hertz, 1.0), 16_000).over(100, 900)
    assert pitch == pytest.approx(hertz, rel=0.03) and spread < 0.5


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
    for sound in (noise, np.zeros(16_000, np.float32)):
        assert np.isnan(prosody.measure(sound, 16_000).pitch).mean() > 0.95


def test_a_brighter_buzz_has_a_higher_tilt() -> None:
    bright, dull = (prosody.measure(buzz(120, 1.0, partials=n), 16_000).over(100, 900)[2] for n in (40, 12))
    assert bright > dull


def test_sound_of_any_length_is_measured() -> None:
    for samples in (0, 1, 159, 16_000 * 65):
        assert len(prosody.measure(np.zeros(samples, np.float32), 16_000).pitch) == -(-samples // 160)

"""Spleeter pulls voices out of a stream of any blocks."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub import backends, weights
from cinedub.config import Model
from cinedub.errors import WeightsError

needs_weights = pytest.mark.skipif(not weights.present("spleeter-2stems"), reason="the weights spleeter-2stems aren't here")


def hum_and_noise(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """A gliding, vibrating vowel, and a drum-like rattle."""
    time = np.arange(round(seconds * 44100)) / 44100
    pitch = np.cumsum(180 * (1 + 0.03 * np.sin(2 * np.pi * 5.5 * time)) * 2 ** (0.3 * np.sin(2 * np.pi * 0.4 * time))) / 44100
    formants = [(700, 130), (1220, 70), (2600, 160)]
    vowel = sum(sum(1 / (1 + ((180 * k - f) / width) ** 2) for f, width in formants) * np.sin(2 * np.pi * k * pitch) for k in range(1, 25)) * (
        0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 0.8 * time))
    )
    rattle = np.random.default_rng(0).standard_normal(len(time)) * np.exp(-((time * 4) % 1) * 20)
    return (0.1 * np.stack([vowel, vowel])).astype(np.float32), (0.1 * np.stack([rattle, rattle])).astype(np.float32)


@needs_weights
def test_a_voice_comes_out_longer_than_a_window_and_a_rattle_stays() -> None:
    voice, rattle = hum_and_noise(16.0)
    mix = voice + rattle
    separator = backends.load("separator", Model("spleeter", "spleeter-2stems"))
    assert separator.rate == 44100
    out = np.concatenate(list(separator.vocals(np.array_split(mix, 23, axis=1))), axis=1)
    assert out.shape == mix.shape and out.dtype == np.float32
    before = np.square(rattle).mean() / np.square(voice).mean()
    after = np.square(out - voice).mean() / np.square(voice).mean()
    assert after < before / 2


@needs_weights
def test_silence_stays_silent_and_nothing_stays_nothing() -> None:
    separator = backends.load("separator", Model("spleeter", "spleeter-2stems"))
    (out,) = separator.vocals([np.zeros((2, 1000), np.float32)])
    assert out.shape == (2, 1000) and not out.any()
    assert list(separator.vocals([])) == []


def test_missing_weights_are_named() -> None:
    with pytest.raises(WeightsError, match="no weights at 'nowhere'"):
        backends.load("separator", Model("spleeter", "nowhere"))

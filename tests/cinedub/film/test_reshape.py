"""A line in another timbre is another's, and says the same at the same places."""

import dataclasses

import numpy as np
import pytest

from cinedub import prosody, weights
from cinedub.film import reshape
from cinedub.film.acting import MANNERS
from cinedub.film.timbre import Timbre
from cinedub.film.voices import RATE, Speaker

pytestmark = pytest.mark.skipif(not weights.present("kokoro"), reason="needs: cinedub weights fetch film")
SAME = Timbre("t", 1.0, 1.0, 1.0, 1.0, 0.0, (0.0,) * 6)
PLAIN = MANNERS["neutral"]


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return Speaker("jm_kumo", threads=1).say("We have to be at the old harbour before nine.", seed=1).sound


def envelope(sound: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(sound[: len(sound) // 480 * 480]).reshape(-1, 480).mean(1))


def centre_hz(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    return float((power * hertz).sum() / power.sum())


def pitch_hz(sound: np.ndarray) -> float:
    return float(np.nanmedian(prosody.measure(sound, RATE).pitch))


def test_a_timbre_that_changes_nothing_leaves_loudness_where_it_was(sound):
    again = envelope(reshape.reshaped(sound, RATE, SAME, PLAIN, 1.0))
    before = envelope(sound)[: len(again)]
    assert np.corrcoef(again[: len(before)], before)[0, 1] > 0.95


def test_pitch_throat_and_pace_are_moved_apart_from_one_another(sound):
    plain = reshape.reshaped(sound, RATE, SAME, PLAIN, 1.0)
    higher = reshape.reshaped(sound, RATE, dataclasses.replace(SAME, pitch=1.3), PLAIN, 1.0)
    assert pitch_hz(higher) == pytest.approx(1.3 * pitch_hz(plain), rel=0.06) and len(higher) == len(plain)
    smaller = reshape.reshaped(sound, RATE, dataclasses.replace(SAME, throat=1.15), PLAIN, 1.0)
    assert centre_hz(smaller) > 1.05 * centre_hz(plain) and pitch_hz(smaller) == pytest.approx(pitch_hz(plain), rel=0.05)
    faster = reshape.reshaped(sound, RATE, SAME, PLAIN, 1.25)
    assert len(faster) == pytest.approx(len(plain) / 1.25, rel=0.01) and pitch_hz(faster) == pytest.approx(pitch_hz(plain), rel=0.05)


def test_anger_rises_and_sadness_falls(sound):
    angry, sad = (pitch_hz(reshape.reshaped(sound, RATE, SAME, MANNERS[name], 1.0)) for name in ("anger", "sadness"))
    assert angry > 1.12 * sad

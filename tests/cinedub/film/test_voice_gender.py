"""How gender is learned from voices: made-up vectors, with a seed."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub.film import voice_gender

SIZE = 24


def person(rng: np.random.Generator, octaves: float, slant: float) -> np.ndarray:
    """Eight windows: vectors that lean by ``slant`` to one side of the first direction, pitch about a middle, and nothing heard."""
    vectors = rng.standard_normal((8, SIZE)) * 0.2 + np.r_[slant, rng.standard_normal(SIZE - 1)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.c_[vectors, octaves + 0.1 * rng.standard_normal(8), np.zeros(8)]


@pytest.fixture
def voices() -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Twenty whose vectors tell gender and whose pitch mostly does."""
    rng = np.random.default_rng(1)
    genders = {f"v{n:02d}": "female" if n % 2 else "male" for n in range(20)}
    sign = {voice: 1 if gender == "female" else -1 for voice, gender in genders.items()}
    return {voice: person(rng, 0.2 * sign[voice] + 0.2 * rng.standard_normal(), 1.5 * sign[voice]) for voice in genders}, genders


def test_vector_and_pitch_tell_voices_that_were_left_out(voices: tuple[dict[str, np.ndarray], dict[str, str]]) -> None:
    tables, genders = voices
    odds = {}
    for voice, rows in tables.items():
        theta = voice_gender.fit({other: table for other, table in tables.items() if other != voice}, genders, 0.3)
        odds[voice] = voice_gender.told(theta, rows)
    number, loss = voice_gender.right(odds, genders)
    assert number >= 18 and loss < 0.35


def test_held_small_a_vector_that_is_of_no_use_elsewhere_leaves_the_word_to_pitch(voices: tuple[dict[str, np.ndarray], dict[str, str]]) -> None:
    tables, genders = voices
    rng = np.random.default_rng(2)
    strangers = {f"p{n}": person(rng, 0.25 if n % 2 else -0.25, -1.5 if n % 2 else 1.5) for n in range(12)}  # who lean the other way
    known = {who: "female" if int(who[1:]) % 2 else "male" for who in strangers}
    fits = [voice_gender.fit(tables, genders, ridge) for ridge in (0.001, 0.1, 30.0)]
    losses = [voice_gender.right({who: voice_gender.told(theta, rows) for who, rows in strangers.items()}, known)[1] for theta in fits]
    assert losses[0] > losses[1] > losses[2]
    sizes = [float(np.linalg.norm(theta[:-3]) / theta[-3]) for theta in fits]
    assert sizes[0] > 2 * sizes[1] > 20 * sizes[2]

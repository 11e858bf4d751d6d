"""Ambience, splices and looks are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub.continuity import Look, Sound, floor_change, layout_likeness, levels, palette_likeness, place_evidence

RATE = 48000


def noise(seed: int, seconds: float, level: float = 0.01) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def test_levels_are_the_same_in_any_blocks_one_every_10_ms() -> None:
    sound = noise(0, 3.0)
    whole = levels([sound], RATE)
    np.testing.assert_allclose(levels(np.array_split(sound, 13), RATE), whole, atol=1e-3)
    assert abs(len(whole) - 300) <= 1


def test_a_sine_is_as_loud_as_it_is_in_its_own_band() -> None:
    time = np.arange(RATE) / RATE
    tone = levels([(0.1 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)], RATE)[50]
    edges = np.geomspace(60, 20000, 25)
    assert edges[tone.argmax()] <= 1000 < edges[tone.argmax() + 1]


def test_another_noise_floor_speaks_for_another_place_and_the_same_against() -> None:
    sound = Sound.measured(levels([np.concatenate([noise(1, 5.0), noise(2, 5.0, 0.1)])], RATE), [3000, 5000])
    assert sum(sound.evidence(5000, 3000, 10_000)) > 3
    assert sum(sound.evidence(3000, 0, 5000)) < -1
    assert floor_change(sound.levels, 3000, 0, 5000) < 3


@pytest.mark.parametrize("shift", [-100, 0, 100])
def test_sound_that_starts_dead_with_the_picture_was_spliced(shift: int) -> None:
    track = np.concatenate([noise(1, 4.5), np.zeros(RATE // 2, np.float32), noise(1, 5.0)])
    sound = Sound.measured(levels([track], RATE), [5000])
    assert sum(sound.evidence(5000 + shift, 0, 10_000)) > 3


def test_where_sound_starts_dead_at_all_times_it_says_little() -> None:
    beat = np.concatenate([noise(1, 0.8), np.zeros(round(0.7 * RATE), np.float32)])
    sound = Sound.measured(levels([np.tile(beat, 20)], RATE), [15_000])
    assert sum(sound.evidence(15_000, 0, 30_000)) < 2.5


def test_silence_says_nothing() -> None:
    assert Sound.measured(levels([np.zeros(10 * RATE, np.float32)], RATE), [5000]).evidence(5000, 0, 10_000) == (0.0, 0.0)


def test_a_set_up_that_comes_back_keeps_the_scene_together() -> None:
    random = np.random.default_rng(0)

    def look(seed: int, tint: tuple[int, int, int]) -> Look:
        grey = np.random.default_rng(seed).uniform(0, 1, (6, 8, 1)).repeat(3, axis=0).repeat(4, axis=1)
        return Look.of([(grey * tint + random.uniform(0, 8, (18, 32, 3))).clip(0, 255).astype(np.uint8) for _ in range(7)])

    one, again, other = look(1, (200, 40, 40)), look(1, (200, 40, 40)), look(2, (30, 60, 220))
    assert layout_likeness(one, again) > 0.9 > layout_likeness(one, other)
    assert palette_likeness(one, other) < 0.3 < palette_likeness(one, again)
    assert place_evidence([one], [other, again]) < -1 < 1 < place_evidence([one], [other])

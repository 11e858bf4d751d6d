"""Upright faces from five points."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cinedub import alignment


def test_a_similarity_is_found_again() -> None:
    angle, scale, shift = 0.4, 2.5, np.array([3.0, -7.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    source = np.random.default_rng(0).normal(size=(5, 2))
    assert alignment.similarity(source, source @ turn.T + shift) == pytest.approx(np.column_stack([turn, shift]))


def test_points_that_are_all_one_are_refused() -> None:
    with pytest.raises(ValueError, match="direction"):
        alignment.similarity(np.ones((5, 2)), alignment.TEMPLATE)


@pytest.mark.parametrize("scale", [0.7, 3.0, 12.0])
def test_a_turned_face_comes_out_upright_at_any_size(scale: float) -> None:
    angle, side = 0.5, round(200 * scale)
    turn = scale * 60 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (alignment.TEMPLATE - 0.5) @ turn.T + side / 2
    picture = np.zeros((side, side, 3), np.uint8)
    for x, y in points:
        cv2.circle(picture, (round(x), round(y)), round(3 * scale), (255, 255, 255), -1)
    chip = alignment.chip(picture, [tuple(point) for point in points], 100, padding=0.2)
    for x, y in (alignment.TEMPLATE + 0.2) / 1.4 * 100:
        assert chip[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].mean() > 180
    assert chip[:5].max() < 30


def test_a_face_at_the_border_is_cut_without_a_fault() -> None:
    picture = np.full((50, 50, 3), 90, np.uint8)
    points = [(-400.0, -400.0), (-200.0, -400.0), (-300.0, -300.0), (-380.0, -200.0), (-220.0, -200.0)]
    assert alignment.chip(picture, points, 64).shape == (64, 64, 3)


def test_dark_pictures_are_brightened_and_bright_ones_left_alone() -> None:
    dark, bright = np.full((8, 8, 3), 20, np.uint8), np.full((8, 8, 3), 120, np.uint8)
    assert 60 < alignment.brighten(dark).mean() <= 110
    assert alignment.brighten(bright) is bright
    assert alignment.brighten(np.zeros((0, 4, 3), np.uint8)).size == 0

"""Mouths out of landmarks: what shows in the lips is the mouth, not the head."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from cinedub import lips
from cinedub.backends.mediapipe import MediaPipe
from cinedub.config import Model
from cinedub.weights import present

pytestmark = pytest.mark.skipif(not present("face-landmarker"), reason="face-landmarker is not in the weights cache")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return skimage.data.astronaut()[0:260, 90:360]


@pytest.fixture(scope="module")
def points(picture: np.ndarray) -> np.ndarray:
    (found,) = MediaPipe(Model("mediapipe", "face-landmarker")).landmarks([picture])
    assert found is not None
    return found.points


def turned(points: np.ndarray, yaw: float, roll: float, scale: float, shift: tuple[float, float, float]) -> np.ndarray:
    y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    r = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return ((points - points.mean(axis=0)) @ (r @ y).T * scale + shift).astype(np.float32)


def opened(points: np.ndarray, gap: float) -> np.ndarray:
    _, axes, unit = lips.frame(points)
    moved = points.copy()
    moved[list(lips.LOWER)] += (axes[1] * gap * unit).astype(np.float32)
    return moved


def test_lip_points_do_not_know_where_or_how_the_head_is(points: np.ndarray) -> None:
    still = lips.normalised(points)
    assert still.shape == (40, 2) and len(set(lips.LIPS)) == 40
    for yaw, roll, scale, shift in ((0.6, 0, 1, (0, 0, 0)), (0, 0.5, 1, (5, 5, 5)), (-0.3, -0.4, 3.3, (900, -70, 0))):
        assert lips.normalised(turned(points, yaw, roll, scale, shift)) == pytest.approx(still, abs=2e-3)


def test_the_mouth_is_below_the_eyes_and_left_is_left(points: np.ndarray) -> None:
    still = lips.normalised(points)
    assert (still[:, 1] > 0.3).all()
    assert still[lips.LIPS.index(61), 0] < 0 < still[lips.LIPS.index(291), 0]


def test_aperture_is_how_far_the_lips_are_apart(points: np.ndarray) -> None:
    smile = lips.aperture(points)
    assert 0.02 < smile < 0.15  # her teeth show
    for head in (points, turned(points, 0.5, 0.3, 2.0, (100, 100, 0))):
        assert lips.aperture(opened(head, 0.2)) == pytest.approx(smile + 0.2, abs=0.01)


def test_a_frontal_face_is_more_frontal_than_a_turned_one(points: np.ndarray) -> None:
    assert lips.frontal(points) > lips.frontal(turned(points, 0.9, 0, 1, (0, 0, 0)))


def test_a_mouth_crop_is_grey_upright_and_in_the_middle(picture: np.ndarray, points: np.ndarray) -> None:
    crop = lips.crop(picture, points)
    assert crop.shape == (96, 96) and crop.dtype == np.uint8
    # Teeth: the brightest part of her mouth lies in the middle of the crop.
    rows, columns = np.nonzero(crop[24:72] > np.percentile(crop[24:72], 97))
    assert abs(rows.mean() + 24 - 48) < 14 and abs(columns.mean() - 48) < 14


def test_the_same_mouth_gives_the_same_crop_in_a_smaller_picture(picture: np.ndarray, points: np.ndarray) -> None:
    large = np.kron(picture, np.ones((2, 2, 1), np.uint8))
    difference = lips.crop(picture, points).astype(int) - lips.crop(large, points * np.float32(2)).astype(int)
    assert np.abs(difference).mean() < 4

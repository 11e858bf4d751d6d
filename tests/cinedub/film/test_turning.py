"""A turned head: landmarks move as a head's do, and the picture with them."""

import numpy as np
import pytest

from cinedub import weights
from cinedub.film import expressions
from cinedub.film.cast import LOOKS
from cinedub.film.puppet import Puppet
from cinedub.film.script import FURTHEST
from cinedub.film.turning import yawed

pytestmark = pytest.mark.skipif(not weights.present("face-landmarker"), reason="needs: cinedub weights fetch --pack film")
NOSE, LEFT_CHEEK, RIGHT_CHEEK = 1, 454, 234


@pytest.fixture(scope="module")
def doll() -> Puppet:
    return Puppet(LOOKS[2])


@pytest.mark.parametrize("degrees", [-FURTHEST, FURTHEST])
def test_the_nose_comes_nearer_to_the_cheek_that_turns_away(doll, degrees):
    doll.pose(0, 0, 0)
    _, points = yawed(doll, degrees)
    left, right = (abs(points[NOSE, 0] - points[cheek, 0]) for cheek in (LEFT_CHEEK, RIGHT_CHEEK))
    assert (right < 0.5 * left) if degrees < 0 else (left < 0.5 * right)


@pytest.mark.parametrize("degrees", [-FURTHEST, 25])
def test_a_landmark_lies_on_the_pixels_that_it_lay_on_before(doll, degrees):
    doll.pose(0, 0, 0)
    head = doll.head
    picture, points = yawed(doll, degrees)
    for index in (NOSE, 13, 14, 105 if degrees < 0 else 334):
        (x, y), (u, v) = doll.shape[index, :2].astype(int), points[index, :2].astype(int)
        before, after = (part[b - 3 : b + 4, a - 3 : a + 4, :3].mean((0, 1)) for part, a, b in ((head, x, y), (picture, u, v)))
        assert np.abs(before - after).max() < 45


def test_a_face_that_does_not_turn_is_left_alone(doll):
    assert yawed(doll, 1.0)[0] is doll.head


def test_smiling_raises_the_corners_of_the_mouth_and_grief_the_inner_brows(doll):
    shapes = {}
    for name in ("neutral", "happy", "sadness", "anger"):
        doll.pose(0, 0, 0, expressions.of(name), 1.0)
        shapes[name] = doll.shape[:, 1].copy()
    corner, inner_brow = 61, 107
    assert shapes["happy"][corner] < shapes["neutral"][corner] < shapes["sadness"][corner]
    assert shapes["sadness"][inner_brow] < shapes["neutral"][inner_brow] < shapes["anger"][inner_brow]
    doll.pose(0, 0, 0, expressions.of("anger"), 0.1)
    assert doll.state is not None and doll.state[3] is expressions.STILL

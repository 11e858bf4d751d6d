"""Who is in a film: faces of different splits are different people, for people and for the face encoder."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest

from cinedub import backends, config, weights
from cinedub.backends.roles import FaceBox
from cinedub.film import FilmSettings, screenplay
from cinedub.film.cast import LOOKS
from cinedub.film.puppet import Puppet
from cinedub.film.skin import OVAL


def test_no_face_is_in_two_splits():
    looks = {
        split: {_face(person.look) for seed in range(6) for person in _people(split, seed) if person.look} for split in ("train", "valid", "test")
    }
    assert [len(found) for found in looks.values()] == [6, 3, 3]
    assert not any(one & other for one, other in combinations(looks.values(), 2))


def test_people_of_one_film_have_faces_and_voices_of_their_own():
    for seed in range(6):
        people = _people("train", seed)
        assert len({person.voice for person in people}) == len({person.look for person in people}) == len(people) == 4


@pytest.mark.slow
@pytest.mark.skipif(not all(weights.present(name) for name in ("dlib-face", "face-landmarker")), reason="needs: cinedub weights fetch build film")
def test_the_face_encoder_tells_the_faces_apart():
    encoder = backends.load("face_encoder", config.See().face_encoder)
    vectors = np.stack([_encoded(Puppet(look), encoder) for look in LOOKS])
    apart = (1 - vectors @ vectors.T)[np.triu_indices(len(LOOKS), 1)]
    assert apart.min() > 0.07 and np.median(apart) > 0.11


def _people(split, seed):
    return screenplay.cast(FilmSettings(split=split, characters=3, kinds=("dialogue",)), np.random.default_rng(seed))


def _face(look):
    return dataclasses.replace(look, clothes=(0, 0, 0))


def _encoded(doll, encoder):
    doll.pose(0.1, 0, 0)
    cover = doll.head[..., 3:] / 255
    x0, y0, x1, y1 = (*doll.shape[list(OVAL), :2].min(0), *doll.shape[list(OVAL), :2].max(0))
    return encoder.encode((doll.head[..., :3] * cover + 110 * (1 - cover)).astype(np.uint8), FaceBox((x0, y0, x1, y1), (), 1.0))

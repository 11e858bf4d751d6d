"""A face speaks when its mouth or the rest of the film says so; at one moment one voice has one face."""

from __future__ import annotations

import numpy as np

from cinedub.onscreen import EDGE, NO_TURN, Seen, scores
from schemas import Span

FRAMES = 100
ANNA, BELA = 0, 1


def seen(*faces: tuple[int, float], start: int = 0) -> Seen:
    """A clip of 4 s in which these identities are visible throughout, their mouths going with the voice that much; somebody is heard throughout."""
    mouth = np.repeat([[going] for _, going in faces], FRAMES, axis=1).reshape(len(faces), FRAMES)
    return Seen(start, np.array([who for who, _ in faces], int), np.ones((len(faces), FRAMES), bool), mouth, np.ones(FRAMES))


def turn(person: int, start: int, end: int) -> tuple[int, Span, float]:
    return person, Span(start, end), 0.9


def test_a_mouth_that_goes_with_the_voice_speaks_through_the_whole_turn_and_only_there() -> None:
    (found,) = scores([seen((ANNA, 0.8), (BELA, 0.1))], [[turn(7, 1000, 3000)]])
    assert found.dtype == np.float32 and found[0, 25:75].min() > 0.8 and found[1].max() < 0.2
    before = found[0, : 25 - EDGE]
    assert before.max() <= NO_TURN * 0.8 + 1e-6 < found[0, 25 - EDGE : 25].min()


def test_in_a_pause_a_face_speaks_less_surely() -> None:
    clip = seen((ANNA, 0.8))
    clip.heard[40:60] = clip.mouth[0, 40:60] = 0
    (found,) = scores([clip], [[turn(7, 0, 4000)]])
    assert 0.5 < found[0, 50] < found[0, 30] - 0.2


def test_a_turn_shorter_than_half_a_frame_shows_nobody_speaking_and_spoils_nothing() -> None:
    with_it, without = (scores([seen((ANNA, 0.8))], [turns])[0] for turns in ([turn(8, 990, 991), turn(7, 1000, 3000)], [turn(7, 1000, 3000)]))
    assert np.array_equal(with_it, without)


def test_still_faces_leave_the_voice_to_somebody_unseen() -> None:
    (found,) = scores([seen((ANNA, 0.02), (BELA, 0.05))], [[turn(7, 0, 4000)]])
    assert found.max() < 0.25


def test_of_two_mouths_that_go_alike_the_one_known_with_the_voice_speaks() -> None:
    clips = [seen((ANNA, 0.8)), seen((BELA, 0.8)), seen((ANNA, 0.5), (BELA, 0.5))]
    *_, found = scores(clips, [[turn(7, 0, 4000)], [turn(8, 0, 4000)], [turn(7, 0, 4000)]])
    assert found[0].min() > 0.9 and found[1].max() < 0.1


def test_a_piece_is_not_its_own_witness() -> None:
    alone, twice = (scores([seen((ANNA, 0.4))] * n, [[turn(7, 0, 4000)]] * n)[0].max() for n in (1, 2))
    assert 0.5 < alone < twice


def test_a_film_in_which_nobody_is_seen_or_heard_has_no_scores() -> None:
    assert scores([], []) == []
    empty = Seen(0, np.zeros(0, int), np.zeros((0, FRAMES), bool), np.zeros((0, FRAMES)), np.ones(FRAMES))
    assert scores([empty], [[turn(7, 0, 4000)]])[0].shape == (0, FRAMES)
    (quiet,) = scores([seen((ANNA, 0.6))], [[]])
    assert np.allclose(quiet, NO_TURN * 0.6)


def test_a_late_sound_is_looked_for_where_the_picture_shows_it() -> None:
    """The sound is 400 ms late: what is heard from 1.4 s on is seen from 1 s on."""
    (found,) = scores([seen((ANNA, 0.8), start=400)], [[turn(7, 1400, 3400)]])
    assert found[0, 25:75].min() > 0.8 and found[0, 75 + EDGE :].max() < 0.5

"""Faces followed from picture to picture."""

from __future__ import annotations

import numpy as np
import pytest

from cinedub.backends.roles import FaceBox
from cinedub.tracking import Tracker, overlap


def face(x: float, y: float = 100, side: float = 50, score: float = 0.9) -> FaceBox:
    return FaceBox((x, y, x + side, y + side), ((x + 10, y + 10),) * 5, score)


def test_a_moving_face_is_one_track_with_a_box_for_every_frame() -> None:
    tracker = Tracker(bridge=10)
    for frame in range(0, 51, 5):
        tracker.look(frame, [face(frame * 4)])
    (track,) = tracker.tracks
    assert [track.at(frame).box[0] for frame in range(51)] == pytest.approx([4 * frame for frame in range(51)])
    assert track.at(7).points[0] == pytest.approx((38, 110))
    assert track.at(51) is None


def test_two_faces_that_pass_each_other_stay_two() -> None:
    tracker = Tracker(bridge=10)
    for frame in range(0, 51, 5):
        tracker.look(frame, [face(frame * 4, y=100), face(200 - frame * 4, y=140)])
    assert len(tracker.tracks) == 2
    for track in tracker.tracks:
        assert len({one.box[1] for one in track.faces}) == 1


def test_a_face_missed_for_a_moment_is_the_same_face() -> None:
    tracker = Tracker(bridge=15)
    for frame, faces in ((0, [face(100)]), (5, []), (10, [face(110)])):
        tracker.look(frame, faces)
    (track,) = tracker.tracks
    assert track.at(5).box[0] == 105


def test_a_face_missed_for_long_is_another() -> None:
    tracker = Tracker(bridge=15)
    for frame, faces in ((0, [face(100)]), (5, []), (10, []), (15, []), (20, [face(100)])):
        tracker.look(frame, faces)
    assert len(tracker.tracks) == 2


def test_a_face_of_another_size_is_another() -> None:
    tracker = Tracker(bridge=15)
    tracker.look(0, [face(100, side=50)])
    tracker.look(5, [face(100, side=120)])
    assert len(tracker.tracks) == 2


def test_nothing_seen_later_changes_what_is_settled() -> None:
    rng = np.random.default_rng(3)
    tracker, told = Tracker(bridge=10), {}
    for frame in range(0, 300, 5):
        faces = [face(40 + 120 * i + frame * 0.3) for i in range(3) if rng.random() > 0.4]
        tracker.look(frame, faces)
        for settled in range(max(told, default=-1) + 1, tracker.settled + 1):
            told[settled] = [box for track in tracker.tracks if (box := track.at(settled))]
        assert frame - tracker.settled <= 10
    for frame, boxes in told.items():
        later = [track.at(frame) for track in tracker.tracks]
        assert boxes == [box for box in later if box]


def test_of_a_crowd_the_largest_faces_are_kept() -> None:
    tracker = Tracker(bridge=10, most=8)
    tracker.look(0, [face(60 * i, side=20 + i) for i in range(40)])
    assert sorted(track.faces[0].box[2] - track.faces[0].box[0] for track in tracker.tracks) == [52 + i for i in range(8)]


def test_overlap_is_that_of_areas() -> None:
    assert overlap(face(0), face(0)) == pytest.approx(1)
    assert overlap(face(0), face(25)) == pytest.approx(1 / 3)
    assert overlap(face(0), face(50)) == 0

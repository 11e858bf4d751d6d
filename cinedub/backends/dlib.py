"""dlib's face recognition network (King, 2017): 128 numbers that lie close for one person and apart for two. ONNX Runtime runs it."""

from __future__ import annotations

import dlib
import numpy as np
from jaxtyping import Float32

from cinedub import weights
from cinedub.alignment import chip
from cinedub.backends import dlib_network
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import FaceBox, Picture
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError

VERSION = "2"
CHIP, PADDING = dlib_network.SIDE, 0.25


class Dlib:
    """Turns a face into a vector. The face is put upright by the five points that came with it or, where it has none, by dlib's own."""

    size = dlib_network.LENGTH

    def __init__(self, model: Model) -> None:
        folder = weights.find(model.weights)
        self.digest = f"dlib-{VERSION}-{weights.digest(folder)}"
        try:
            self._network = session(dlib_network.network(folder / "dlib_face_recognition_resnet_model_v1.dat"), model)
            self._points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        except (RuntimeError, OSError) as error:
            raise WeightsError(f"dlib can't read the models in {folder}: {error}") from error

    def encode(self, picture: Picture, face: FaceBox) -> Float32[np.ndarray, " embedding"]:
        """A unit vector for the face in the picture.

        Raises:
            ModelError: EMPTY_CROP.
        """
        if picture.size == 0:
            raise ModelError("EMPTY_CROP", "a picture without pixels has no face")
        upright = chip(picture, face.points, CHIP, PADDING) if face.points else self._own_chip(picture, face)
        tensor = (upright.astype(np.float32) - dlib_network.MEAN) * dlib_network.SCALE
        (vectors,) = self._network.run(None, {"pictures": tensor.transpose(2, 0, 1)[None]})
        vector = np.asarray(vectors[0], np.float32)
        return vector / max(float(np.linalg.norm(vector)), 1e-9)

    def _own_chip(self, picture: Picture, face: FaceBox) -> Picture:
        # dlib's predictor was trained on square boxes from the brows down; ours reach up to the hair.
        x0, y0, x1, y1 = face.box
        side, middle = max(x1 - x0, 0.8 * (y1 - y0)), (x0 + x1) / 2
        square = dlib.rectangle(round(middle - side / 2), round(y1 - side), round(middle + side / 2), round(y1))
        whole = np.ascontiguousarray(picture)
        return np.asarray(dlib.get_face_chip(whole, self._points(whole, square), CHIP, PADDING))

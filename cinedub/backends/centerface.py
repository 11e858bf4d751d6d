"""CenterFace (Xu et al., 2019): one anchor-free network for boxes and five points, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from jaxtyping import Float32

from cinedub import weights
from cinedub.backends.onnx_session import session
from cinedub.backends.roles import FaceBox, Picture
from cinedub.config import Model
from cinedub.errors import WeightsError

VERSION = "1"
STRIDE = 4
MULTIPLE = 32


class CenterFace:
    """Finds faces down to about ten pixels. Options: ``min_score`` (0.25), ``max_overlap`` (0.3, IoU above which the weaker of two goes)."""

    def __init__(self, model: Model) -> None:
        path = weights.file(weights.find(model.weights), "centerface.onnx")
        self.digest = f"centerface-{VERSION}-{weights.digest(path)}"
        self.min_score = float(model.option("min_score", 0.25))
        self.max_overlap = float(model.option("max_overlap", 0.3))
        self._session: onnxruntime.InferenceSession = session(_any_size(path), model)
        self._input = self._session.get_inputs()[0].name

    def detect(self, picture: Picture) -> list[FaceBox]:
        """Every face, best first."""
        height, width = picture.shape[:2]
        # Rounded up by padding, not by stretching: a face keeps its shape.
        bottom, right = -height % MULTIPLE, -width % MULTIPLE
        padded = cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_CONSTANT)
        tensor = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32)
        heat, scale, offset, points = (array[0] for array in self._session.run(None, {self._input: tensor}))
        return self._decode(heat[0], scale, offset, points, width, height)

    def _decode(
        self, heat: Float32[np.ndarray, "h w"], scale: Float32[np.ndarray, "2 h w"], offset: Float32[np.ndarray, "2 h w"],
        points: Float32[np.ndarray, "10 h w"], width: int, height: int,
    ) -> list[FaceBox]:  # fmt: skip
        """Peaks of the heat map as boxes; maps hold y before x, sizes as logarithms, points as fractions of the box."""
        rows, columns = np.nonzero(heat > self.min_score)
        scores = heat[rows, columns]
        high, wide = np.exp(scale[:, rows, columns]) * STRIDE
        top = (rows + offset[0, rows, columns] + 0.5) * STRIDE - high / 2
        left = (columns + offset[1, rows, columns] + 0.5) * STRIDE - wide / 2
        ys = points[0::2, rows, columns] * high + top
        xs = points[1::2, rows, columns] * wide + left
        keep = cv2.dnn.NMSBoxes(np.stack([left, top, wide, high], 1).tolist(), scores.tolist(), self.min_score, self.max_overlap)
        edges = np.stack([left, top, left + wide, top + high], 1).clip(0, (width, height, width, height))
        five = np.stack([xs, ys], -1).transpose(1, 0, 2)
        return [
            FaceBox(tuple(edges[i].tolist()), tuple(map(tuple, five[i].tolist())), float(scores[i]))
            for i in np.asarray(keep, int).reshape(-1)
            if edges[i, 0] < edges[i, 2] and edges[i, 1] < edges[i, 3]
        ]


def _any_size(path: Path) -> bytes:
    """The network without the fixed picture size that it was exported with, and without weights among its inputs."""
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise WeightsError(f"{path} is not an ONNX network: {error}") from error
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    del graph.input[:], graph.value_info[:]
    graph.input.extend(inputs)
    for value in (*graph.input, *graph.output):
        for axis, name in ((0, "batch"), (2, f"height_{value.name}"), (3, f"width_{value.name}")):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    return bytes(model.SerializeToString())

"""insightface's detectors and ArcFace encoders (Deng et al., 2019), for whoever has one of its model packs: ``weights`` is the ONNX file's path."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from insightface import model_zoo
from jaxtyping import Float32

from cinedub import weights
from cinedub.backends.onnx_session import options, providers
from cinedub.backends.roles import FaceBox, Picture
from cinedub.config import Model
from cinedub.errors import ModelError, WeightsError

VERSION = "1"


class InsightDetector:
    """Finds faces with SCRFD or RetinaFace. Options: ``size`` (640: pictures are fitted into such a square), ``min_score`` (0.25)."""

    def __init__(self, model: Model) -> None:
        path, self._network = _load(model, "detection")
        self.digest = f"insightface-{VERSION}-{weights.digest(path)}"
        size = int(model.option("size", 640))
        self._network.prepare(_context(model), input_size=(size, size), det_thresh=float(model.option("min_score", 0.25)))

    def detect(self, picture: Picture) -> list[FaceBox]:
        """Every face, best first."""
        boxes, points = self._network.detect(np.ascontiguousarray(picture[..., ::-1]))
        faces = [
            FaceBox(tuple(row[:4].tolist()), tuple(map(tuple, points[i].tolist())) if points is not None else (), float(row[4]))
            for i, row in enumerate(boxes)
        ]
        return sorted(faces, key=lambda face: -face.score)


class InsightEncoder:
    """Turns a face with its five points into a vector."""

    def __init__(self, model: Model) -> None:
        path, self._network = _load(model, "recognition")
        self.digest = f"insightface-{VERSION}-{weights.digest(path)}"
        self._network.prepare(_context(model))
        self.size = int(self._network.output_shape[-1])

    def encode(self, picture: Picture, face: FaceBox) -> Float32[np.ndarray, " embedding"]:
        """A unit vector for the face in the picture.

        Raises:
            ModelError: NO_FACE_POINTS.
        """
        if len(face.points) != 5:
            raise ModelError("NO_FACE_POINTS", "ArcFace puts a face upright by its eyes, nose and mouth corners; this one came without")
        located = SimpleNamespace(kps=np.asarray(face.points, np.float32))
        vector = np.asarray(self._network.get(np.ascontiguousarray(picture[..., ::-1]), located), np.float32).reshape(-1)
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _load(model: Model, task: str) -> tuple[Path, Any]:
    path = weights.find(model.weights, "insightface's packs are not in any registry; give the path of one of its .onnx files")
    try:
        network = model_zoo.get_model(str(path), sess_options=options(model), providers=providers(model))
    except Exception as error:  # bare assertions, IndexError, and ONNX Runtime's own: insightface documents none
        raise WeightsError(f"{path} is not a model that insightface can load: {error or type(error).__name__}") from error
    if getattr(network, "taskname", None) != task:
        raise WeightsError(f"{path} is no insightface {task} model but {getattr(network, 'taskname', 'nothing it knows')}")
    return path, network


def _context(model: Model) -> int:
    return 0 if model.device.startswith("cuda") else -1

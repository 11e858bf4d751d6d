"""MediaPipe's face landmarker run by MediaPipe itself, in its image mode, on several crops at once: what ``mediapipe`` is held against."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

from cinedub import weights
from cinedub.backends import hushed
from cinedub.backends.roles import Landmarks, Picture
from cinedub.config import Model
from cinedub.errors import WeightsError

VERSION = "1"


class _Landmarker(vision.FaceLandmarker):
    """Not closed when the interpreter ends: by then what it needs for closing is gone, and the process takes its memory along."""

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():  # a default, because this module's names may be gone by then
            self.close()


class MediaPipeTasks:
    """Finds the points of faces, ``model.threads`` crops at a time. Option: ``min_score`` (0.3), of its own detector and of the mesh."""

    def __init__(self, model: Model) -> None:
        path = weights.file(weights.find(model.weights), "face_landmarker.task")
        self.digest = f"mediapipe-tasks-{VERSION}-{weights.digest(path)}"
        score = float(model.option("min_score", 0.3))
        options = vision.FaceLandmarkerOptions(
            BaseOptions(model_asset_buffer=path.read_bytes()), output_face_blendshapes=True, num_faces=2,
            min_face_detection_confidence=score, min_face_presence_confidence=score,
        )  # fmt: skip
        blank = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.zeros((64, 64, 3), np.uint8))
        self._idle: queue.SimpleQueue[vision.FaceLandmarker] = queue.SimpleQueue()
        with hushed.loading():
            try:
                for _ in range(max(1, model.threads)):
                    landmarker = vision.FaceLandmarker.create_from_options(options)
                    landmarker.__class__ = _Landmarker
                    landmarker.detect(blank)
                    self._idle.put(landmarker)
            except (RuntimeError, ValueError) as error:
                raise WeightsError(f"{path} is not a face landmarker task: {error}") from error
        self._pool = ThreadPoolExecutor(max(1, model.threads), "landmarks")

    def landmarks(self, crops: Sequence[Picture], before: Sequence[Landmarks | None] = ()) -> list[Landmarks | None]:
        """For each crop the landmarks of the face nearest its middle, or None where no face shows; every face is searched anew."""
        return list(self._pool.map(self._one, crops))

    def _one(self, crop: Picture) -> Landmarks | None:
        height, width = crop.shape[:2]
        if not crop.size:
            return None
        landmarker = self._idle.get()
        try:
            found = landmarker.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(crop)))
        finally:
            self._idle.put(landmarker)
        faces = [np.array([(point.x * width, point.y * height, point.z * width) for point in face], np.float32) for face in found.face_landmarks]
        if not faces:
            return None
        middle = np.array([width, height]) / 2
        best = min(range(len(faces)), key=lambda i: float(np.linalg.norm(faces[i][:, :2].mean(axis=0) - middle)))
        return Landmarks(faces[best], np.array([shape.score for shape in found.face_blendshapes[best]], np.float32))

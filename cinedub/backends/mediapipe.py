"""MediaPipe's face landmarker (Google, 2023): 478 points and 52 blendshapes. Its three networks are run by LiteRT, without MediaPipe's graph.

crop ─┬─ no face known ─ face detector ─ regions ─┐
      └─ ``before`` ─────────────────── region ───┴─ mesh ─ presence, 478 points ─ 146 of them ─ blendshapes
"""

from __future__ import annotations

import queue
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cinedub import weights
from cinedub.backends import hushed
from cinedub.backends.face_region import MESHED, Region, letterboxed, region_of, regions
from cinedub.backends.roles import Landmarks, Picture
from cinedub.config import Model
from cinedub.errors import WeightsError

VERSION = "2"
PARTS = ("face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite")
#: The points that the blendshape network wants.
EXPRESSIVE = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95,
    103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176,
    178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311,
    312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388,
    389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478),
])  # fmt: skip


class MediaPipe:
    """Finds the points of faces, ``model.threads`` crops at a time. Option: ``min_score`` (0.3), of its own detector and of the mesh."""

    def __init__(self, model: Model) -> None:
        path = weights.file(weights.find(model.weights), "face_landmarker.task")
        self.digest = f"mediapipe-{VERSION}-{weights.digest(path)}"
        self.min_score = float(model.option("min_score", 0.3))
        parts = _parts(path)
        self._idle: queue.SimpleQueue[list[_Network]] = queue.SimpleQueue()
        with hushed.loading():
            try:
                for _ in range(max(1, model.threads)):
                    self._idle.put([_Network(part) for part in parts])
            except (RuntimeError, ValueError) as error:
                raise WeightsError(f"{path} is not a face landmarker task: {error}") from error
        self._pool = ThreadPoolExecutor(max(1, model.threads), "landmarks")

    def landmarks(self, crops: Sequence[Picture], before: Sequence[Landmarks | None] = ()) -> list[Landmarks | None]:
        """For each crop the landmarks of the face nearest its middle, or of the one that was there ``before``; None where no face shows."""
        known = before or [None] * len(crops)
        if len(crops) == 1:
            return [self._one(crops[0], known[0])]
        return list(self._pool.map(self._one, crops, known))

    def _one(self, crop: Picture, before: Landmarks | None) -> Landmarks | None:
        if not crop.size:
            return None
        networks = self._idle.get()
        try:
            detector, mesh, shapes = networks
            if before is not None and (found := self._meshed(mesh, crop, region_of(before.points))) is not None:
                return Landmarks(found, _shaped(shapes, found))
            boxes, logits = detector.run(letterboxed(crop))
            middle = np.array(crop.shape[1::-1]) / 2
            places = regions(boxes[0], logits[0], self.min_score, crop.shape[:2])[:2]
            for region in sorted(places, key=lambda region: float(np.linalg.norm(middle - region.middle))):
                if (found := self._meshed(mesh, crop, region)) is not None:
                    return Landmarks(found, _shaped(shapes, found))
            return None
        finally:
            self._idle.put(networks)

    def _meshed(self, mesh: _Network, crop: Picture, region: Region) -> np.ndarray | None:
        points, presence, _ = mesh.run(region.cut(crop, MESHED).astype(np.float32) / np.float32(255))
        if 1 / (1 + np.exp(-float(presence.reshape(())))) < self.min_score:
            return None
        return region.placed(points.reshape(-1, 3) / MESHED)


def _shaped(shapes: _Network, points: np.ndarray) -> np.ndarray:
    return np.asarray(shapes.run(points[EXPRESSIVE, :2])[0], np.float32)


class _Network:
    """One network on one thread."""

    def __init__(self, model: bytes) -> None:
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        self._interpreter.invoke()

    def run(self, tensor: np.ndarray) -> list[np.ndarray]:
        """Its outputs for one input, which is given without its batch."""
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(tensor[None], np.float32))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _parts(path: Path) -> list[bytes]:
    try:
        with zipfile.ZipFile(path) as task:
            return [task.read(name) for name in PARTS]
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsError(f"{path} is not a face landmarker task: {error}") from error

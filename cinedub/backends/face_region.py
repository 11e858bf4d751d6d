"""Where MediaPipe's face mesh looks: at what its short-range face detector (BlazeFace; Bazarevsky et al., 2019) found, or at where a face was
a moment ago. The arithmetic is that of MediaPipe's graphs: 896 anchors, detections averaged by score where they overlap, squares 1.5 times a face.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from cinedub.backends.roles import Picture

#: Side of the detector's and of the mesh's own picture, in pixels.
SEARCHED, MESHED = 128, 256
#: Two detections that overlap more than this (intersection over union) are one face.
SAME_FACE = 0.5
GROWN = 1.5
#: The mesh's outer eye corners, left and right as the picture shows them.
EYES = (33, 263)


@dataclass(frozen=True, slots=True)
class Region:
    """A turned rectangle of a picture: its middle, width and height in pixels, and the angle from the picture's x to its own, in radians."""

    middle: tuple[float, float]
    size: tuple[float, float]
    angle: float

    @property
    def axes(self) -> Float[np.ndarray, "2 2"]:
        """Rows: its x and y axis, as long as its sides."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cos, sin], [-sin, cos]]) * np.asarray(self.size)[:, None]

    def cut(self, picture: Picture, side: int) -> UInt8[np.ndarray, "side side 3"]:
        """What it shows, ``side`` pixels square; beyond the picture's edge its border goes on."""
        axes = self.axes / side
        start = np.asarray(self.middle) - axes.sum(axis=0) * side / 2
        matrix = np.column_stack([axes.T, start])
        return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)

    def placed(self, points: Float[np.ndarray, "points 3"]) -> Float32[np.ndarray, "points 3"]:
        """Points in parts of its sides as points of the picture, in pixels; depth in parts of its width."""
        flat = (points[:, :2] - 0.5) @ self.axes + np.asarray(self.middle)
        return np.column_stack([flat, points[:, 2] * self.size[0]]).astype(np.float32)


def region_of(points: Float[np.ndarray, "478 3"]) -> Region:
    """Where a face with these landmarks will be looked for next."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    side = float((high - low).max()) * GROWN
    middle = (low + high) / 2
    across = points[EYES[1], :2] - points[EYES[0], :2]
    return Region((float(middle[0]), float(middle[1])), (side, side), float(np.arctan2(across[1], across[0])))


def letterboxed(picture: Picture) -> Float32[np.ndarray, "128 128 3"]:
    """The picture in the middle of a black square, in [-1, 1]: what the detector is shown."""
    height, width = picture.shape[:2]
    scale = SEARCHED / max(height, width)
    matrix = np.array([[scale, 0, (SEARCHED - width * scale) / 2], [0, scale, (SEARCHED - height * scale) / 2]])
    shown = cv2.warpAffine(picture, matrix, (SEARCHED, SEARCHED), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return shown.astype(np.float32) / np.float32(127.5) - 1


def regions(boxes: Float32[np.ndarray, "896 16"], logits: Float32[np.ndarray, "896 1"], min_score: float, size: tuple[int, int]) -> list[Region]:
    """The faces that the detector found in a picture of ``size`` (height, width), best first.

    Each of ``boxes`` holds the middle, width and height, then six points (the eyes first), in pixels of its own picture from its anchor.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0].astype(float), -100, 100)))
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= min_score]
    values, anchors = boxes[order].astype(float) / SEARCHED, _ANCHORS[order]
    middles, halves = values[:, :2] + anchors, values[:, 2:4] / 2
    faces = np.column_stack([middles - halves, middles + halves, values[:, 4:6] + anchors, values[:, 6:8] + anchors])
    height, width = size
    longer = max(height, width)
    found, left = [], np.arange(len(order))
    while len(left):
        same = _overlaps(faces[left[0]], faces[left]) > SAME_FACE
        same[0] = True
        face = np.average(faces[left[same]], axis=0, weights=scores[order][left[same]]).reshape(4, 2)
        left = left[~same]
        low, high, eye, other = face * longer - (longer - np.array([width, height])) / 2
        wide, high_ = (high - low) * GROWN
        middle, across = (low + high) / 2, other - eye
        found.append(Region((float(middle[0]), float(middle[1])), (float(wide), float(high_)), float(np.arctan2(across[1], across[0]))))
    return found


def _overlaps(face: Float[np.ndarray, 8], faces: Float[np.ndarray, "faces 8"]) -> Float[np.ndarray, " faces"]:
    shared = np.maximum(0, np.minimum(face[2:4], faces[:, 2:4]) - np.maximum(face[:2], faces[:, :2])).prod(axis=1)
    areas = np.maximum(0, faces[:, 2:4] - faces[:, :2]).prod(axis=1)
    return shared / np.maximum(areas + np.maximum(0, face[2:4] - face[:2]).prod() - shared, 1e-9)


def _anchors() -> Float[np.ndarray, "896 2"]:
    """x and y in parts of the picture: two for each cell of 8 pixels, six for each of 16."""
    layers = []
    for cell, each in ((8, 2), (16, 6)):
        side = SEARCHED // cell
        y, x = np.divmod(np.arange(side * side), side)
        layers.append(np.repeat((np.column_stack([x, y]) + 0.5) / side, each, axis=0))
    return np.concatenate(layers)


_ANCHORS = _anchors()

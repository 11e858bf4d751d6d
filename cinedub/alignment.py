"""Faces put upright: one similarity transform takes five points of any face to the same places of a chip.

The frame is that of dlib's face chips, in units of the chip without padding; eyes and mouth stand in it as in ArcFace's 112-pixel template
(Deng et al., 2019), so that one alignment serves every model that wants an upright face.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

#: Eye centres, nose tip, mouth corners as the picture shows them, left first.
TEMPLATE = np.array([(0.2273, 0.2214), (0.7528, 0.2212), (0.4917, 0.5216), (0.2759, 0.8290), (0.7110, 0.8268)])


def similarity(source: Float[np.ndarray, "points 2"], target: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "2 3"]:
    """The rotation, scale and shift that takes ``source`` nearest to ``target`` (least squares; in the complex plane it is ``a z + b``).

    Raises:
        ValueError: all source points are one.
    """
    z, w = (points @ np.array([1, 1j]) for points in (source, target))
    spread = np.sum(np.abs(z - z.mean()) ** 2)
    if spread < 1e-9:
        raise ValueError("points that are all one have no direction")
    a = np.sum(np.conj(z - z.mean()) * (w - w.mean())) / spread
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def chip(
    picture: UInt8[np.ndarray, "h w 3"], points: Sequence[tuple[float, float]], size: int, padding: float = 0.2
) -> UInt8[np.ndarray, "size size 3"]:
    """An upright face, ``size`` pixels square, with ``padding`` (of the face's width) around it."""
    target = (TEMPLATE + padding) / (1 + 2 * padding) * size
    return warp(picture, similarity(np.asarray(points, float), target), size)


def warp(picture: UInt8[np.ndarray, ...], matrix: Float[np.ndarray, "2 3"], size: int) -> UInt8[np.ndarray, ...]:
    """The picture under ``matrix``, cut to ``size`` pixels square; averaged first where it shrinks by more than half, so that nothing flickers."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        inverse = cv2.invertAffineTransform(matrix)
        corners = np.array([(0, 0, 1), (size, 0, 1), (0, size, 1), (size, size, 1)]) @ inverse.T
        x0, y0 = np.maximum(0, np.floor(corners.min(axis=0)) - 2).astype(int)
        x1, y1 = (np.ceil(corners.max(axis=0)) + 2).astype(int)
        part = picture[y0 : max(y0 + 1, y1), x0 : max(x0 + 1, x1)]
        if part.size:
            width, height = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
            picture = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
            shrink = np.array([width / part.shape[1], height / part.shape[0]])
            matrix = np.column_stack([matrix[:, :2] / shrink, matrix[:, :2] @ (x0, y0) + matrix[:, 2]])
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def brighten(picture: UInt8[np.ndarray, "h w 3"], target: float = 90.0) -> UInt8[np.ndarray, "h w 3"]:
    """A dark picture with its mean brought to ``target`` by a gamma curve (at most 3); a bright one as it is."""
    mean = sum(cv2.mean(picture)[:3]) / 3 if picture.size else target
    if mean >= target * 2 / 3:
        return picture
    gamma = min(3.0, np.log(max(mean, 1.0) / 255) / np.log(target / 255))
    return cv2.LUT(picture, (255 * (np.arange(256) / 255) ** (1 / gamma)).astype(np.uint8))

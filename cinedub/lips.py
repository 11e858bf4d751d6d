"""Mouths out of face landmarks: aligned crops, lip points in the face's own frame, and how far the lips are apart.

Points are MediaPipe's 478 (x right, y down, z away from the camera, all in pixels). The face's own frame has its origin between the outer eye
corners, x along them, y down the bridge of the nose, and the distance of the outer eye corners (in three dimensions) as its unit, so that
neither the head's place, nor its size, nor the way it is turned shows in the lips.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from cinedub.alignment import similarity, warp

#: MediaPipe's lip contours (the 40 points of its FACEMESH_LIPS set): outer then inner ring, each from the corner at the picture's left over the
#: lower lip to the other corner, and back over the upper lip.
OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LIPS = OUTER + INNER
#: Upper and lower points of the inner lips, side by side: their distances are averaged.
UPPER, LOWER = (82, 13, 312), (87, 14, 317)
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)  # outer and inner corner, inner and outer corner; left and right as the picture shows them
NOSE_TIP, NOSE_BASE, MOUTH = 1, 2, (61, 291)
CROP = 96
#: Width of a mouth crop in eye distances: from cheek to cheek, from the tip of the nose to the chin.
REACH = 1.15


def five(points: Float32[np.ndarray, "478 3"]) -> tuple[tuple[float, float], ...]:
    """Eye centres, nose tip and mouth corners, as detectors give them."""
    chosen = [points[list(LEFT_EYE)].mean(axis=0), points[list(RIGHT_EYE)].mean(axis=0), points[NOSE_TIP], *points[list(MOUTH)]]
    return tuple((float(x), float(y)) for x, y, _ in chosen)


def frame(points: Float32[np.ndarray, "478 3"]) -> tuple[Float[np.ndarray, 3], Float[np.ndarray, "3 3"], float]:
    """The face's own frame: its origin, its axes (rows: x, y, z), its unit in pixels."""
    left, right, base = (points[i].astype(float) for i in (LEFT_EYE[0], RIGHT_EYE[1], NOSE_BASE))
    origin, unit = (left + right) / 2, max(float(np.linalg.norm(right - left)), 1e-6)
    x = (right - left) / unit
    down = base - origin
    y = down - (down @ x) * x
    y /= max(float(np.linalg.norm(y)), 1e-6)
    z = (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0])  # np.cross takes forty times as long
    return origin, np.stack([x, y, z]), unit


def normalised(points: Float32[np.ndarray, "478 3"]) -> Float32[np.ndarray, "40 2"]:
    """The lips' points in the face's own frame."""
    origin, axes, unit = frame(points)
    return ((points[list(LIPS)] - origin) @ axes[:2].T / unit).astype(np.float32)


def aperture(points: Float32[np.ndarray, "478 3"]) -> float:
    """Distance of the inner lips in eye distances; 0 for a closed mouth, about 0.3 for an open one."""
    _, axes, unit = frame(points)
    return max(0.0, float(((points[list(LOWER)] - points[list(UPPER)]) @ axes[1]).mean() / unit))


def frontal(points: Float32[np.ndarray, "478 3"]) -> float:
    """Cosine of the angle between the face and the camera: 1 head on, 0 in profile."""
    return float(abs(frame(points)[1][2, 2]))


def crop(picture: UInt8[np.ndarray, "h w 3"], points: Float32[np.ndarray, "478 3"]) -> UInt8[np.ndarray, "96 96"]:
    """The mouth in grey, upright and in the middle, at one size for all faces."""
    _, axes, unit = frame(points)
    middle = points[list(MOUTH), :2].astype(float).mean(axis=0)
    along = axes[0, :2] / max(float(np.linalg.norm(axes[0, :2])), 1e-6) * unit * REACH / 2
    source = np.stack([middle - along, middle, middle + along])
    target = np.array([(0, CROP / 2), (CROP / 2, CROP / 2), (CROP, CROP / 2)])
    mouth = warp(picture, similarity(source, target), CROP)
    return np.asarray(cv2.cvtColor(mouth, cv2.COLOR_RGB2GRAY), np.uint8)

"""Shoulders and collar under a head: drawn, shaded, and a little woven."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from cinedub.film.faces import CHIN

#: The collar's upper edge lies this far below the chin, as a part of the distance between the eyes.
COLLAR_DEPTH = 0.08


def torso(
    points: Float32[np.ndarray, "478 2"], unit: float, colour: tuple[int, int, int]
) -> tuple[UInt8[np.ndarray, "height width 4"], tuple[int, int]]:
    """A torso (RGBA) in ``colour``, and where its upper left corner lies in the head's pixels."""
    width, height = round(unit * 8), round(unit * 6)
    jaw = float(np.ptp(points[[172, 397], 0]))
    middle, top = width / 2, unit * 0.3
    neck, shoulder = jaw * 0.60, unit * 2.9
    y = np.linspace(0, 1, 40)
    slope = top + unit * 0.5 + (y**1.6) * unit * 1.5
    across = neck * 1.05 + (shoulder - neck) * np.sqrt(y)
    right = np.stack([middle + across, slope], -1)
    left = np.stack([middle - across, slope], -1)[::-1]
    outline = np.concatenate(
        [left, [[middle - neck, top]], [[middle + neck, top]], right, [[middle + shoulder * 1.1, height], [middle - shoulder * 1.1, height]]]
    )
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1.0, cv2.LINE_AA)
    cv2.ellipse(mask, (round(middle), round(top)), (round(neck), round(unit * 0.18)), 0, 0, 180, 0.0, -1, cv2.LINE_AA)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.5)
    noise = np.random.default_rng(3)
    weave = cv2.GaussianBlur(noise.standard_normal((height, width)).astype(np.float32), (0, 0), 1.2) * 0.12
    folds = cv2.GaussianBlur(noise.standard_normal((height // 16 + 1, width // 16 + 1)).astype(np.float32), (0, 0), 1.5)
    folds = cv2.resize(folds, (width, height), interpolation=cv2.INTER_CUBIC) * 0.35
    xs = (np.arange(width, dtype=np.float32)[None] - middle) / shoulder
    ys = np.arange(height, dtype=np.float32)[:, None] / height
    light = np.clip(1.05 - 0.45 * xs**2 - 0.25 * ys + 0.12 * xs + weave + folds, 0.1, 1.5)
    collar = np.clip(1 - np.abs(np.arange(height, dtype=np.float32)[:, None] - top - unit * 0.35) / (unit * 0.05), 0, 1) * (
        np.abs(xs) * shoulder < neck * 1.1
    )
    light = light * (1 - 0.35 * collar)
    rgb = np.clip(light[..., None] * np.array(colour, np.float32), 0, 255)
    picture = np.dstack([rgb, mask * 255]).astype(np.uint8)
    return picture, (round(float(points[CHIN][0]) - middle), round(float(points[CHIN][1]) + unit * COLLAR_DEPTH - top))

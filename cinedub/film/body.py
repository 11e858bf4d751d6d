"""Shoulders and collar under a head: drawn, shaded, and a little woven."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from cinedub.film.faces import CHIN

#: The collar's upper edge lies this far below the chin, as a part of the distance between the eyes.
COLLAR_DEPTH = 0.16


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


def necked(head: UInt8[np.ndarray, "height width 4"], points: Float32[np.ndarray, "478 2"], unit: float) -> UInt8[np.ndarray, "height width 4"]:
    """The head on a neck that reaches down behind the collar, in the skin's own colour under the chin."""
    jaw = float(np.ptp(points[[172, 397], 0]))
    chin = points[CHIN]
    shade = head[points[[199, 136, 365], 1].astype(int), points[[199, 136, 365], 0].astype(int), :3].mean(0)
    top, bottom = float(chin[1]) - unit * 0.5, min(head.shape[0] - 1.0, float(chin[1]) + unit * 1.3)
    neck = np.zeros(head.shape[:2], np.float32)
    corners = [[chin[0] - jaw * 0.36, top], [chin[0] + jaw * 0.36, top], [chin[0] + jaw * 0.46, bottom], [chin[0] - jaw * 0.46, bottom]]
    cv2.fillPoly(neck, [np.round(corners).astype(np.int32)], 1.0, cv2.LINE_AA)
    neck = cv2.GaussianBlur(neck, (0, 0), unit * 0.03)
    across = (np.arange(head.shape[1], dtype=np.float32)[None] - chin[0]) / (jaw * 0.46)
    light = np.clip(0.86 - 0.30 * across**2, 0.3, 1)[..., None]
    inside = head[..., 3].astype(np.float32) / 255
    soft = cv2.GaussianBlur(cv2.erode(inside, np.ones((5, 5), np.uint8)), (0, 0), unit * 0.06)  # no hard edge between photograph and neck
    below = np.clip((np.arange(head.shape[0], dtype=np.float32)[:, None] - chin[1] + unit * 0.1) / (unit * 0.2), 0, 1)
    inner = np.minimum(inside, inside * (1 - below) + soft * below)[..., None]
    rgb = head[..., :3] * inner + shade * light * (1 - inner)
    return np.dstack([np.clip(rgb, 0, 255), np.maximum(head[..., 3], neck * 255)]).astype(np.uint8)

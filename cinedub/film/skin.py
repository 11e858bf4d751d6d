"""Colour and surface of a head: skin, hair, brows, beard, wrinkles, glasses; each painted through a soft mask made from landmarks and colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

if TYPE_CHECKING:
    from cinedub.film.faces import Look

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127,
    162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
)  # fmt: skip


def paint(head: UInt8[np.ndarray, "height width 4"], points: Float32[np.ndarray, "478 2"], look: Look) -> UInt8[np.ndarray, "height width 4"]:
    """The head with the look's colours and surface."""
    rgb, alpha = head[..., :3], head[..., 3:]
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    skin, hair = _regions(lab, points, alpha[..., 0])
    unit = float(np.ptp(points[:, 0])) / 3
    lab = _graded(lab, skin, look.skin)
    lab = _graded(lab, hair, look.hair)
    noise = np.random.default_rng(7).standard_normal(lab.shape[:2]).astype(np.float32)
    if look.beard:
        lab = _shaded(lab, _beard(points, lab.shape[:2], unit) * skin, look, noise)
    if look.brow_weight:
        for brow in BROWS:
            lab[..., 0] -= 45 * look.brow_weight * _filled(points[list(brow)], lab.shape[:2], unit * 0.06, grow=unit * 0.07) * (0.7 + 0.3 * noise)
    if look.age:
        detail = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), unit * 0.06)
        lab[..., 0] += detail * 1.6 * look.age * skin - 2.0 * look.age * skin * np.clip(cv2.GaussianBlur(noise, (0, 0), 4) * 6, -1, 1)
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    painted = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255).astype(np.uint8)
    if look.glasses:
        painted = _glasses(painted, points, unit)
    return np.dstack([painted, alpha])


def _regions(lab: np.ndarray, points: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Soft masks of skin (without eyes and the inside of the mouth) and of hair."""
    shape = lab.shape[:2]
    unit = float(np.ptp(points[:, 0])) / 3
    oval = _filled(points[list(OVAL)], shape, unit * 0.1)
    below = _step_rows(shape, points[234][1], points[132][1])
    reddish = 1 / (1 + np.exp(-(lab[..., 0] - 52) / 4))
    sides = np.clip(1 - oval, 0, 1)
    skin = np.clip(oval * np.clip(reddish + below, 0, 1) + sides * below * np.clip(reddish * 1.5, 0, 1), 0, 1)
    inner = _filled(points[list((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95))], shape, 2)
    openings = np.maximum.reduce([inner, *(_filled(points[list(eye)], shape, 2) for eye in EYES)])
    inside = alpha.astype(np.float32) / 255
    hair = np.clip(1 - skin - below * 0.9, 0, 1) * (1 - openings) * inside
    return (skin * (1 - openings) * inside).astype(np.float32), cv2.GaussianBlur(hair, (0, 0), 2)


def _graded(lab: np.ndarray, mask: np.ndarray, shift: tuple[float, float, float]) -> np.ndarray:
    """Lightness is scaled so that shading stays, a and b are shifted."""
    light, a, b = shift
    factor = 1 + light / 65
    graded = np.dstack([lab[..., 0] * factor, lab[..., 1] * min(factor, 1.2) + a, lab[..., 2] * min(factor, 1.2) + b])
    return lab + (graded - lab) * mask[..., None]


def _beard(points: np.ndarray, shape: tuple[int, int], unit: float) -> np.ndarray:
    jaw = points[list((234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454))]
    upper = points[list((425, 426, 391, 164, 165, 206, 205))]
    area = _filled(np.concatenate([jaw, upper]), shape, unit * 0.12, grow=unit * 0.05)
    return np.clip(area - _filled(points[list(LIPS)], shape, unit * 0.05), 0, 1)


def _shaded(lab: np.ndarray, mask: np.ndarray, look: Look, noise: np.ndarray) -> np.ndarray:
    grain = cv2.GaussianBlur(noise, (0, 0), 1.1) * 2.5
    amount = np.clip(mask * look.beard * (0.8 + 0.35 * grain), 0, 1)
    target = np.array([28 + look.hair[0] * 0.2, 6, 10], np.float32)
    return lab + (target - lab) * amount[..., None]


def _glasses(rgb: np.ndarray, points: np.ndarray, unit: float) -> np.ndarray:
    out = rgb.copy()
    thick = max(2, round(unit * 0.06))
    centres = [points[list(eye)].mean(0) for eye in EYES]
    for centre in centres:
        cv2.ellipse(out, _at(centre), (round(unit * 0.62), round(unit * 0.45)), 0, 0, 360, (35, 28, 26), thick, cv2.LINE_AA)
    across = (centres[1] - centres[0]) / np.linalg.norm(centres[1] - centres[0])
    cv2.line(out, _at(centres[0] + across * unit * 0.62), _at(centres[1] - across * unit * 0.62), (35, 28, 26), thick, cv2.LINE_AA)
    for centre, side, way in ((centres[0], 234, -1), (centres[1], 454, 1)):
        cv2.line(
            out, _at(centre + across * unit * 0.62 * way), _at(points[side] * [1, 0] + [0, centre[1] - unit * 0.05]), (35, 28, 26), thick, cv2.LINE_AA
        )
    return out


def _at(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _filled(polygon: np.ndarray, shape: tuple[int, int], blur: float, grow: float = 0.0) -> np.ndarray:
    """A soft polygon in [0, 1]."""
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1.0, cv2.LINE_AA)
    if grow:
        size = 2 * round(grow) + 1
        mask = cv2.dilate(mask, np.ones((size, size), np.uint8))
    return cv2.GaussianBlur(mask, (0, 0), max(blur, 0.8))


def _step_rows(shape: tuple[int, int], low: float, high: float) -> np.ndarray:
    rows = np.clip((np.arange(shape[0], dtype=np.float32) - low) / max(high - low, 1), 0, 1)
    return np.repeat(rows[:, None], shape[1], 1)

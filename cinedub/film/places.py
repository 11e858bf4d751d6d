"""What is behind the people: each place painted from gradients, noise and simple shapes, then blurred as a lens would."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from jaxtyping import UInt8

#: Painted at this size, larger than a frame so that views differ.
SIZE = (1920, 1080)
#: The lens's blur in pixels: sharpest in the widest view.
_SHARP, _SOFT = 4.0, 14.0
#: Beyond so many sigmas a glow is less than half of a float's last digit.
_REACH = 7.0


@functools.lru_cache(maxsize=24)
def painted(place: str, view: int, seed: int, shrunk: int = 1) -> UInt8[np.ndarray, "height width 3"]:
    """One view of a place; view 0 is the sharpest and widest. ``shrunk`` times smaller than ``SIZE``: what is blurred and grained then is less."""
    rng = np.random.default_rng([seed, 31, view, sum(place.encode())])
    picture = np.ascontiguousarray(_PAINTERS[place](rng, view).astype(np.float32))
    if shrunk > 1:
        picture = cv2.resize(picture, (SIZE[0] // shrunk, SIZE[1] // shrunk), interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (0, 0), (_SHARP if view == 0 else _SOFT) / shrunk)
    picture += rng.standard_normal((*picture.shape[:2], 1)).astype(np.float32) * (2.5 / shrunk)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int], share: float = 1.0) -> np.ndarray:
    t = np.clip(np.linspace(0, 1 / share, SIZE[1], dtype=np.float32), 0, 1)[:, None, None]
    return np.repeat(np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t, SIZE[0], 1)


def _clouds(rng: np.random.Generator, cell: int) -> np.ndarray:
    small = rng.standard_normal((SIZE[1] // cell + 2, SIZE[0] // cell + 2)).astype(np.float32)
    return cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC)[..., None]


def _block(picture: np.ndarray, x: float, y: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
    x0, y0 = round(x * SIZE[0]), round(y * SIZE[1])
    cv2.rectangle(picture, (x0, y0), (x0 + round(width * SIZE[0]), y0 + round(height * SIZE[1])), colour, -1)


def _glow(picture: np.ndarray, x: float, y: float, radius: float, colour: tuple[float, float, float]) -> None:
    reach = int(_REACH * radius * SIZE[1])
    left, right = (int(np.clip(x * SIZE[0] + side * reach, 0, SIZE[0])) for side in (-1, 1))
    top, bottom = (int(np.clip(y * SIZE[1] + side * reach, 0, SIZE[1])) for side in (-1, 1))
    across, down = np.arange(left, right, dtype=np.float32) - x * SIZE[0], np.arange(top, bottom, dtype=np.float32) - y * SIZE[1]
    near = np.exp(-(across**2 + (down**2)[:, None]) / (2 * (radius * SIZE[1]) ** 2))
    picture[top:bottom, left:right] += near[..., None] * np.array(colour, np.float32)


def _kitchen(rng: np.random.Generator, view: int) -> np.ndarray:
    picture = _gradient((206, 190, 160), (150, 128, 100))
    x = float(rng.uniform(0, 0.25))
    for number in range(5):
        _block(picture, x + 0.19 * number, 0.04, 0.175, 0.30, (112 + 8 * (number % 2), 84, 60))
        _block(picture, x + 0.19 * number + 0.15, 0.16, 0.008, 0.06, (210, 200, 190))
    for row in range(3):
        for column in range(30):
            tone = int(rng.integers(-12, 12))
            _block(picture, column / 30, 0.38 + row * 0.07, 0.031, 0.064, (188 + tone, 196 + tone, 190 + tone))
    _block(picture, 0, 0.62, 1, 0.05, (70, 62, 58))
    _block(picture, 0, 0.67, 1, 0.33, (120, 92, 66))
    for _ in range(6):
        colour = tuple(int(v) for v in rng.integers(60, 230, 3))
        _block(picture, float(rng.uniform(0, 0.95)), 0.53, float(rng.uniform(0.02, 0.05)), 0.09, colour)  # type: ignore[arg-type]
    _glow(picture, 0.2 + 0.3 * view, 0.1, 0.35, (50, 40, 20))
    return picture


def _street(rng: np.random.Generator, view: int) -> np.ndarray:
    picture = _gradient((18, 22, 44), (46, 36, 48))
    for column in range(9):
        left = column / 9 + float(rng.uniform(-0.02, 0.02))
        top = float(rng.uniform(0.05, 0.4))
        _block(picture, left, top, 0.105, 0.8 - top, (28, 28, 40))
        for _ in range(14):
            lit = (230, 190, 110) if rng.random() < 0.5 else (50, 52, 66)
            _block(picture, left + float(rng.uniform(0.005, 0.09)), float(rng.uniform(top + 0.02, 0.72)), 0.011, 0.03, lit)
    _block(picture, 0, 0.8, 1, 0.2, (34, 32, 36))
    for _ in range(24):
        colour = tuple(float(v) for v in rng.uniform(40, 190, 3) * rng.choice([[1, 0.7, 0.3], [1, 0.3, 0.3], [0.6, 0.8, 1]]))
        _glow(picture, float(rng.random()), float(rng.uniform(0.5, 0.85)), float(rng.uniform(0.012, 0.04)), colour)  # type: ignore[arg-type]
    return picture


def _park(rng: np.random.Generator, view: int) -> np.ndarray:
    picture = _gradient((150, 190, 230), (214, 226, 232), 0.5)
    trees = np.clip(_clouds(rng, 90) * 0.5 + _clouds(rng, 30) * 0.3, -1, 1)
    ys = np.linspace(0, 1, SIZE[1], dtype=np.float32)[:, None, None]
    edge = np.clip((ys - 0.22 - 0.12 * _clouds(rng, 240)) * 12, 0, 1)
    leaves = np.array([62, 96, 44], np.float32) * (1 + 0.5 * trees)
    picture = picture * (1 - edge) + leaves * edge
    grass = np.array([104, 140, 62], np.float32) * (1 + 0.18 * _clouds(rng, 14))
    ground = np.clip((ys - 0.66) * 25, 0, 1)
    picture = picture * (1 - ground) + grass * ground
    for _ in range(5):
        _block(picture, float(rng.random()), 0.3, float(rng.uniform(0.01, 0.03)), 0.38, (70, 54, 40))
    return picture


def _office(rng: np.random.Generator, view: int) -> np.ndarray:
    picture = _gradient((176, 186, 196), (120, 126, 136))
    for number in range(4):
        _block(picture, 0.04 + 0.25 * number, 0.06, 0.2, 0.42, (196, 216, 236))
        for slat in range(10):
            _block(picture, 0.04 + 0.25 * number, 0.06 + slat * 0.042, 0.2, 0.014, (226, 226, 222))
    for number in range(3):
        x = 0.1 + 0.3 * number + float(rng.uniform(-0.03, 0.03))
        _block(picture, x, 0.55, 0.13, 0.14, (30, 34, 40))
        _block(picture, x + 0.006, 0.56, 0.118, 0.12, (60, 110, 150))
    _block(picture, 0, 0.72, 1, 0.06, (148, 120, 92))
    _block(picture, 0, 0.78, 1, 0.22, (90, 92, 98))
    return picture


def _shore(rng: np.random.Generator, view: int) -> np.ndarray:
    picture = _gradient((226, 150, 96), (244, 214, 168), 0.5)
    picture += _clouds(rng, 200) * 9
    ys = np.linspace(0, 1, SIZE[1], dtype=np.float32)[:, None, None]
    sea = np.clip((ys - 0.48) * 60, 0, 1)
    ripple = np.sin(ys * 260 + 2.0 * _clouds(rng, 60)) * 14
    picture = picture * (1 - sea) + (np.array([92, 110, 132], np.float32) + ripple) * sea
    sand = np.clip((ys - 0.78 - 0.02 * _clouds(rng, 160)) * 30, 0, 1)
    picture = picture * (1 - sand) + np.array([186, 160, 122], np.float32) * (1 + 0.06 * _clouds(rng, 8)) * sand
    _glow(picture, 0.3 + 0.3 * view, 0.42, 0.12, (120, 90, 40))
    return picture


_PAINTERS = {"kitchen": _kitchen, "street": _street, "park": _park, "office": _office, "shore": _shore}

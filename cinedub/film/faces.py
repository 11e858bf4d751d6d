"""People to look at: one public-domain portrait, cut out, and made into many different persons by its landmarks.

The portrait is NASA's of an astronaut, which comes with scikit-image. A ``Look`` moves its features smoothly (width of face, jaw, chin,
eyes, brows, nose, mouth) and changes skin, hair, brows, beard and age; nothing of the photograph is kept in this package.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import skimage.data
from jaxtyping import Float, Float32, UInt8

from cinedub import backends
from cinedub.config import Model
from cinedub.errors import ModelError
from cinedub.film.skin import paint

SCALE = 3
#: x0, y0, x1, y1 of the head in the 512 x 512 photograph, and the line where the collar begins.
_HEAD = (125, 0, 330, 235)
_COLLAR = 186


@dataclass(frozen=True, slots=True)
class Look:
    """How a person differs from the photograph. Lengths are factors or fractions of the distance between the eyes; colours are shifts in CIE Lab."""

    width: float = 1.0
    jaw: float = 0.0
    chin: float = 0.0
    brows: float = 0.0
    eyes_apart: float = 0.0
    eyes_size: float = 0.0
    eyes_tilt: float = 0.0
    nose_width: float = 0.0
    nose_length: float = 0.0
    mouth_width: float = 0.0
    mouth_height: float = 0.0
    lips: float = 0.0
    forehead: float = 0.0
    skin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hair: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hair_volume: float = 0.0
    beard: float = 0.0
    brow_weight: float = 0.0
    age: float = 0.0
    glasses: bool = False
    mirrored: bool = False
    clothes: tuple[int, int, int] = (70, 80, 110)
    gender: str = "female"


@dataclass(frozen=True, slots=True)
class Portrait:
    """A head on nothing: ``picture`` RGBA (height, width, 4), the face's 478 ``points`` (x, y) in its pixels and their ``depth`` (away from us)."""

    picture: UInt8[np.ndarray, "height width 4"]
    points: Float32[np.ndarray, "478 2"]
    depth: Float32[np.ndarray, " 478"]


@functools.lru_cache(maxsize=32)
def portrait(look: Look) -> Portrait:
    """The person with this look."""
    head, points = _photograph()
    points, head, depth = points.copy(), head.copy(), _found()[:, 2]
    if look.mirrored:
        head = np.ascontiguousarray(head[:, ::-1])
        points[:, 0] = head.shape[1] - 1 - points[:, 0]
        points, depth = points[_mirror_order()], depth[_mirror_order()]
    head = paint(head, points, look)
    frame = _Frame(points)
    moved = frame.move(points, look)
    height, width = head.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)), -1)
    source = frame.unmove(grid.reshape(-1, 2), look).reshape(height, width, 2).astype(np.float32)
    picture = cv2.remap(head, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return Portrait(picture, moved.astype(np.float32), depth)


@functools.cache
def _found() -> Float32[np.ndarray, "478 3"]:
    """The landmarks of the photograph's face, enlarged."""
    found = backends.load("landmarker", Model("mediapipe-tasks", "face-landmarker")).landmarks([cv2.resize(_crop(), None, fx=SCALE, fy=SCALE)])[0]
    if found is None:
        raise ModelError("FILM_NO_FACE", "no face was found in scikit-image's portrait")
    return found.points.astype(np.float32)


def _crop() -> UInt8[np.ndarray, "height width 3"]:
    x0, y0, x1, y1 = _HEAD
    return np.ascontiguousarray(skimage.data.astronaut()[y0:y1, x0:x1])


@functools.cache
def _photograph() -> tuple[UInt8[np.ndarray, "height width 4"], Float32[np.ndarray, "478 2"]]:
    """The head cut out of the photograph (GrabCut, Rother et al. 2004), enlarged, with its landmarks."""
    crop, points = _crop(), _found()[:, :2]
    mask = np.full(crop.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.ellipse(mask, (103, 87), (82, 86), 0, 0, 360, cv2.GC_PR_BGD, -1)
    cv2.ellipse(mask, (103, 90), (66, 74), 0, 0, 360, cv2.GC_PR_FGD, -1)
    cv2.fillConvexPoly(mask, cv2.convexHull((points / SCALE).astype(np.int32)), cv2.GC_FGD)
    cv2.rectangle(mask, (60, 150), (130, _COLLAR), cv2.GC_PR_FGD, -1)
    mask[_COLLAR:], mask[:12] = cv2.GC_BGD, cv2.GC_BGD
    cv2.setRNGSeed(1)
    cv2.grabCut(np.ascontiguousarray(crop[..., ::-1]), mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    kept = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(kept)
    kept = (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.float32)
    soft = cv2.GaussianBlur(cv2.resize(kept, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC), (0, 0), SCALE)
    alpha = np.clip((soft - 0.45) * 3, 0, 1) * 255
    large = cv2.resize(crop, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LANCZOS4)
    return np.dstack([large, alpha.astype(np.uint8)]), points


#: MediaPipe's points that move the features.
RIGHT_EYE, LEFT_EYE = (33, 133, 159, 145), (362, 263, 386, 374)
NOSE, MOUTH, CHIN = 1, (61, 291, 13, 14), 152


class _Frame:
    """The face's own axes: origin between the eyes, x along them, y down the face, unit = distance between the eyes."""

    def __init__(self, points: np.ndarray) -> None:
        self.right, self.left = points[list(RIGHT_EYE)].mean(0), points[list(LEFT_EYE)].mean(0)
        self.unit = float(np.linalg.norm(self.left - self.right))
        self.origin = (self.right + self.left) / 2
        across = (self.left - self.right) / self.unit
        self.axes = np.stack([across, [-across[1], across[0]]])
        place = self.to_face(points)
        self.eyes = (self.to_face(self.right[None])[0], self.to_face(self.left[None])[0])
        self.nose, self.mouth, self.chin = place[NOSE], place[list(MOUTH)].mean(0), place[CHIN]

    def to_face(self, points: np.ndarray) -> np.ndarray:
        return (points - self.origin) @ self.axes.T / self.unit

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        return points * self.unit @ self.axes + self.origin

    def move(self, points: np.ndarray, look: Look) -> np.ndarray:
        """Where the look takes each point."""
        at = self.to_face(points.astype(np.float64))
        return self.to_picture(at + self._shift(at, look))

    def unmove(self, points: np.ndarray, look: Look) -> np.ndarray:
        """The point that the look takes to each point (fixed-point iteration; the shifts are smooth and small)."""
        wanted = self.to_face(points.astype(np.float32))
        at = wanted.copy()
        for _ in range(8):
            at = wanted - self._shift(at, look)
        return self.to_picture(at)

    def _shift(self, at: np.ndarray, look: Look) -> np.ndarray:
        x, y = at[:, 0], at[:, 1]
        dx = x * (look.width - 1)
        dy = np.zeros_like(x)
        low = _step(y, self.mouth[1] - 0.9, self.chin[1])
        dx = dx + x * look.jaw * low * _step(-y, -self.chin[1] - 1.2, -self.chin[1] - 0.2)
        dy = dy + look.chin * _step(y, self.mouth[1], self.chin[1])
        dy = dy - look.forehead * _step(-y, 0.2, 1.6)
        dx = dx + x * look.hair_volume * _bump(np.maximum(0, np.abs(x) - 1.0), y * 0, 0.8) * _step(np.abs(x), 0.95, 1.6)
        for eye, side in zip(self.eyes, (-1, 1), strict=True):
            ex, ey = x - eye[0], y - eye[1]
            near = _bump(ex, ey, 0.32)
            dx = dx + near * (look.eyes_apart * side + look.eyes_size * ex)
            dy = dy + near * (look.eyes_size * ey + look.eyes_tilt * ex * side)
            dy = dy - look.brows * _bump(ex / 1.4, ey + 0.38, 0.22)
        nx, ny = x - self.nose[0], y - self.nose[1]
        dx = dx + look.nose_width * nx * _bump(nx, ny, 0.35)
        dy = dy + look.nose_length * _bump(nx, ny, 0.4)
        mx, my = x - self.mouth[0], y - self.mouth[1]
        near = _bump(mx / 1.5, my, 0.3)
        dx = dx + look.mouth_width * mx * near
        dy = dy + (look.mouth_height + look.lips * my) * near
        return np.stack([dx, dy], -1).astype(at.dtype)


def _bump(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    return np.exp(-(x * x + y * y) / (2 * radius * radius))


def _step(value: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@functools.cache
def _mirror_order() -> np.ndarray:
    """For each landmark, the landmark on the other side of the face: the nearest one after mirroring the photograph's own face."""
    _, points = _photograph()
    frame = _Frame(points)
    at = frame.to_face(points)
    at = at - [at[[10, 152, 1]].mean(0)[0], 0]
    distance = np.linalg.norm((at * [-1, 1])[:, None] - at[None], axis=-1)
    return distance.argmin(1)


def eye_distance(points: Float[np.ndarray, "478 2"]) -> float:
    """Pixels between the eyes' centres."""
    return float(np.linalg.norm(points[list(LEFT_EYE)].mean(0) - points[list(RIGHT_EYE)].mean(0)))

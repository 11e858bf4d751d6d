"""A portrait that talks and blinks: every shape of its mouth and eyes is warped once, and a frame only picks one.

The warp is piecewise affine over the triangles of the face's landmarks. Jaw and lips follow how far the mouth is open and how wide; the upper teeth
are the photograph's own and stay under the upper lip, the rest of the mouth's inside is drawn.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from scipy.interpolate import LinearNDInterpolator

from cinedub.film.body import COLLAR_DEPTH, necked, torso
from cinedub.film.faces import CHIN, MOUTH, Look, eye_distance, portrait
from cinedub.film.skin import EYES, OVAL

OPENINGS = np.linspace(0.0, 1.0, 11)
WIDTHS = np.linspace(-1.0, 1.0, 5)
LIDS = (0.0, 0.55, 1.0)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
_LOWER_LIP = frozenset((*LOWER_INNER[1:-1], 375, 321, 405, 314, 17, 84, 181, 91, 146, 77, 90, 180, 85, 16, 315, 404, 320, 307))
_UPPER_LIP = frozenset((*UPPER_INNER[1:-1], 185, 40, 39, 37, 0, 267, 269, 270, 409, 76, 184, 74, 73, 72, 11, 302, 303, 304, 408))
_UPPER_LIDS = ((246, 161, 160, 159, 158, 157), (398, 384, 385, 386, 387, 388))
_LOWER_LIDS = ((7, 163, 144, 145, 153, 154), (382, 381, 380, 374, 373, 390))

Picture = UInt8[np.ndarray, "height width 4"]


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the head in one of its states, and where it belongs."""

    x: int
    y: int
    picture: Picture


class Puppet:
    """One person: ``head`` (RGBA) and ``shape`` (its landmarks in the head) change as ``pose`` is called; ``body`` stands before its neck."""

    def __init__(self, look: Look) -> None:
        made = portrait(look)
        self.look, self.points = look, made.points
        self.unit = eye_distance(made.points)
        whole = necked(made.picture, made.points, self.unit)
        self.head = whole.copy()
        self.body, self.body_at = torso(made.points, self.unit, look.clothes)
        self.neck = (float(made.points[CHIN][0]), float(made.points[CHIN][1] + self.unit * COLLAR_DEPTH))
        self._depth = made.depth
        self._mouths, self._shapes = _mouths(whole, made.points, self.unit)
        self._eyes, self._lids = _eyes(whole, made.points, self.unit)
        self.state: tuple[int, int, int] | None = None
        self.pose(0.0, 0.0, 0.0)

    def pose(self, opening: float, width: float, lid: float) -> float:
        """Shape mouth and eyes; returns the distance between the lips as a part of the distance between the eyes."""
        wanted = (_nearest(OPENINGS, opening), _nearest(WIDTHS, width), _nearest(np.array(LIDS), lid))
        if wanted != self.state:
            for patch in (self._mouths[wanted[0]][wanted[1]], self._eyes[wanted[2]]):
                height, across = patch.picture.shape[:2]
                self.head[patch.y : patch.y + height, patch.x : patch.x + across] = patch.picture
            self.state = wanted
            moved = self._shapes[wanted[0]][wanted[1]] + self._lids[wanted[2]]
            self.shape = np.column_stack([moved, self._depth]).astype(np.float32)
        return round(float(np.linalg.norm(self.shape[14, :2] - self.shape[13, :2])) / self.unit, 3)


@functools.lru_cache(maxsize=12)
def puppet(look: Look) -> Puppet:
    """The puppet with this look (made once)."""
    return Puppet(look)


def yawed(doll: Puppet, degrees: float) -> tuple[Picture, Float32[np.ndarray, "478 3"]]:
    """The head turned about its upright axis, as if it were a round pillar: positive shows more of its left cheek."""
    if abs(degrees) < 2:
        return doll.head, doll.shape
    table, source = _turn(doll, round(degrees))
    points = doll.shape.copy()
    points[:, 0] = np.interp(points[:, 0], *table)
    return cv2.remap(doll.head, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), points


@functools.lru_cache(maxsize=32)
def _turn(doll: Puppet, degrees: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Where each column goes (rising table), and the map back."""
    height, width = doll.head.shape[:2]
    middle, radius = float(doll.points[[33, 263], 0].mean()), 1.75 * doll.unit
    columns = np.linspace(middle - radius, middle + radius, 200)
    x = (columns - middle) / radius
    angle = np.deg2rad(degrees)
    moved = middle + radius * (x * np.cos(angle) + (np.sqrt(1 - x**2) - 1) * np.sin(angle))
    rising = np.concatenate([[True], moved[1:] > np.maximum.accumulate(moved)[:-1] + 1e-3])
    columns, moved = columns[rising], moved[rising]
    back = np.interp(np.arange(width), moved, columns, left=-10, right=-10)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    return (columns, moved), np.dstack([np.repeat(back[None], height, 0), rows]).astype(np.float32)


def _nearest(values: np.ndarray, value: float) -> int:
    return int(np.abs(values - value).argmin())


def _mouths(head: Picture, points: np.ndarray, unit: float) -> tuple[list[list[Patch]], list[list[np.ndarray]]]:
    """Each mouth by opening and width, and where all landmarks are then."""
    chin, middle = points[CHIN], points[list(MOUTH)].mean(0)
    box = (
        max(0, round(float(points[list(OVAL), 0].min() - unit * 0.05))), max(0, round(float(points[1][1]))),
        min(head.shape[1], round(float(points[list(OVAL), 0].max() + unit * 0.05))), min(head.shape[0], round(float(chin[1] + unit * 0.75))),
    )  # fmt: skip
    near = [i for i in range(468) if points[i][1] > points[1][1] - unit * 0.1]
    patches: list[list[Patch]] = []
    shapes: list[list[np.ndarray]] = []
    for opening in OPENINGS:
        patches.append([])
        shapes.append([])
        for width in WIDTHS:
            moved = _spoken(points, unit, middle, float(opening), float(width))
            source = _backward(points[near], moved[near], box)
            _fill_mouth(source, points, moved, box)
            picture = cv2.remap(head, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            _draw_cavity(picture, source, points, moved, box, unit)
            patches[-1].append(Patch(box[0], box[1], picture))
            shapes[-1].append(moved)
    return patches, shapes


def _spoken(points: np.ndarray, unit: float, middle: np.ndarray, opening: float, width: float) -> np.ndarray:
    """Landmarks of the same face while it speaks: the photograph's smile is let go, then jaw and lips take the viseme's shape."""
    moved = points.astype(np.float64).copy()
    reach = np.exp(-(((points[:, 0] - middle[0]) / (0.7 * unit)) ** 2 + ((points[:, 1] - middle[1]) / (0.5 * unit)) ** 2))
    narrow = (0.86 + 0.10 * width - (0.10 if width < -0.4 else 0.0) - 0.06 * opening) - 1
    moved[:, 0] += (points[:, 0] - middle[0]) * narrow * reach
    corners = np.exp(-((np.abs(points[:, 0] - middle[0]) - 0.45 * unit) ** 2 + (points[:, 1] - middle[1]) ** 2) / (2 * (0.2 * unit) ** 2))
    moved[:, 1] += 0.07 * unit * corners
    jaw = np.clip((points[:, 1] - middle[1]) / (points[CHIN][1] - middle[1]), 0, 1.2)
    jaw[list(_UPPER_LIP)] = 0.0
    jaw[list(_LOWER_LIP)] = np.maximum(jaw[list(_LOWER_LIP)], 0.75)
    drop = 0.42 * unit * opening
    moved[:, 1] += drop * np.minimum(jaw, 1.0) * np.exp(-(((points[:, 0] - middle[0]) / (1.1 * unit)) ** 2) * 0.7)
    half = abs(float(moved[308][0] - moved[78][0])) / 2
    for up, low in zip(UPPER_INNER[1:-1], LOWER_INNER[1:-1], strict=True):
        bulge = np.sqrt(max(0.0, 1 - ((moved[up][0] - (moved[78][0] + moved[308][0]) / 2) / half) ** 2))
        line = (points[up][1] * 0.6 + points[low][1] * 0.4) + 0.02 * unit
        gap = 0.6 + drop * 0.95 * bulge
        lift = line - 0.06 * unit * opening * bulge - points[up][1]
        fall = line + gap - points[low][1]
        for index, shift in _column(up, lift) | _column(low, fall):
            moved[index][1] = points[index][1] + shift
    return moved


#: A point on the inner lip -> the two outward of it, on the lip's edge and on its middle.
_LIP_ROWS = {
    191: (185, 184), 80: (40, 74), 81: (39, 73), 82: (37, 72), 13: (0, 11), 312: (267, 302), 311: (269, 303), 310: (270, 304), 415: (409, 408),
    95: (146, 77), 88: (91, 90), 178: (181, 180), 87: (84, 85), 14: (17, 16), 317: (314, 315), 402: (405, 404), 318: (321, 320), 324: (375, 307),
}  # fmt: skip


def _column(inner: int, shift: float) -> set[tuple[int, float]]:
    """A point on the inner lip and those outward of it, which keep the lip's thickness."""
    outer, between = _LIP_ROWS[inner]
    return {(inner, shift), (between, shift), (outer, shift * 0.85)}


def _backward(source: np.ndarray, target: np.ndarray, box: tuple[int, int, int, int]) -> Float32[np.ndarray, "height width 2"]:
    """For each pixel of the box, where in the source it comes from. The box's edge stays where it is."""
    x0, y0, x1, y1 = box
    xs, ys = np.linspace(x0, x1 - 1, 12), np.linspace(y0, y1 - 1, 12)
    edge = np.array([*((x, y) for x in xs for y in (y0, y1 - 1)), *((x, y) for y in ys[1:-1] for x in (x0, x1 - 1))])
    inside = (target[:, 0] > x0 + 2) & (target[:, 0] < x1 - 3) & (target[:, 1] > y0 + 2) & (target[:, 1] < y1 - 3)
    into = np.concatenate([target[inside], edge])
    out_of = np.concatenate([source[inside], edge])
    columns, rows = np.linspace(x0, x1 - 1, (x1 - x0 + 1) // 2), np.linspace(y0, y1 - 1, (y1 - y0 + 1) // 2)
    grid = np.stack(np.meshgrid(columns, rows), -1)
    found = LinearNDInterpolator(into, out_of)(grid.reshape(-1, 2)).reshape(grid.shape)
    shift = np.where(np.isnan(found), 0.0, found - grid).astype(np.float32)  # at every second pixel, which is fine enough
    whole = np.stack(np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)), -1)
    return whole + cv2.resize(shift, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)


def _inside(points: np.ndarray, box: tuple[int, int, int, int], shape: tuple[int, int]) -> np.ndarray:
    """Soft mask of the mouth's inside, in the box."""
    ring = np.concatenate([points[list(UPPER_INNER)], points[list(LOWER_INNER)][::-1][1:-1]]) - [box[0], box[1]]
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.round(ring * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return mask


def _fill_mouth(source: np.ndarray, points: np.ndarray, moved: np.ndarray, box: tuple[int, int, int, int]) -> None:
    """Teeth keep their size and hang under the upper lip, however far the mouth is open."""
    mask = _inside(moved, box, source.shape[:2]) > 0
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return
    upper, original = moved[list(UPPER_INNER)], points[list(UPPER_INNER)]
    x = columns + box[0]
    along = np.interp(x, upper[:, 0], original[:, 0])
    depth = rows + box[1] - np.interp(x, upper[:, 0], upper[:, 1])
    source[rows, columns] = np.stack([along, np.interp(along, original[:, 0], original[:, 1]) + depth * 0.8], -1)


def _draw_cavity(picture: Picture, source: np.ndarray, points: np.ndarray, moved: np.ndarray, box: tuple[int, int, int, int], unit: float) -> None:
    """Below the teeth it is dark, with a tongue at the bottom."""
    mask = _inside(moved, box, source.shape[:2])
    low = points[list(LOWER_INNER)]
    floor = np.interp(source[..., 0], low[:, 0], low[:, 1])
    below = np.clip((source[..., 1] - floor + 0.03 * unit) / (0.03 * unit), 0, 1) * mask
    ys = np.arange(source.shape[0])[:, None] + box[1]
    lips = moved[14][1]
    tongue = np.exp(-(((np.arange(source.shape[1])[None] + box[0] - moved[14][0]) / (0.3 * unit)) ** 2)) * np.clip(
        1 - (lips - ys) / (0.16 * unit), 0, 1
    )
    dark = np.array([38, 14, 14], np.float32) + tongue[..., None] * np.array([90, 38, 38], np.float32)
    shown = np.clip((lips - moved[13][1]) / (0.12 * unit), 0, 1)  # lips that almost touch show a dark line, and no teeth
    size = 2 * round(0.04 * unit) + 1
    line = cv2.GaussianBlur(cv2.dilate(mask, np.ones((size, size), np.uint8)), (0, 0), 0.02 * unit)
    below = np.maximum(below, line * (1 - shown))
    dark = dark * shown + np.array([112, 62, 56], np.float32) * (1 - shown)
    picture[..., :3] = picture[..., :3] * (1 - below[..., None]) + dark * below[..., None]


def _eyes(head: Picture, points: np.ndarray, unit: float) -> tuple[list[Patch], list[np.ndarray]]:
    """Eyes by how far the lids are down, and by how much the landmarks move then."""
    lids = points[[i for eye in EYES for i in eye]]
    margin = unit * 0.3
    box = (
        max(0, round(float(lids[:, 0].min() - margin))), max(0, round(float(lids[:, 1].min() - margin))),
        min(head.shape[1], round(float(lids[:, 0].max() + margin))), round(float(lids[:, 1].max() + margin * 0.6)),
    )  # fmt: skip
    patches, shifts = [], []
    for lid in LIDS:
        moved = points.astype(np.float64).copy()
        for up, low in zip(_UPPER_LIDS, _LOWER_LIDS, strict=True):
            a, b = points[list(up)], points[list(low)]
            moved[list(up), 1] = a[:, 1] + (np.interp(a[:, 0], b[:, 0], b[:, 1]) - a[:, 1] - 0.6) * lid
        near = [i for i in range(468) if box[0] < points[i][0] < box[2] and box[1] < points[i][1] < box[3]]
        source = _backward(points[near], moved[near], box)
        patches.append(Patch(box[0], box[1], cv2.remap(head, source, None, cv2.INTER_LINEAR)))
        shifts.append(moved - points)
    return patches, shifts


__all__ = ["Patch", "Puppet", "puppet"]

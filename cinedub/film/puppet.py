"""A portrait that talks, blinks and frowns: a shape of its mouth or its eyes is warped when it is first needed, then a frame only picks it.

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
from cinedub.film.expressions import STILL, Expression
from cinedub.film.faces import CHIN, MOUTH, Look, eye_distance, portrait
from cinedub.film.skin import BROWS, EYES, OVAL

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


#: How strongly a face shows its expression, in steps.
STRENGTHS = (0.0, 0.5, 1.0)
#: Opening and width of the mouth, lids, expression and its strength, each as a step.
State = tuple[int, int, int, Expression, int]


class Puppet:
    """One person: ``head`` (RGBA) and ``shape`` (its landmarks in the head) change as ``pose`` is called; ``body`` stands before its neck."""

    def __init__(self, look: Look) -> None:
        made = portrait(look)
        self.look, self.points = look, made.points
        self.unit = eye_distance(made.points)
        self._whole = necked(made.picture, made.points, self.unit)
        self.head = self._whole.copy()
        self.body, self.body_at = torso(made.points, self.unit, look.clothes)
        self.neck = (float(made.points[CHIN][0]), float(made.points[CHIN][1] + self.unit * COLLAR_DEPTH))
        self.depth = made.depth
        self._mouths: dict[tuple[int, int, float], tuple[Patch, np.ndarray]] = {}
        self._eyes: dict[tuple[int, Expression, int], tuple[Patch, np.ndarray]] = {}
        self.state: State | None = None
        self.pose(0.0, 0.0, 0.0)

    def pose(self, opening: float, width: float, lid: float, expression: Expression = STILL, strength: float = 0.0) -> float:
        """Shape mouth, eyes and brows; returns the distance between the lips as a part of the distance between the eyes."""
        step = _nearest(np.array(STRENGTHS), strength)
        wanted = (_nearest(OPENINGS, opening), _nearest(WIDTHS, width), _nearest(np.array(LIDS), lid), expression if step else STILL, step)
        if wanted != self.state:
            (mouth, moved), (eyes, lids) = self._mouth(wanted), self._eye(wanted)
            for patch in (mouth, eyes):
                height, across = patch.picture.shape[:2]
                self.head[patch.y : patch.y + height, patch.x : patch.x + across] = patch.picture
            self.state = wanted
            self.shape = np.column_stack([moved + lids, self.depth]).astype(np.float32)
        return round(float(np.linalg.norm(self.shape[14, :2] - self.shape[13, :2])) / self.unit, 3)

    def _mouth(self, state: State) -> tuple[Patch, np.ndarray]:
        """The mouth's patch and where all landmarks are then; warped when first needed."""
        corners = state[3].corners * STRENGTHS[state[4]]
        key = (state[0], state[1], corners)
        if key not in self._mouths:
            self._mouths[key] = _mouth(self._whole, self.points, self.unit, float(OPENINGS[state[0]]), float(WIDTHS[state[1]]), corners)
        return self._mouths[key]

    def _eye(self, state: State) -> tuple[Patch, np.ndarray]:
        """The patch of eyes and brows and how far the landmarks move then; warped when first needed."""
        key = state[2:]
        if key not in self._eyes:
            self._eyes[key] = _eyes(self._whole, self.points, self.unit, LIDS[state[2]], state[3], STRENGTHS[state[4]])
        return self._eyes[key]


@functools.lru_cache(maxsize=12)
def puppet(look: Look) -> Puppet:
    """The puppet with this look (made once)."""
    return Puppet(look)


def _nearest(values: np.ndarray, value: float) -> int:
    return int(np.abs(values - value).argmin())


def _mouth(
    head: Picture, points: np.ndarray, unit: float, opening: float, width: float, corners: float
) -> tuple[Patch, Float32[np.ndarray, "478 2"]]:
    """A mouth by opening, width and corners, and where all landmarks are then."""
    chin, middle = points[CHIN], points[list(MOUTH)].mean(0)
    box = (
        max(0, round(float(points[list(OVAL), 0].min() - unit * 0.05))), max(0, round(float(points[1][1]))),
        min(head.shape[1], round(float(points[list(OVAL), 0].max() + unit * 0.05))), min(head.shape[0], round(float(chin[1] + unit * 0.75))),
    )  # fmt: skip
    near = [i for i in range(468) if points[i][1] > points[1][1] - unit * 0.1]
    moved = _spoken(points, unit, middle, opening, width, corners)
    source = _backward(points[near], moved[near], box)
    _fill_mouth(source, points, moved, box)
    picture = cv2.remap(head, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    near_lips = _around_lips(moved, box, unit)
    window = slice(near_lips[1] - box[1], near_lips[3] - box[1]), slice(near_lips[0] - box[0], near_lips[2] - box[0])
    _draw_cavity(picture[window], source[window], points, moved, near_lips, unit)
    return Patch(box[0], box[1], picture), moved


def _around_lips(moved: np.ndarray, box: tuple[int, int, int, int], unit: float) -> tuple[int, int, int, int]:
    """The part of the box that the mouth's inside is drawn in, with room for its blurred edge."""
    ring, margin = moved[list(UPPER_INNER + LOWER_INNER)], 0.5 * unit
    (x0, y0), (x1, y1) = (ring.min(0) - margin).astype(int).tolist(), (ring.max(0) + margin).astype(int).tolist()
    return max(box[0], x0), max(box[1], y0), min(box[2], x1), min(box[3], y1)


def _spoken(points: np.ndarray, unit: float, middle: np.ndarray, opening: float, width: float, smile: float) -> np.ndarray:
    """Landmarks of the same face while it speaks: the photograph's smile is let go (unless it smiles), then jaw and lips take the viseme's shape."""
    moved = points.astype(np.float64).copy()
    reach = np.exp(-(((points[:, 0] - middle[0]) / (0.7 * unit)) ** 2 + ((points[:, 1] - middle[1]) / (0.5 * unit)) ** 2))
    narrow = (0.86 + 0.10 * width + 0.06 * max(smile, 0.0) - (0.10 if width < -0.4 else 0.0) - 0.06 * opening) - 1
    moved[:, 0] += (points[:, 0] - middle[0]) * narrow * reach
    corners = np.exp(-((np.abs(points[:, 0] - middle[0]) - 0.45 * unit) ** 2 + (points[:, 1] - middle[1]) ** 2) / (2 * (0.2 * unit) ** 2))
    moved[:, 1] += (0.07 - 0.11 * smile) * unit * corners
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


def _eyes(
    head: Picture, points: np.ndarray, unit: float, lid: float, expression: Expression, strength: float
) -> tuple[Patch, Float32[np.ndarray, "478 2"]]:
    """Eyes by how far the lids are down, under brows of an expression; and by how much the landmarks move then."""
    lids = points[[i for eye in EYES for i in eye]]
    margin = unit * 0.3
    box = (
        max(0, round(float(lids[:, 0].min() - margin))), max(0, round(float(lids[:, 1].min() - 0.8 * unit))),
        min(head.shape[1], round(float(lids[:, 0].max() + margin))), round(float(lids[:, 1].max() + margin * 0.6)),
    )  # fmt: skip
    moved = _raised(points.astype(np.float64), unit, expression, strength)
    down = max(lid, -0.45 * expression.lids * strength)
    for up, low in zip(_UPPER_LIDS, _LOWER_LIDS, strict=True):
        a, b = moved[list(up)], moved[list(low)]
        moved[list(up), 1] = a[:, 1] + (np.interp(a[:, 0], b[:, 0], b[:, 1]) - a[:, 1] - 0.6) * down
    near = [i for i in range(468) if box[0] < points[i][0] < box[2] and box[1] < points[i][1] < box[3]]
    source = _backward(points[near], moved[near], box)
    return Patch(box[0], box[1], cv2.remap(head, source, None, cv2.INTER_LINEAR)), moved - points


def _raised(points: np.ndarray, unit: float, expression: Expression, strength: float) -> np.ndarray:
    """Landmarks with the brows moved as one does without thinking, and eyes that are wide open."""
    moved = points.copy()
    between = points[list(BROWS[0] + BROWS[1])].mean(0)
    for brow, eye in zip(BROWS, EYES, strict=True):
        centre, middle = points[list(brow)].mean(0), points[list(eye)].mean(0)
        side = np.sign(centre[0] - between[0])
        near = np.exp(-(((points[:, 0] - centre[0]) / (0.55 * unit)) ** 2 + ((points[:, 1] - centre[1]) / (0.22 * unit)) ** 2))
        inner = np.clip(0.5 - side * (points[:, 0] - centre[0]) / (0.8 * unit), 0, 1)
        lift = 0.13 * expression.brows + 0.15 * expression.grief * (inner - 0.35) - 0.05 * expression.knit * inner
        moved[:, 1] -= strength * unit * lift * near
        moved[:, 0] -= strength * unit * 0.09 * expression.knit * side * inner * near
        around = np.exp(-(((points[:, 0] - middle[0]) / (0.35 * unit)) ** 2 + ((points[:, 1] - middle[1]) / (0.16 * unit)) ** 2))
        moved[:, 1] += strength * 0.35 * max(expression.lids, 0.0) * (points[:, 1] - middle[1]) * around
    return moved


__all__ = ["Patch", "Puppet", "puppet"]

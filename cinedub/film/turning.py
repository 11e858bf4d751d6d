"""A head turned about its upright axis: its own landmarks say how deep the face is, a round pillar how deep the rest.

What turns away behind the nose or the cheek is hidden by what is nearer.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from jaxtyping import Float32
from scipy.interpolate import LinearNDInterpolator

from cinedub.film.puppet import Picture, Puppet
from cinedub.film.skin import OVAL

#: The pillar's radius, as a part of the distance between the eyes.
_RADIUS = 1.75
_FINER = 3
#: The landmarker's faces are deeper than heads are; the top of the forehead is where face and pillar meet.
_SHALLOWER, _FOREHEAD = 0.7, 10


def yawed(doll: Puppet, degrees: float) -> tuple[Picture, Float32[np.ndarray, "478 3"]]:
    """The head turned: positive shows more of its left cheek; and its landmarks, in the turned picture."""
    if abs(degrees) < 2:
        return doll.head, doll.shape
    source = _source(doll, round(degrees))
    turned = np.deg2rad(round(degrees))
    points, middle = doll.shape.copy(), _middle(doll)
    depth = cv2.remap(_depth(doll), points[None, :, 0], points[None, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    across = points[:, 0] - middle
    points[:, 0] = middle + across * np.cos(turned) - depth * np.sin(turned)
    points[:, 2] += across * np.sin(turned)
    return cv2.remap(doll.head, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), points


def _middle(doll: Puppet) -> float:
    return float(doll.points[[33, 263], 0].mean())


@functools.lru_cache(maxsize=12)
def _depth(doll: Puppet) -> Float32[np.ndarray, "height width"]:
    """How far from us each pixel of the head is, in pixels; 0 where the pillar is nearest."""
    height, width = doll.head.shape[:2]
    x = np.clip((np.arange(width, dtype=np.float32) - _middle(doll)) / (_RADIUS * doll.unit), -1, 1)
    pillar = np.repeat((_RADIUS * doll.unit * (1 - np.sqrt(1 - x**2)))[None], height, 0)
    relief = _SHALLOWER * (doll.depth[:468] - doll.depth[_FOREHEAD])
    rows, columns = np.mgrid[0:height:4, 0:width:4]
    face = LinearNDInterpolator(doll.points[:468], relief)(columns, rows)
    face = cv2.resize(np.where(np.isnan(face), 0, face).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = np.zeros((height, width), np.float32)
    cv2.fillPoly(inside, [doll.points[list(OVAL)].astype(np.int32)], 1.0)
    inside = cv2.GaussianBlur(cv2.erode(inside, np.ones((round(doll.unit * 0.2),) * 2, np.uint8)), (0, 0), doll.unit * 0.08)
    return (pillar + (face - pillar) * inside).astype(np.float32)


@functools.lru_cache(maxsize=32)
def _source(doll: Puppet, degrees: int) -> Float32[np.ndarray, "height width 2"]:
    """For each pixel of the turned head, where in the head it comes from: in every row, whatever is nearest to us there."""
    height, width = doll.head.shape[:2]
    angle, middle = np.deg2rad(degrees), _middle(doll)
    columns = np.arange(width * _FINER, dtype=np.float32) / _FINER
    depth = cv2.resize(_depth(doll), (width * _FINER, height), interpolation=cv2.INTER_LINEAR)
    across = columns - middle
    place = np.rint(middle + across * np.cos(angle) - depth * np.sin(angle)).astype(int)
    away = across * np.sin(angle) + depth * np.cos(angle)
    solid = (cv2.resize(doll.head[..., 3], (width * _FINER, height)) > 8) & (np.abs(across) < _RADIUS * doll.unit)
    found = np.full((height, width), -10, np.float32)
    everywhere = np.arange(width)
    for row in range(height):
        kept = np.flatnonzero(solid[row] & (place[row] >= 0) & (place[row] < width))
        if not len(kept):
            continue
        order = kept[np.argsort(-away[row, kept], kind="stable")]
        found[row, place[row, order]] = columns[order]  # the nearest comes last, and stays
        known = np.flatnonzero(found[row] >= 0)
        found[row, known[0] : known[-1] + 1] = np.interp(everywhere[known[0] : known[-1] + 1], known, found[row, known])
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    return np.dstack([found, rows])

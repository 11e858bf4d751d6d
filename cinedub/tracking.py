"""Faces followed from picture to picture inside a shot: boxes found now and then become tracks with a box for every frame.

Time is counted in frames of the 25 Hz grid. The tracker is told of the pictures that a detector looked at, in order; between two of them
a face moves in a straight line. It says up to which frame its answer is final, so that pictures need to be kept only until then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cinedub.backends.roles import FaceBox

#: A face joins a track when it costs less than this: 1 - IoU, or the distance of centres in sizes where the boxes hardly overlap.
MAX_COST = 0.8
MAX_GROWTH = 1.7


@dataclass(slots=True)
class Track:
    """One face: where it was found, by frame."""

    frames: list[int] = field(default_factory=list)
    faces: list[FaceBox] = field(default_factory=list)

    @property
    def first(self) -> int:
        """The first frame."""
        return self.frames[0]

    @property
    def last(self) -> int:
        """The last frame."""
        return self.frames[-1]

    def at(self, frame: int) -> FaceBox | None:
        """The face on a frame between the first and the last, interpolated; None outside."""
        if not self.frames or not self.first <= frame <= self.last:
            return None
        after = bisect_right(self.frames, frame)
        if self.frames[after - 1] == frame:
            return self.faces[after - 1]
        before = self.faces[after - 1], self.frames[after - 1]
        return between(before[0], self.faces[after], (frame - before[1]) / (self.frames[after] - before[1]))


def between(a: FaceBox, b: FaceBox, part: float) -> FaceBox:
    """The face ``part`` of the way from ``a`` to ``b``."""

    def mix(x: Sequence[float], y: Sequence[float]) -> tuple[float, ...]:
        return tuple(p + (q - p) * part for p, q in zip(x, y, strict=True))

    x0, y0, x1, y1 = mix(a.box, b.box)
    points = tuple((mix(p, q)[0], mix(p, q)[1]) for p, q in zip(a.points, b.points, strict=False))
    return FaceBox((x0, y0, x1, y1), points, a.score + (b.score - a.score) * part)


class Tracker:
    """Follows the faces of one shot. A face that is missed for at most ``bridge`` frames is the same face."""

    def __init__(self, bridge: int, most: int = 8) -> None:
        self.bridge, self.most = bridge, most
        self.tracks: list[Track] = []
        self._now = -1

    def look(self, frame: int, faces: Sequence[FaceBox]) -> None:
        """What a detector found on a frame later than all before; of a crowd the ``most`` largest are kept."""
        self._now = frame
        faces = sorted(faces, key=lambda face: -size(face))[: self.most]
        live = [track for track in self.tracks if frame - track.last <= self.bridge]
        costs = sorted((cost(track.faces[-1], face), i, j) for i, track in enumerate(live) for j, face in enumerate(faces))
        taken: set[int] = set()
        placed: set[int] = set()
        for price, i, j in costs:
            if price < MAX_COST and i not in taken and j not in placed:
                live[i].frames.append(frame)
                live[i].faces.append(faces[j])
                taken.add(i)
                placed.add(j)
        self.tracks += [Track([frame], [face]) for j, face in enumerate(faces) if j not in placed]

    @property
    def settled(self) -> int:
        """The last frame whose boxes nothing that is seen later can change."""
        return min((track.last for track in self.tracks if self._now - track.last < self.bridge), default=self._now)


def size(face: FaceBox) -> float:
    """Geometric mean of a box's sides in pixels."""
    x0, y0, x1, y1 = face.box
    return float(np.sqrt(max(0.0, x1 - x0) * max(0.0, y1 - y0)))


def overlap(a: FaceBox, b: FaceBox) -> float:
    """Intersection over union of two boxes."""
    wide = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    high = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    shared = max(0.0, wide) * max(0.0, high)
    return shared / max(size(a) ** 2 + size(b) ** 2 - shared, 1e-9)


def cost(a: FaceBox, b: FaceBox) -> float:
    """How unlikely two boxes a moment apart are one face; 0 for the same box, infinite where the size jumps."""
    small, large = sorted((size(a), size(b)))
    if large > MAX_GROWTH * small:
        return float("inf")
    across, down = ((a.box[i] + a.box[i + 2] - b.box[i] - b.box[i + 2]) / 2 for i in (0, 1))
    return min(1 - overlap(a, b), 0.4 + 0.6 * float(np.hypot(across, down)) / max(large, 1e-9))

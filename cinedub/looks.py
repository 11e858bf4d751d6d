"""What is seen of one face over a track, gathered while the pictures pass: landmarks, mouths, the best views, expressions."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from cinedub import alignment, lips
from cinedub.backends.roles import ExpressionReader, FaceBox, Landmarks, Picture
from cinedub.tracking import size

#: Frames without landmarks that are filled from both sides.
GAP = 5
#: Views kept for identity, age and gender, at least this many frames apart, at most this many pixels wide.
VIEWS, APART, VIEW_PX = 3, 8, 256
#: One frame in so many is weighed as a view.
WEIGH_EVERY = 4
#: An expression is read every so many frames.
READ_EVERY = 10


@dataclass(frozen=True, slots=True)
class View:
    """A face worth showing to an encoder: ``worth`` grows with size, sharpness and a frontal pose."""

    frame: int
    worth: float
    picture: Picture
    face: FaceBox


@dataclass(slots=True)
class Looks:
    """One track's looks by frame. Frames are the clip's, at 25 Hz; pixels are the source's."""

    boxes: dict[int, FaceBox] = field(default_factory=dict)
    landmarks: dict[int, Landmarks] = field(default_factory=dict)
    crops: dict[int, UInt8[np.ndarray, "96 96"]] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)
    emotions: list[dict[str, float]] = field(default_factory=list)
    _missed: list[tuple[int, Picture]] = field(default_factory=list)
    _read: int = -READ_EVERY

    def add(self, frame: int, picture: Picture, face: FaceBox, found: Landmarks | None, expression: ExpressionReader) -> None:
        """The face on the next frame of its track; ``found`` are its landmarks in the picture."""
        self.boxes[frame] = face
        if found is None:
            self._missed.append((frame, picture))
            del self._missed[: -GAP - 1]  # one more than can be filled tells a gap that is too long
        else:
            self._fill(frame, found)
            self._keep(frame, picture, found)
        if (len(self.boxes) - 1) % WEIGH_EVERY == 0:
            self._view(frame, picture, face, found)
        if found is not None and frame - self._read >= READ_EVERY:
            self.emotions.append(expression.read(alignment.chip(picture, lips.five(found.points), 96)))
            self._read = frame

    def repeat(self, frame: int) -> None:
        """The picture of the frame before, which this face is on, is shown once more."""
        self.boxes[frame] = self.boxes[frame - 1]
        if frame - 1 in self.landmarks:
            self.landmarks[frame], self.crops[frame] = self.landmarks[frame - 1], self.crops[frame - 1]
        elif self._missed:
            self._missed = [*self._missed, (frame, self._missed[-1][1])][-GAP - 1 :]

    def enlarge(self, scale: float) -> None:
        """Boxes and landmarks in a picture ``scale`` times as large."""
        if scale != 1:
            self.boxes = {frame: enlarged(face, scale) for frame, face in self.boxes.items()}
            self.landmarks = {frame: Landmarks(found.points * np.float32(scale), found.blendshapes) for frame, found in self.landmarks.items()}

    def _keep(self, frame: int, picture: Picture, found: Landmarks) -> None:
        self.landmarks[frame] = found
        self.crops[frame] = lips.crop(picture, found.points)

    def _fill(self, frame: int, found: Landmarks) -> None:
        missed, self._missed = self._missed, []
        before = self.landmarks.get(missed[0][0] - 1) if missed else None
        if before is None or len(missed) > GAP:
            return
        for between, picture in missed:
            part = (between - missed[0][0] + 1) / (len(missed) + 1)
            points = before.points + (found.points - before.points) * part
            shapes = before.blendshapes + (found.blendshapes - before.blendshapes) * part
            self._keep(between, picture, Landmarks(points.astype(np.float32), shapes.astype(np.float32)))

    def _view(self, frame: int, picture: Picture, face: FaceBox, found: Landmarks | None) -> None:
        # A face without landmarks is turned away, hidden or dark: it is shown only where there is nothing better.
        pose = lips.frontal(found.points) ** 2 if found is not None else 0.1
        near = [view for view in self.views if frame - view.frame < APART]
        bound = size(face) * pose * face.score
        rival = near[0] if near else self.views[-1] if len(self.views) == VIEWS else None
        if rival is not None and bound <= rival.worth:
            return
        part, left, top = around(picture, face.box, 1.6)
        if not part.size:
            return
        worth = bound * _sharpness(part)
        if near and worth <= near[0].worth:
            return
        points = lips.five(found.points) if found is not None else face.points
        scale = min(1.0, VIEW_PX / max(part.shape[:2]))
        shown = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else part.copy()
        x0, y0, x1, y1 = face.box
        moved = FaceBox(
            ((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale),
            tuple(((x - left) * scale, (y - top) * scale) for x, y in points), face.score,
        )  # fmt: skip
        self.views = [view for view in self.views if view not in near] + [View(frame, worth, shown, moved)]
        self.views = sorted(self.views, key=lambda view: -view.worth)[:VIEWS]


def enlarged(face: FaceBox, scale: float) -> FaceBox:
    """A face in a picture ``scale`` times as large."""
    x0, y0, x1, y1 = (edge * scale for edge in face.box)
    return FaceBox((x0, y0, x1, y1), tuple((x * scale, y * scale) for x, y in face.points), face.score)


def around(picture: Picture, box: tuple[float, float, float, float], reach: float) -> tuple[Picture, int, int]:
    """The square of ``reach`` times a box's longer side around it, as far as the picture goes, with its left and top."""
    x0, y0, x1, y1 = box
    half = max(x1 - x0, y1 - y0) * reach / 2
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    left, top = max(0, round(middle_x - half)), max(0, round(middle_y - half))
    return picture[top : max(top, round(middle_y + half)), left : max(left, round(middle_x + half))], left, top


def smaller(picture: Picture, times: int) -> Picture:
    """A picture so many times smaller, each pixel the mean of those that it stands for: by a whole number that is fast."""
    if times == 1:
        return picture
    height, width = (side // times for side in picture.shape[:2])
    return cv2.resize(picture[: height * times, : width * times], (width, height), interpolation=cv2.INTER_AREA)


def _sharpness(part: Picture) -> float:
    """In (0, 1): how much detail a face shows at a size of 64 pixels, whatever its size in the picture."""
    grey = smaller(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), max(1, min(part.shape[:2]) // 128))
    grey = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA)
    detail = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    return detail / (detail + 300.0)


def mean_vector(vectors: list[Float32[np.ndarray, " embedding"]], worths: list[float], length: int) -> Float32[np.ndarray, " embedding"]:
    """The weighted mean of unit vectors, of unit length; zeros for none."""
    if not vectors:
        return np.zeros(length, np.float32)
    mean = np.average(np.stack(vectors), axis=0, weights=np.asarray(worths) + 1e-9)
    return (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)

"""What a corpus shows of its faces: a small picture, and the arrays of faces and lips, straight from the puppets."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from cinedub import backends, lips, media
from cinedub.backends import roles
from cinedub.config import Model
from cinedub.errors import ModelError
from cinedub.film import picture
from cinedub.film.puppet import Picture, Puppet, State
from cinedub.film.script import Plan
from schemas import Span

FRAME_MS = 40
BACKDROP = 110


@dataclass(frozen=True, slots=True)
class Pose:
    """What a puppet in one of its poses looks like from the front."""

    crop: UInt8[np.ndarray, "96 96"]
    points: Float32[np.ndarray, "40 2"]
    aperture: float
    blendshapes: Float32[np.ndarray, " 52"]


@dataclass(slots=True)
class Seen:
    """One face through one shot, from frame ``first`` on."""

    person: str
    first: int
    landmarks: list[Float32[np.ndarray, "478 3"]] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)


class Sketch:
    """A planned film at 25 frames a second, drawn small: ``frames`` must be run through, then ``arrays`` knows every face."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._notes: list[picture.FaceNote] = []
        self.seen: dict[int, Seen] = {}

    def frames(self) -> Iterator[picture.Frame]:
        """Every picture, in order."""
        yield from picture.frames(self.plan, self._notes, self._observe)

    def _observe(self, doll: Puppet, note: int, frame: int, landmarks: np.ndarray) -> None:
        shot = self.plan.shots[self._notes[note].shot]
        if shot.hidden:
            return
        face = self.seen.setdefault(note, Seen(self._notes[note].person, frame))
        assert doll.state is not None
        face.landmarks.append((np.round(landmarks * 32) / 32).astype(np.float32))
        face.poses.append(pose_of(doll, doll.state))

    def arrays(self, span: Span, speaking: dict[str, list[Span]]) -> tuple[list[str], dict[str, np.ndarray]]:
        """Whose each face is that is seen in the span, and the arrays of record.md; ``speaking`` says when each person does."""
        first, last = span.start // FRAME_MS, span.end // FRAME_MS
        inside = [face for _, face in sorted(self.seen.items()) if face.first < last and face.first + len(face.poses) > first]
        shape = (len(inside), last - first)
        arrays = {
            "pts_ms": np.arange(last - first, dtype=np.int64) * FRAME_MS,
            "track": np.zeros(shape, bool),
            "box": np.zeros((*shape, 4), np.float32),
            "landmarks": np.zeros((*shape, 478, 3), np.float32),
            "blendshapes": np.zeros((*shape, 52), np.float32),
            "embedding": np.zeros((len(inside), 0), np.float32),
            "speaking": np.zeros(shape, np.float32),
            "crops": np.zeros((*shape, lips.CROP, lips.CROP), np.uint8),
            "points": np.zeros((*shape, len(lips.LIPS), 2), np.float32),
            "aperture": np.zeros(shape, np.float32),
        }
        for row, face in enumerate(inside):
            for frame in range(max(first, face.first), min(last, face.first + len(face.poses))):
                at, pose = (row, frame - first), face.poses[frame - face.first]
                landmarks = face.landmarks[frame - face.first]
                arrays["track"][at] = True
                arrays["box"][at] = (*landmarks[:, :2].min(0), *landmarks[:, :2].max(0))
                arrays["landmarks"][at] = landmarks
                arrays["blendshapes"][at], arrays["crops"][at] = pose.blendshapes, pose.crop
                arrays["points"][at], arrays["aperture"][at] = pose.points, pose.aperture
                shown = frame * FRAME_MS
                arrays["speaking"][at] = any(said.start <= shown < said.end for said in speaking.get(face.person, ()))
        return [face.person for face in inside], arrays


def pose_of(doll: Puppet, state: State) -> Pose:
    """What the puppet looks like in the state that it is in."""
    known = _poses(doll)
    if state not in known:
        shown = _before_wall(doll.head)
        found = _landmarker().landmarks([shown])[0]
        if found is None:
            raise ModelError("FILM_NO_FACE", f"the landmarker finds no face in pose {state} of {doll.look}")
        known[state] = Pose(lips.crop(shown, doll.shape), lips.normalised(doll.shape), lips.aperture(doll.shape), found.blendshapes)
    return known[state]


def _before_wall(head: Picture) -> picture.Frame:
    """The head before a grey wall: most of it hides the wall or leaves it, only its edge must be mixed."""
    alpha, shown = cv2.extractChannel(head, 3), cv2.cvtColor(head, cv2.COLOR_RGBA2RGB)
    cv2.copyTo(np.full_like(shown, BACKDROP), cv2.bitwise_not(alpha) // 255, shown)
    rows, columns = np.nonzero((alpha > 0) & (alpha < 255))
    part = alpha[rows, columns, None] / 255.0
    shown[rows, columns] = (head[rows, columns, :3] * part + BACKDROP * (1 - part)).astype(np.uint8)
    return shown


@functools.lru_cache(maxsize=12)
def _poses(doll: Puppet) -> dict[State, Pose]:
    return {}


@functools.cache
def _landmarker() -> roles.Landmarker:
    return backends.load("landmarker", Model("mediapipe", "face-landmarker"))


def write_video(frames: list[picture.Frame], target: Path) -> None:
    """Pictures as silent H.264 at 25 frames a second.

    Raises:
        MediaError: ENCODE_VIDEO with ffmpeg's last line.
    """
    height, width = frames[0].shape[:2]
    raw = target.with_suffix(".rgb")
    raw.write_bytes(b"".join(frame.tobytes() for frame in frames))
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", f"file:{raw}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "26", "-pix_fmt", "yuv420p", "-threads", "1", "-map_metadata", "-1"]
    exact = ["-f", "mp4", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]
    try:
        media.run(["-y", *source, *coded, *exact, f"file:{target}"], 60.0, "ENCODE_VIDEO", target)
    finally:
        raw.unlink()

"""Draw every frame: the place, then each person in it; and note where every face is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from cinedub.errors import MediaError
from cinedub.film.motion import Motion
from cinedub.film.places import SIZE, painted
from cinedub.film.puppet import Puppet, puppet
from cinedub.film.script import Plan, Seat, Shot
from cinedub.film.skin import OVAL
from cinedub.film.turning import yawed

Frame = UInt8[np.ndarray, "height width 3"]


@dataclass(slots=True)
class FaceNote:
    """One face through one shot, frame by frame: boxes (x0, y0, x1, y1 in pixels), lips' distance as a part of the eyes'."""

    person: str
    shot: int
    first: int
    boxes: list[tuple[int, int, int, int]] = field(default_factory=list)
    mouth: list[float] = field(default_factory=list)


#: Hears of every face as it is drawn: the puppet in its pose, the index of its note, the frame, its landmarks in the picture (478, 3).
Observer = Callable[[Puppet, int, int, np.ndarray], None]


def frames(plan: Plan, notes: list[FaceNote], observe: Observer | None = None) -> Iterator[Frame]:
    """Every frame in order; ``notes`` fills up as they are drawn."""
    seen = {seat.name for shot in plan.shots for seat in shot.seats}
    motions = {name: Motion(plan, name) for name in sorted(seen)}
    for number, shot in enumerate(plan.shots):
        tracks = {seat.name: FaceNote(seat.name, number, shot.first) for seat in shot.seats}
        base = len(notes)
        notes += tracks.values()
        backdrop = _backdrop(plan, shot)
        light = plan.scenes[shot.scene].scene.light
        for frame in range(shot.first, shot.last):
            canvas = _window(backdrop, plan.size, float((frame - shot.first) / plan.fps))
            for seat in shot.seats:
                look = plan.characters[seat.name].look
                assert look is not None
                doll = puppet(look)
                points, mouth = _person(canvas, doll, seat, motions[seat.name], frame, plan)
                note = tracks[seat.name]
                note.boxes.append(_box(points, plan.size))
                note.mouth.append(mouth)
                if observe:
                    observe(doll, base + shot.seats.index(seat), frame, points)
            if shot.hidden:
                _hide(canvas, shot, frame)
            if shot.blur:
                canvas = cv2.GaussianBlur(canvas, (0, 0), shot.blur * plan.size[1] / 720)
            yield canvas if light == 1.0 else cv2.convertScaleAbs(canvas, alpha=light)


def _backdrop(plan: Plan, shot: Shot) -> Frame:
    """The place as this camera sees it, a little larger than the frame."""
    wanted = plan.size[1] * 1.12
    whole = painted(plan.scenes[shot.scene].scene.place, shot.view, plan.seed, max(1, SIZE[1] // 2 // round(wanted)))
    scale = wanted / whole.shape[0]
    return cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _window(backdrop: Frame, size: tuple[int, int], seconds: float) -> Frame:
    """The camera drifts sideways by a few pixels a second."""
    width, height = size
    room = backdrop.shape[1] - width
    x = room / 2 + min(room / 2 - 1, 3.0 * seconds)
    matrix = np.array([[1, 0, -x], [0, 1, -(backdrop.shape[0] - height) / 2]], np.float32)
    return cv2.warpAffine(backdrop, matrix, size, flags=cv2.INTER_LINEAR)


def _person(canvas: Frame, doll: Puppet, seat: Seat, motion: Motion, frame: int, plan: Plan) -> tuple[np.ndarray, float]:
    width, height = plan.size
    mouth = doll.pose(float(motion.opening[frame]), float(motion.width[frame]), float(motion.lid[frame]), *motion.expression(frame))
    scale = seat.size * height / doll.unit
    angle = np.deg2rad(seat.tilt + 2.2 * motion.tilt[frame])
    sway = 0.10 * doll.unit * scale
    at = np.array([seat.x * width + sway * motion.x[frame], seat.y * height + sway * motion.y[frame]])
    picture, points = yawed(doll, seat.yaw)
    eyes = doll.points[[33, 263]].mean(0)
    head = _affine(eyes, at, scale, angle)
    neck = _affine(eyes, at, scale, angle * 0.25)
    _paste(canvas, picture, head)
    shift = np.array([[1, 0, doll.body_at[0]], [0, 1, doll.body_at[1]], [0, 0, 1]], np.float64)
    _paste(canvas, doll.body, (np.vstack([neck, [0, 0, 1]]) @ shift)[:2])
    return np.column_stack([points[:, :2] @ head[:, :2].T + head[:, 2], points[:, 2] * scale]), mouth


def _box(points: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The face's oval, inside the picture."""
    face = points[list(OVAL), :2]
    x0, y0, x1, y1 = (round(float(v)) for v in (*face.min(0), *face.max(0)))
    return max(0, x0), max(0, y0), min(size[0], x1), min(size[1], y1)


def _hide(canvas: Frame, shot: Shot, frame: int) -> None:
    """Something dark and near the lens, that covers a part of the first face."""
    width = canvas.shape[1]
    seat = shot.seats[0].x if shot.seats else 0.5
    x = round((seat + 0.06 + 0.0006 * (frame - shot.first)) * width)
    canvas[:, x : x + round(0.09 * width)] //= 6


def _affine(centre: np.ndarray, at: np.ndarray, scale: float, angle: float) -> np.ndarray:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.hstack([turn, (at - turn @ centre)[:, None]])


def _paste(canvas: Frame, picture: UInt8[np.ndarray, "h w 4"], matrix: np.ndarray) -> None:
    """Warp an RGBA picture onto the canvas."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ matrix[:, :2].T + matrix[:, 2]
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int), [canvas.shape[1], canvas.shape[0]])
    if x1 <= x0 or y1 <= y0:
        return
    local = matrix.copy()
    local[:, 2] -= [x0, y0]
    shown = cv2.warpAffine(picture, local, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
    part = canvas[y0:y1, x0:x1]
    alpha = cv2.cvtColor(shown[..., 3], cv2.COLOR_GRAY2RGB)
    over = cv2.multiply(shown[..., :3], alpha, scale=1 / 255)
    under = cv2.multiply(part, cv2.bitwise_not(alpha), scale=1 / 255)
    cv2.add(over, under, dst=over)
    canvas[y0:y1, x0:x1] = over


def encode(pictures: Iterator[Frame], plan: Plan, sound: Path, target: Path, variable: bool = False) -> None:
    """Write the film: H.264 and AAC; ``variable`` leaves out every eleventh frame, so that the frame rate varies.

    Raises:
        MediaError: ENCODE_VIDEO with ffmpeg's last line.
    """
    width, height = plan.size
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += [
        "-r",
        str(plan.fps),
        "-i",
        "pipe:",
        "-i",
        f"file:{sound}",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "20",
        "-pix_fmt",
        "yuv420p",
    ]
    command += [
        "-threads",
        "2",
        *(["-vf", "select=mod(n*5\\,11)-3", "-fps_mode", "vfr"] if variable else []),
        "-c:a",
        "aac",
        "-b:a",
        "192k",
        "-ar",
        "48000",
        "-movflags",
        "+faststart",
        "-fflags",
        "+bitexact",
        f"file:{target}",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stderr is not None
        try:
            for picture in pictures:
                process.stdin.write(picture.data)
        except BrokenPipeError:
            pass  # ffmpeg's own reason follows
        finally:
            process.stdin.close() if not process.stdin.closed else None
        reason = process.stderr.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise MediaError("ENCODE_VIDEO", f"{target.name}: {reason[-1][:300] if reason else 'no reason given'}")

"""See: who can be seen in a clip, whose lips move with the voice, and what they look like.

    pictures ─25 Hz─┬─every detect_every_ms, and at both ends of each shot─ detector ─ tracker ─ boxes
                    └─ kept until their boxes are final ─ crops ─ landmarks ─ mouths, views, expressions ─┐
    vocals ─ loudness ────────────────────────────────────────────────────────────── speaking scores ─────┴─ npz

The clip is decoded once, at the size of its pictures (at most ``MOST_PX`` wide), and coded as the record will show it on the way; a handful of
pictures are held at any time.
"""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from cinedub import alignment, config, lips, media, sync
from cinedub.backends import roles
from cinedub.looks import Looks, around, enlarged, mean_vector, smaller
from cinedub.mouths import Mouths, film_span, spoken
from cinedub.storage import Assets, resolve
from cinedub.tracking import Track, Tracker, size
from schemas import Clip, Faces, FaceTrack, Span
from transforms.stage import Stage

FRAME_MS = 40
MOST_PX = 1920
#: A face that a detector misses for this long is still the same face.
BRIDGE_MS = 640
#: Landmarks are looked for in a square of this many box sides; their middle must lie within half a side of the box's.
REACH = 1.7
#: It is made smaller by whole numbers down to this: the landmarker's own picture of a face is 256 pixels wide.
CLOSE_PX = 256
#: Faces this large in the detector's picture are certain to be found again; it is not made narrower than this part of its width.
CLEAR_PX, NARROWEST, WHOLE_EVERY = 48, 0.6, 3


def see(
    clip: Clip,
    config: config.See,
    assets: Assets,
    face_detector: roles.FaceDetector,
    landmarker: roles.Landmarker,
    face_encoder: roles.FaceEncoder,
    expression: roles.ExpressionReader,
    attributes: roles.AttributeReader,
) -> Faces:
    """Faces followed through each shot of a clip, with landmarks, mouths, identities and speaking scores at 25 Hz.

    Raises:
        MediaError: the film's pictures or the vocals can't be decoded.
    """
    with ThreadPoolExecutor(1, "detect") as beside:
        watch = _Watch(clip, config, face_detector, landmarker, expression, beside)
        pictures = media.filmed(resolve(clip.film.uri), clip.span, watch.size, assets.path("mp4"))
        for frame, pts, picture in media.on_grid(media.ahead(pictures), clip.span):
            watch.show(frame, pts, picture)
    seen = watch.finish()
    arrays = _arrays(seen, watch.pts, face_encoder)
    mouths = Mouths.of(clip, arrays)
    offsets = mouths.offsets()
    late = None if offsets is None else sync.likeliest(offsets)
    arrays |= mouths.going(sync.known_ms(late))
    arrays["offsets"] = np.zeros(len(sync.OFFSETS)) if offsets is None else offsets
    _write(assets.path("faces.npz"), arrays)
    tracks = tuple(_track(index, looks, arrays["speaking"][index], clip, attributes) for index, looks in enumerate(seen))
    return Faces(clip, tracks, assets.uri("faces.npz"), assets.uri("mp4"), late)


class See(Stage[Clip, Faces]):
    """See who is in every clip."""

    run = staticmethod(see)
    version = 7


@dataclass(slots=True)
class _Shown:
    frame: int
    pts: int
    picture: roles.Picture


class _Watch:
    """Pictures pass; faces are followed. Holds the pictures whose boxes may still change, and no others.

    The detector looks at a picture ``beside``, while those before it are looked at closely.
    """

    def __init__(
        self,
        clip: Clip,
        settings: config.See,
        detector: roles.FaceDetector,
        landmarker: roles.Landmarker,
        expression: roles.ExpressionReader,
        beside: Executor,
    ) -> None:
        self._beside = beside
        self._asked: tuple[int, Future[list[roles.FaceBox]]] | None = None
        self.settings, self.detector, self.landmarker, self.expression = settings, detector, landmarker, expression
        self.frames = round(clip.span.duration / FRAME_MS)
        self.pts = np.zeros(self.frames, np.int64)
        video = clip.film.video
        self.shrink = min(1.0, MOST_PX / video.width)
        self.size = (round(video.width * self.shrink), round(video.height * self.shrink))
        self._shots = deque(_shots(clip.span, clip.shots, self.frames))
        self._every = max(1, round(settings.detect_every_ms / FRAME_MS))
        self._waiting: deque[_Shown] = deque()
        self._looks: list[tuple[Track, Looks]] = []
        self._asks = 0
        self._last_pts: int | None = None
        self._begin()

    def show(self, frame: int, pts: int, picture: roles.Picture) -> None:
        """The next picture."""
        self.pts[frame] = pts
        self._waiting.append(_Shown(frame, pts, picture))
        first, after = self._shots[0]
        if (frame - first) % self._every == 0 or frame == after - 1:
            before, self._asked = self._asked, (frame, self._beside.submit(self._detect, picture, self._width(frame)))
            self._settle(before)
        if frame == after - 1:
            self._settle(self._asked)
            self._look(frame)
            self._asked = None
            self._shots.popleft()
            self._begin()

    def finish(self) -> list[Looks]:
        """What was seen of every face that stayed, first seen first; boxes and landmarks in the source's pixels."""
        kept = [(track, looks) for track, looks in self._looks if self._stays(track)]
        for _, looks in kept:
            looks.enlarge(1 / self.shrink)
        return [looks for _, looks in sorted(kept, key=lambda pair: (pair[0].first, pair[0].faces[0].box))]

    def _begin(self) -> None:
        """A new shot: nobody is the same face across a cut."""
        self._tracker = Tracker(round(BRIDGE_MS / FRAME_MS))
        self._asks = 0
        self._by_track: dict[int, Looks] = {}

    def _settle(self, asked: tuple[int, Future[list[roles.FaceBox]]] | None) -> None:
        if asked is not None:
            frame, faces = asked
            self._tracker.look(frame, faces.result())
            self._look(self._tracker.settled)

    def _width(self, frame: int) -> int:
        """How wide the detector's next picture is: narrower while all faces that are followed stay clear; every third shows who is new."""
        widest, whole = self.settings.detect_width, self._asks % WHOLE_EVERY == 0
        self._asks += 1
        sizes = [size(track.faces[-1]) for track in self._tracker.tracks if frame - track.last <= 2 * self._every]
        if whole or not sizes:
            return widest
        return round(min(1.0, max(NARROWEST, CLEAR_PX * self.size[0] / (widest * min(sizes)))) * widest)

    def _detect(self, picture: roles.Picture, width: int) -> list[roles.FaceBox]:
        scale = min(1.0, width / picture.shape[1])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        faces = self.detector.detect(alignment.brighten(small))
        least = self.settings.min_face_px * self.shrink
        return [face for face in (enlarged(face, 1 / scale) for face in faces) if face.box[3] - face.box[1] >= least]

    def _look(self, settled: int) -> None:
        """Look closely at the faces of every picture up to the settled frame, then let the picture go."""
        while self._waiting and self._waiting[0].frame <= settled:
            shown = self._waiting.popleft()
            again, self._last_pts = shown.pts == self._last_pts, shown.pts
            faces = [(self._looks_of(track), face) for track in self._tracker.tracks if (face := track.at(shown.frame)) is not None]
            new = [(looks, face) for looks, face in faces if not (again and shown.frame - 1 in looks.boxes)]
            found = self._landmarks(shown, new)
            for looks, _ in faces:
                if again and shown.frame - 1 in looks.boxes:
                    looks.repeat(shown.frame)
            for (looks, face), landmarks in zip(new, found, strict=True):
                looks.add(shown.frame, shown.picture, face, landmarks, self.expression)

    def _looks_of(self, track: Track) -> Looks:
        if id(track) not in self._by_track:
            self._by_track[id(track)] = Looks()
            self._looks.append((track, self._by_track[id(track)]))
        return self._by_track[id(track)]

    def _landmarks(self, shown: _Shown, faces: list[tuple[Looks, roles.FaceBox]]) -> list[roles.Landmarks | None]:
        parts = [around(shown.picture, face.box, REACH) for _, face in faces]
        times = [max(1, min(part.shape[:2]) // CLOSE_PX) for part, _, _ in parts]
        places = [(by, left, top) for by, (_, left, top) in zip(times, parts, strict=True)]
        before = [looks.landmarks.get(shown.frame - 1) for looks, _ in faces]
        found = self.landmarker.landmarks(
            [alignment.brighten(smaller(part, by)) for (part, _, _), by in zip(parts, times, strict=True)],
            [known and in_crop(known, *place) for known, place in zip(before, places, strict=True)],
        )
        placed = [landmarks and shifted(landmarks, *place) for landmarks, place in zip(found, places, strict=True)]
        return [landmarks if landmarks and _belongs(landmarks, face) else None for landmarks, (_, face) in zip(placed, faces, strict=True)]

    def _stays(self, track: Track) -> bool:
        return (track.last - track.first + 1) * FRAME_MS >= self.settings.min_track_ms and max(
            f.score for f in track.faces
        ) >= self.settings.min_score


def _shots(span: Span, shots: tuple[Span, ...], frames: int) -> Iterator[tuple[int, int]]:
    """The clip's shots as frames ``[first, after)``; they tile the clip. A frame belongs to the shot of the picture it shows."""
    cuts = {max(0, -(-(shot.start - span.start - FRAME_MS // 2 + 1) // FRAME_MS)) for shot in shots if shot.start > span.start}
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < frames), frames]
    yield from pairwise(edges)


def _belongs(landmarks: roles.Landmarks, face: roles.FaceBox) -> bool:
    """Whether landmarks are of this face and not of a neighbour's in the same crop."""
    x0, y0, x1, y1 = face.box
    x, y = landmarks.points[:, :2].mean(axis=0)
    return bool(max(abs(x - (x0 + x1) / 2), abs(y - (y0 + y1) / 2)) < size(face) / 2)


def shifted(landmarks: roles.Landmarks, times: int, left: int, top: int) -> roles.Landmarks:
    """The landmarks of a crop that was made so many ``times`` smaller, in the picture that it was cut from."""
    return roles.Landmarks(landmarks.points * np.float32(times) + np.array([left, top, 0], np.float32), landmarks.blendshapes)


def in_crop(landmarks: roles.Landmarks, times: int, left: int, top: int) -> roles.Landmarks:
    """The landmarks of a picture in a crop of it: the reverse of ``shifted``."""
    return roles.Landmarks((landmarks.points - np.array([left, top, 0], np.float32)) / np.float32(times), landmarks.blendshapes)


def _arrays(seen: list[Looks], pts: np.ndarray, encoder: roles.FaceEncoder) -> dict[str, np.ndarray]:
    """The arrays that ``schemas.Faces`` documents, but for what sound tells."""
    faces, frames = len(seen), len(pts)
    arrays = {
        "pts_ms": pts,
        "track": np.zeros((faces, frames), bool),
        "box": np.zeros((faces, frames, 4), np.float32),
        "landmarks": np.zeros((faces, frames, 478, 3), np.float32),
        "blendshapes": np.zeros((faces, frames, 52), np.float32),
        "embedding": np.zeros((faces, encoder.size), np.float32),
        "crops": np.zeros((faces, frames, lips.CROP, lips.CROP), np.uint8),
        "points": np.zeros((faces, frames, len(lips.LIPS), 2), np.float32),
        "aperture": np.zeros((faces, frames), np.float32),
    }
    for n, looks in enumerate(seen):
        for frame, face in looks.boxes.items():
            arrays["track"][n, frame], arrays["box"][n, frame] = True, face.box
        for frame, landmarks in looks.landmarks.items():
            # 1/32 of a pixel: finer than any landmarker, and half the bytes once compressed.
            arrays["landmarks"][n, frame] = np.round(landmarks.points * 32) / 32
            arrays["blendshapes"][n, frame] = landmarks.blendshapes
            arrays["crops"][n, frame] = looks.crops[frame]
            arrays["points"][n, frame] = lips.normalised(landmarks.points)
            arrays["aperture"][n, frame] = lips.aperture(landmarks.points)
        vectors = [encoder.encode(view.picture, view.face) for view in looks.views]
        arrays["embedding"][n] = mean_vector(vectors, [view.worth for view in looks.views], encoder.size)
    return arrays


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """As NumPy's ``savez_compressed``, at the level that costs a third of its time: these are read by stages, records have their own."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def _track(index: int, looks: Looks, scores: np.ndarray, clip: Clip, attributes: roles.AttributeReader) -> FaceTrack:
    frames, faces = list(looks.boxes), list(looks.boxes.values())
    guesses = np.array([attributes.read(alignment.chip(view.picture, view.face.points, 150)) for view in looks.views if len(view.face.points) == 5])
    labels = {label for emotions in looks.emotions for label in emotions}
    return FaceTrack(
        index,
        film_span(clip, frames[0], frames[-1] + 1),
        float(np.median([face.box[3] - face.box[1] for face in faces])),
        float(np.mean([face.score for face in faces])),
        float(guesses[:, 0].mean()) if len(guesses) else None,
        float(guesses[:, 1].mean()) if len(guesses) else None,
        {label: float(np.mean([emotions.get(label, 0.0) for emotions in looks.emotions])) for label in sorted(labels)},
        spoken(clip, scores),
    )

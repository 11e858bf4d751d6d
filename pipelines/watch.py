"""Who is seen in a silent clip, and whose mouth says which line: the build's own stages, on windows cut where nobody speaks."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from cinedub import config, media, sound, speaking, storage
from cinedub.errors import UsageError
from model.order import LONGEST_MS, Said, Shown
from schemas import AudioStream, Clip, Film, Language, Reel, Shots, Span, Stems
from transforms.detect_shots import DetectShots
from transforms.probe import video_of
from transforms.see import FRAME_MS, See
from transforms.stage import at_once

#: A mouth must move in at least this share of the frames of somebody's lines in which it is seen.
_MOVES = 0.3
_ARRAYS = ("pts_ms", "track", "blendshapes", "points", "aperture", "landmarks", "embedding")


@dataclass(frozen=True)
class VideoFaces:
    """The faces of a video, window by window: each is looked at when a line falls into it, and remembered in the stage cache."""

    film: Film
    lines: tuple[Said, ...]
    settings: config.Settings

    def of(self, line: Said) -> Shown | None:
        """The face whose mouth moves during the speaker's lines."""
        span = next((span for span in self.windows if span.start <= line.start_ms and line.end_ms <= span.end), None)
        if span is None or not line.on_screen:
            return None
        arrays, tracks = _look(self, span)
        rows = tracks.get(line.speaker, [])
        return Shown(arrays, rows, span.start) if rows else None

    @property
    def windows(self) -> tuple[Span, ...]:
        """Stretches of the video, none longer than a line may be, that no line crosses where that can be had."""
        return windows(self.lines, self.film.duration)

    def __hash__(self) -> int:
        return hash((self.film.id, self.lines))


def of_video(path: Path, duration_ms: int, language: Language, lines: Sequence[Said], settings: config.Settings) -> VideoFaces:
    """The faces of a video file, with or without sound.

    Raises:
        UsageError: no file. MediaError: PROBE_UNREADABLE, PROBE_NO_VIDEO.
    """
    try:
        digest = storage.content_digest(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    unheard = AudioStream(0, "none", 48_000, 1)  # no stage that looks at pictures asks for it
    film = Film(digest[:16], digest, str(path), path.stem, None, language, video_of(path, media.probe(path)), unheard, duration_ms)
    return VideoFaces(film, tuple(lines), settings)


def windows(lines: Sequence[Said], duration_ms: int, longest_ms: int = LONGEST_MS) -> tuple[Span, ...]:
    """Windows that tile the clip, cut in the longest pause that keeps each within ``longest_ms``; without a pause, hard."""
    found, start = [], 0
    while duration_ms - start > longest_ms:
        edges = sorted((line.start_ms, line.end_ms) for line in lines if line.end_ms > start)
        pauses, free = [], start
        for begin, end in edges:
            if begin > free:
                pauses.append((free, min(begin, start + longest_ms)))
            free = max(free, end)
        pauses.append((free, duration_ms))
        usable = [(first, min(last, start + longest_ms)) for first, last in pauses if start < first < start + longest_ms]
        first, last = max(usable, key=lambda pause: (pause[1] - pause[0], pause[0]), default=(start + longest_ms, start + longest_ms))
        cut = max(start + 1, (first + last) // 2 // FRAME_MS * FRAME_MS)
        found.append(Span(start, cut))
        start = cut
    return (*found, Span(start, duration_ms))


@functools.lru_cache(maxsize=2)
def _look(faces: VideoFaces, span: Span) -> tuple[dict[str, np.ndarray], dict[str, list[int]]]:
    reel = Reel(faces.film, span, span)
    (shots,) = at_once(DetectShots, faces.settings.shots, reel)
    stems = Stems(Shots(reel, shots.spans), "", _silence(), "")
    (seen,) = at_once(See, faces.settings.see, Clip(stems, span, span, (), shots.spans))
    with np.load(storage.resolve(seen.arrays), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
    lines = [line for line in faces.lines if span.start <= line.start_ms < span.end]
    return arrays, speakers(arrays, lines, span.start, faces.settings.recognise.face_distance)


def _silence() -> str:
    """A sound in which nobody speaks, for a clip that has none."""
    place = storage.address("silence")
    with storage.Assets("Dub", place) as assets:
        sound.write(assets.path("silence.flac"), [np.zeros((1, 480), np.float32)], 48_000)
        assets.publish()
        return assets.uri("silence.flac")


def speakers(arrays: dict[str, np.ndarray], lines: Sequence[Said], zero_ms: int, same: float) -> dict[str, list[int]]:
    """Each speaker's rows in the face arrays: the person whose mouth moves during their lines and rests during the others'.

    Rows whose vectors lie within ``same`` (cosine distance) are one person; a speaker has one person at most, and a person one speaker.
    """
    names = list(dict.fromkeys(line.speaker for line in lines))
    persons = people(arrays["embedding"], same)
    if not names or not persons:
        return {}
    known = arrays["landmarks"].any(axis=(2, 3)) & arrays["track"]
    frames = known.shape[1]
    during = np.zeros((len(names), frames), bool)
    for line in lines:
        during[names.index(line.speaker), (line.start_ms - zero_ms) // FRAME_MS : -(-(line.end_ms - zero_ms) // FRAME_MS)] = True
    seen = np.stack([known[rows].any(axis=0) for rows in persons])
    moves = np.stack([np.any([speaking.moving(arrays["aperture"][row], known[row]) for row in rows], axis=0) for rows in persons])
    own = (during[:, None] & moves[None]).sum(axis=2)
    others = ((during.any(axis=0) & ~during)[:, None] & moves[None]).sum(axis=2)
    enough = own >= _MOVES * np.maximum((during[:, None] & seen[None]).sum(axis=2), 1)
    worth = np.where(enough, own - 0.5 * others, 0.0)
    pairs = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return {names[name]: persons[person] for name, person in pairs if worth[name, person] > 0}


def people(vectors: Float[np.ndarray, "rows embedding"], same: float) -> list[list[int]]:
    """Rows by person, in order: each joins the first person it is like. A face without a vector is nobody else's."""
    found: list[list[int]] = []
    for row, vector in enumerate(vectors):
        mine = next((rows for rows in found if vector.any() and vectors[rows[0]].any() and 1 - float(vectors[rows[0]] @ vector) < same), None)
        if mine is None:
            found.append([row])
        else:
            mine.append(row)
    return found

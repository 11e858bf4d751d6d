"""Small media for the page: a clip's picture and sounds at low rates, a still, a face. Made once, then kept in the stage cache."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from cinedub import media, storage
from cinedub.dataset import Dataset, Row
from schemas import Span

SOUNDS = ("vocals", "background", "mix")
#: Heights in pixels of pictures, and how much of a face's size is shown around it.
_PICTURE, _STILL, _FACE, _AROUND = 272, 108, 128, 0.35


def picture(dataset: Dataset, row: Row) -> bytes:
    """The clip's picture as a small MP4.

    Raises:
        MediaError: the clip's media can't be read (so do the others).
    """
    settings = {"vcodec": "libx264", "crf": 31, "preset": "veryfast", "pix_fmt": "yuv420p", "movflags": "+faststart", "threads": 2}

    def smaller(clip: Any) -> Any:
        return clip.video.filter("scale", -2, f"min({_PICTURE},ih)", flags="fast_bilinear")

    return _made(dataset, row, "mp4", "picture.mp4", "", smaller, settings)


def sound(dataset: Dataset, row: Row, name: str, span: Span | None = None) -> bytes:
    """One of ``SOUNDS`` as mono Opus in WebM: all of it, or ``span`` (ms from the clip's start)."""
    part = {"start": span.start / 1000, "end": span.end / 1000} if span else {"start": 0}
    about = f"{span.start}-{span.end}" if span else ""

    def cut(clip: Any) -> Any:
        return clip.audio.filter("atrim", **part).filter("asetpts", "PTS-STARTPTS")

    return _made(dataset, row, f"{name}.flac", "sound.webm", about, cut, _OPUS)


def still(dataset: Dataset, row: Row) -> bytes:
    """The picture in the middle of the clip, as JPEG."""
    middle = (row["end_ms"] - row["start_ms"]) // 2
    return _made(dataset, row, "mp4", "still.jpg", "", lambda clip: clip.video.filter("scale", -2, f"min({_STILL},ih)"), _JPEG, middle)


def face(dataset: Dataset, row: Row, at_ms: int, box: Sequence[float]) -> bytes:
    """The face in ``box`` (x0, y0, x1, y1 in pixels) at a moment of the clip, square, as JPEG."""
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0, 8) * (1 + _AROUND)
    size = f"min({side:.0f},min(iw,ih))"
    corner = [f"max(0,min({(low + high - side) / 2:.0f},{edge}-{size}))" for low, high, edge in ((x0, x1, "iw"), (y0, y1, "ih"))]

    about = f"{at_ms}:{list(box)}"
    return _made(dataset, row, "mp4", "face.jpg", about, lambda clip: clip.video.filter("crop", size, size, *corner).filter("scale", _FACE, _FACE),
        _JPEG, at_ms)  # fmt: skip


_OPUS = {"acodec": "libopus", "ac": 1, "audio_bitrate": "32k", "compression_level": 5}
_JPEG = {"vframes": 1, "vcodec": "mjpeg", "qscale:v": 4, "pix_fmt": "yuvj420p"}


def _made(
    dataset: Dataset, row: Row, member: str, name: str, about: str, cut: Callable[[Any], Any], settings: dict[str, Any], at_ms: int = 0
) -> bytes:
    """A file called ``name`` that ffmpeg makes of a member from ``at_ms`` on, from the cache where it is there."""
    data = dataset.member(row, member)
    place = storage.address("2", name, about, hashlib.sha256(data).digest())
    with storage.Assets("Preview", place) as assets:
        if not (assets.folder / name).is_file():
            with tempfile.NamedTemporaryFile(suffix=f".{member}") as source:
                source.write(data)
                source.flush()
                quick = {"skip_loop_filter": "all"} if name == "picture.mp4" else {}  # what it smooths is not seen at this size
                graph = cut(ffmpeg.input(source.name, ss=f"{at_ms / 1000:.3f}", **quick)).output(
                    str(assets.path(name)), map_metadata=-1, fflags="+bitexact", **settings
                )
                length = Span(0, row["end_ms"] - row["start_ms"])
                media.run(ffmpeg.compile(graph, overwrite_output=True)[1:], media.deadline(length), "ENCODE_PREVIEW", Path(f"{row['key']}.{member}"))
            assets.publish()
        return (assets.folder / name).read_bytes()

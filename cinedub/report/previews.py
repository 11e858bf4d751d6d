"""Small media for the page: a clip's picture and sounds at low rates, a still, a face. Made once, then kept in the stage cache."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from cinedub import media, storage
from cinedub.dataset import Dataset, Row
from schemas import Span

PICTURE, SOUNDS = "mp4", ("vocals", "background", "mix")
#: Heights in pixels of pictures, and how much of a face's size is shown around it.
_PICTURE, _STILL, _FACE, _AROUND = 272, 108, 128, 0.35


def clip(dataset: Dataset, row: Row, small: bool) -> dict[str, bytes]:
    """What is to be seen and heard of a clip, by ``PICTURE``, ``SOUNDS`` and ``still``: its picture as a ``small`` MP4 or as the record has it, its
    sounds as mono Opus in WebM, the picture in its middle as JPEG; of a record without a picture, or a sound, the others.

    Raises:
        MediaError: the clip's media can't be read (so do the others).
    """
    there = [name for name in (PICTURE, *SOUNDS) if row[f"{_member(name)}_bytes"] is not None]
    members = {name: dataset.member(row, _member(name)) for name in there}

    def outputs(sources: dict[str, Path], place: Callable[[str], Path]) -> Iterator[Any]:
        if PICTURE in sources:
            yield _still(_input(sources[PICTURE], _middle(row)), place("still"))
        if PICTURE in sources and small:
            # What the loop filter smooths is not seen at this size.
            shown = _input(sources[PICTURE], skip_loop_filter="all").video.filter("scale", -2, f"min({_PICTURE},ih)", flags="fast_bilinear")
            yield _out(shown, place(PICTURE), _H264)
        for name in SOUNDS:
            if name in sources:
                yield _out(_input(sources[name]).audio, place(name), _OPUS)

    found = _made(row, members, "clip", f"{small}", outputs)
    return found if small or PICTURE not in members else found | {PICTURE: members[PICTURE]}


def still(dataset: Dataset, row: Row) -> bytes:
    """The picture in the middle of the clip, as JPEG."""
    members = {PICTURE: dataset.member(row, PICTURE)}
    return _made(row, members, "still", "", lambda sources, place: [_still(_input(sources[PICTURE], _middle(row)), place("still"))])["still"]


def sound(dataset: Dataset, row: Row, name: str, span: Span) -> bytes:
    """``span`` (ms from the clip's start) of one of ``SOUNDS`` as mono Opus in WebM."""

    def outputs(sources: dict[str, Path], place: Callable[[str], Path]) -> Iterator[Any]:
        part = _input(sources[name]).audio.filter("atrim", start=span.start / 1000, end=span.end / 1000).filter("asetpts", "PTS-STARTPTS")
        yield _out(part, place(name), _OPUS)

    return _made(row, {name: dataset.member(row, _member(name))}, "sound", f"{span.start}-{span.end}", outputs)[name]


def face(dataset: Dataset, row: Row, at_ms: int, box: Sequence[float]) -> bytes:
    """The face in ``box`` (x0, y0, x1, y1 in pixels) at a moment of the clip, square, as JPEG."""
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0, 8) * (1 + _AROUND)
    size = f"min({side:.0f},min(iw,ih))"
    corner = [f"max(0,min({(low + high - side) / 2:.0f},{edge}-{size}))" for low, high, edge in ((x0, x1, "iw"), (y0, y1, "ih"))]

    def outputs(sources: dict[str, Path], place: Callable[[str], Path]) -> Iterator[Any]:
        cut = _input(sources[PICTURE], at_ms).video.filter("crop", size, size, *corner).filter("scale", _FACE, _FACE)
        yield _out(cut, place("face"), _JPEG)

    return _made(row, {PICTURE: dataset.member(row, PICTURE)}, "face", f"{at_ms}:{list(box)}", outputs)["face"]


_H264 = {"vcodec": "libx264", "crf": 31, "preset": "veryfast", "pix_fmt": "yuv420p", "movflags": "+faststart", "threads": 2, "format": "mp4"}
_OPUS = {"acodec": "libopus", "ac": 1, "audio_bitrate": "32k", "compression_level": 5, "format": "webm"}
_JPEG = {"vframes": 1, "vcodec": "mjpeg", "qscale:v": 4, "pix_fmt": "yuvj420p", "format": "image2", "update": 1}


def _member(name: str) -> str:
    return name if name == PICTURE else f"{name}.flac"


def _middle(row: Row) -> int:
    return int(row["end_ms"] - row["start_ms"]) // 2


def _input(source: Path, at_ms: int = 0, **how: Any) -> Any:
    return ffmpeg.input(str(source), **({"ss": f"{at_ms / 1000:.3f}"} if at_ms else {}), **how)


def _still(clip: Any, target: Path) -> Any:
    return _out(clip.video.filter("scale", -2, f"min({_STILL},ih)"), target, _JPEG)


def _out(stream: Any, target: Path, settings: dict[str, Any]) -> Any:
    return stream.output(str(target), map_metadata=-1, fflags="+bitexact", **settings)


_Outputs = Callable[[dict[str, Path], Callable[[str], Path]], Iterable[Any]]


def _made(row: Row, members: dict[str, bytes], what: str, about: str, outputs: _Outputs) -> dict[str, bytes]:
    """What one run of ffmpeg makes of a record's members, by name, from the cache where it is there."""
    place = storage.address("3", what, about, *(hashlib.sha256(data).digest() for data in members.values()))
    with storage.Assets("Preview", place) as assets:
        if not assets.there():
            with tempfile.TemporaryDirectory() as folder:
                sources = {name: Path(folder) / name for name in members}
                for name, path in sources.items():
                    path.write_bytes(members[name])
                if graphs := list(outputs(sources, assets.path)):
                    length = Span(0, row["end_ms"] - row["start_ms"])
                    command = ffmpeg.compile(ffmpeg.merge_outputs(*graphs), overwrite_output=True)[1:]
                    media.run(command, media.deadline(length), "ENCODE_PREVIEW", Path(row["key"]))
            assets.publish()
        return {path.name: path.read_bytes() for path in assets.folder.iterdir()}

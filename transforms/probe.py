"""Accept a film, or say why not, before anything else is decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cinedub import config, media, storage
from cinedub.backends.roles import Recogniser
from cinedub.errors import Killed, MediaError
from schemas import AudioStream, Film, Language, Source, Span, VideoStream
from transforms.stage import Stage, identity

T = TypeVar("T")
#: Sound and pictures may both end so long before a film does: titles, and lengths that are rounded.
_TAIL_MS = 1500
_HEARD_AT = (0.2, 0.4, 0.6, 0.8)


def probe(source: Source, config: config.Probe, assets: storage.Assets, recogniser: Recogniser) -> Film:
    """The film behind a source, with its streams measured, its ends decoded and its language known.

    Raises:
        MediaError: PROBE_MISSING, PROBE_EMPTY, PROBE_UNREADABLE, PROBE_NO_VIDEO, PROBE_NO_AUDIO, PROBE_TOO_SHORT, PROBE_TOO_LONG,
            PROBE_TOO_LARGE, PROBE_TRUNCATED or PROBE_TIMEOUT.
    """
    path = _path(source)
    found = media.probe(path, config.timeout_s)
    video, audio = video_of(path, found, config.max_pixels), _audio(path, found)
    duration = _duration(path, found)
    if duration < config.min_ms:
        raise MediaError("PROBE_TOO_SHORT", f"{path.name}: lasts {duration} ms, at least {config.min_ms} ms are wanted (probe.min_ms)")
    if duration > config.max_hours * 3_600_000:
        raise MediaError(
            "PROBE_TOO_LONG", f"{path.name}: claims {duration / 3_600_000:.1f} h, at most {config.max_hours} h are taken (probe.max_hours)"
        )
    _decode_ends(path, duration)
    language = source.language or _language(path, duration, recogniser)
    sha256 = storage.content_digest(path)
    return Film(sha256[:16], sha256, source.uri, source.title or path.stem, source.series, language, video, audio, duration)


class Probe(Stage[Source, Film]):
    """Look at every source and accept it as a film."""

    run = staticmethod(probe)

    @staticmethod
    def key(element: Source) -> bytes:
        """A source is its content and what the manifest says of it, wherever it lies."""
        return identity(element) + storage.content_digest(_path(element)).encode()


def _path(source: Source) -> Path:
    path = storage.resolve(source.uri)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise MediaError("PROBE_MISSING", f"{path}: {error.strerror}; check the path and its permissions") from error
    if size == 0:
        raise MediaError("PROBE_EMPTY", f"{path.name}: the file is empty; copy it again")
    return path


def _streams(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    cover = ("attached_pic", "timed_thumbnails")
    return [s for s in found.get("streams", []) if s.get("codec_type") == kind and not any(s.get("disposition", {}).get(flag) for flag in cover)]


def video_of(path: Path, found: dict[str, Any], most_px: int = 36_000_000) -> VideoStream:
    """The picture that ffprobe found.

    Raises:
        MediaError: PROBE_NO_VIDEO, or PROBE_TOO_LARGE for more than ``most_px`` pixels.
    """
    for stream in _streams(found, "video"):
        rates = [
            rate for rate in (stream.get("avg_frame_rate"), stream.get("r_frame_rate")) if rate and not rate.startswith("0/") and "/0" not in rate
        ]
        width, height = int(stream.get("width") or 0), int(stream.get("height") or 0)
        if rates and width and height:
            if width * height > most_px:
                raise MediaError(
                    "PROBE_TOO_LARGE", f"{path.name}: claims {width} by {height} pixels, at most {most_px} in all are taken (probe.max_pixels)"
                )
            turned = any(abs(int(side.get("rotation", 0))) % 180 == 90 for side in stream.get("side_data_list", []))
            size = (height, width) if turned else (width, height)
            return VideoStream(int(stream["index"]), str(stream.get("codec_name", "?")), *size, str(Fraction(rates[0])))
    raise MediaError("PROBE_NO_VIDEO", f"{path.name}: no video stream; a film needs pictures and sound")


def _audio(path: Path, found: dict[str, Any]) -> AudioStream:
    for stream in _streams(found, "audio"):
        if int(stream.get("sample_rate") or 0) and int(stream.get("channels") or 0):
            return AudioStream(int(stream["index"]), str(stream.get("codec_name", "?")), int(stream["sample_rate"]), int(stream["channels"]))
    raise MediaError("PROBE_NO_AUDIO", f"{path.name}: no audio stream; a film needs pictures and sound")


def _duration(path: Path, found: dict[str, Any]) -> int:
    lengths = [found.get("format", {}).get("duration"), *(stream.get("duration") for stream in found.get("streams", []))]
    for length in lengths:
        try:
            ms = round(float(length) * 1000)
        except (TypeError, ValueError):
            continue
        if ms > 0:
            return ms
    raise MediaError("PROBE_UNREADABLE", f"{path.name}: says nothing of its duration; remux it (ffmpeg -i IN -c copy OUT.mkv)")


def _decode_ends(path: Path, duration: int) -> None:
    """The first and the last seconds must give pictures and sound, or the file was cut short."""
    for span in (Span(0, min(1000, duration)), Span(max(0, duration - 3000), duration)):
        try:
            seen = [pts for pts, _ in media.pictures(path, span, (32, 32))]
            heard = sum(block.shape[1] for block in media.sound(path, span, 8000, 1, strict=True))
        except Killed:
            raise
        except MediaError as error:
            raise MediaError(
                "PROBE_TRUNCATED", f"{path.name}: can't be decoded at {span.start / 1000:.0f} s ({error}); copy it again or remux it"
            ) from error
        reached = max([*seen, span.start + heard // 8])
        if not seen or not heard or reached < span.end - _TAIL_MS:
            what = "pictures" if not seen else "sound" if not heard else f"pictures or sound after {reached / 1000:.1f} s, looked for"
            raise MediaError("PROBE_TRUNCATED", f"{path.name}: no {what} at {span.start / 1000:.0f} s of {duration / 1000:.0f} s; copy it again")


def _language(path: Path, duration: int, recogniser: Recogniser) -> Language:
    """The language that is likeliest over a few windows, louder ones counting more."""
    windows = []
    for place in _HEARD_AT if duration > 60_000 else (0.0,):
        span = Span(int(place * duration), min(duration, int(place * duration) + 30_000))
        sound = np.concatenate([block[0] for block in media.sound(path, span, 16_000, 1)])
        windows.append((float(np.sqrt(np.mean(sound**2))), sound))
    return likeliest(windows, recogniser.language)


def likeliest(windows: Sequence[tuple[float, T]], listen: Callable[[T], Mapping[Language, float]]) -> Language:
    """The language with the largest sum of probabilities, each weighed; English where nothing speaks for any. Windows are ``(weight, sound)``;
    the weightiest are listened to first, and no more of them than can change the answer."""
    total: dict[Language, float] = {"en": 1e-9, "zh": 0.0}
    left = sum(weight for weight, _ in windows)
    for weight, sound in sorted(windows, key=lambda window: -window[0]):
        for language, probability in listen(sound).items():
            total[language] += weight * probability
        left -= weight
        if abs(total["en"] - total["zh"]) > left:
            break
    return max(total, key=lambda language: total[language])

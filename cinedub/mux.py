"""Speech back to a film: mixed over its background, written with the picture as it was, beside the original sound."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from cinedub import media
from cinedub.errors import UsageError
from schemas import Language, Span

RATE = 48_000
#: What an MP4 may hold as it is.
_PICTURES = {"h264", "hevc", "av1", "mpeg4", "vp9"}
_SOUNDS = {"aac", "ac3", "eac3", "mp3", "alac", "opus", "flac"}
#: ISO 639-2, as players know them.
_TONGUES: dict[Language, str] = {"en": "eng", "zh": "zho"}
#: Peaks stay 1 dB below full scale, as EBU R128 asks (of samples: what lies between them is not looked at).
_PEAK = 10 ** (-1 / 20)

#: A mono voice is heard from both sides as loud as it is: ffmpeg's own way would take 3 dB off each.
_BOTH = "pan=stereo|c0=c0|c1=c0"


@dataclass(frozen=True, slots=True)
class Tongue:
    """A sound track's language."""

    language: Language
    title: str


def write_wav(path: Path, blocks: Iterable[np.ndarray], rate: int) -> None:
    """Mono blocks as 16-bit WAV, whole or not at all.

    Raises:
        UsageError: it can't be written.
    """
    with _beside(path) as target:
        try:
            with soundfile.SoundFile(target, "w", rate, 1, "PCM_16", format="WAV") as file:
                for block in blocks:
                    file.write(block)
        except (OSError, soundfile.SoundFileError) as error:
            raise UsageError(f"{path}: can't be written ({error})") from error


def write_mp4(
    path: Path, video: Path, speech: Path, duration_ms: int, dub: Tongue, background: Path | None = None, gain: float = 0.0,
    original: Tongue | None = None,
) -> None:  # fmt: skip
    """The picture of ``video`` with ``speech`` (``gain`` dB louder) over ``background`` as its first sound track, exactly ``duration_ms`` long.

    With ``original`` the video's own sound is the second track. Pictures are copied where an MP4 may hold them.

    Raises:
        UsageError: no picture in ``video``.
        MediaError: MUX, DECODE_TIMEOUT, PROBE_UNREADABLE.
    """
    streams = media.probe(video)["streams"]
    picture = next((s for s in streams if s["codec_type"] == "video"), None)
    if picture is None:
        raise UsageError(f"{video}: no picture in it; name a .wav to write speech alone")
    own = next((s for s in streams if s["codec_type"] == "audio"), None) if original else None
    seconds = duration_ms / 1000
    loud = f"[1:a]volume={gain:.2f}dB,aresample={RATE},{_BOTH}"
    wide = "aformat=channel_layouts=stereo" if background and soundfile.info(background).channels > 1 else _BOTH
    level = f"alimiter=limit={_PEAK:.4f}:level=disabled,apad,atrim=end={seconds:.3f}[dub]"
    mixed = f"{loud}[s];[2:a]aresample={RATE},{wide}[b];[s][b]amix=inputs=2:duration=longest:normalize=0,{level}"
    arguments = [*media.opened(video), *media.opened(speech), *(media.opened(background) if background else [])]
    arguments += ["-filter_complex", mixed if background else f"{loud},{level}", "-map", f"0:{picture['index']}", "-map", "[dub]"]
    arguments += ["-c:v", "copy"] if picture["codec_name"] in _PICTURES else ["-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p"]
    arguments += ["-c:a:0", "aac", "-b:a:0", "192k", *_tagged(0, dub), "-disposition:a:0", "default"]
    if own and original:
        arguments += ["-map", f"0:{own['index']}", "-c:a:1", "copy" if own["codec_name"] in _SOUNDS else "aac"]
        arguments += [*_tagged(1, original), "-disposition:a:1", "0"]
    with _beside(path) as target:
        arguments += ["-movflags", "+faststart", "-f", "mp4", "-y", str(target)]
        media.run(arguments, 4 * media.deadline(Span(0, duration_ms)), "MUX", path)


def _tagged(track: int, tongue: Tongue) -> list[str]:
    return [f"-metadata:s:a:{track}", f"language={_TONGUES[tongue.language]}", f"-metadata:s:a:{track}", f"title={tongue.title}"]


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its name once it is whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: can't be written ({error.strerror})") from error
    target = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield target
        target.replace(path)
    finally:
        target.unlink(missing_ok=True)

"""ffmpeg and ffprobe as functions with deadlines; sound and pictures as bounded streams on the film's clock.

The film's clock starts at the container's start time. A frame's time is its PTS. Decoding runs in a process of its own, in a process
group that is killed when its deadline passes. Only plain files are opened: no playlists, no network protocols.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import ffmpeg
import numpy as np

from cinedub.errors import Killed, MediaError
from schemas import Span

T = TypeVar("T")
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,mxf_opatom,nut,rm,dv,ivf,h264,hevc,"
    "wav,flac,mp3,aac,ac3,w64,aiff,caf"
)
#: A picture of a film, however slow, is rarely shown longer.
_LEAD_MS = 320
_NEAR_START_MS = 1000
#: Bytes that ffmpeg may be ahead of its reader by: a picture of 720p is 2.8 MB, and Linux gives 64 kB unasked.
_PIPE = 1 << 20
_SAFE = {"protocol_whitelist": "file,pipe", "format_whitelist": FORMATS}
#: Only the filter's own lines: what a film says of itself is printed indented.
_SHOWN = re.compile(rb"\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] n:.*?pts_time:\s*(-?[0-9.]+)")


def opened(path: Path) -> list[str]:
    """The arguments that open a plain file, and nothing that it may point to."""
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS, "-i", f"file:{path}"]


def probe(path: Path, timeout_s: float = 60.0) -> dict[str, Any]:
    """ffprobe's account of a file: ``format`` and ``streams``.

    Raises:
        MediaError: PROBE_TIMEOUT, or PROBE_UNREADABLE with ffprobe's reason.
    """
    command = ["ffprobe", "-v", "error", "-print_format", "json", "-show_format", "-show_streams", *opened(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_s, start_new_session=True, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise MediaError("PROBE_TIMEOUT", f"{path.name}: ffprobe gave no answer in {timeout_s:.0f} s") from error
    _check_alive(done.returncode, path)
    if done.returncode:
        raise MediaError("PROBE_UNREADABLE", f"{path.name}: not a film that ffmpeg can read: {_last_line(done.stderr)}")
    return dict(json.loads(done.stdout or b"{}"))


def sound(path: Path, span: Span, rate: int, channels: int, block_s: float = 10.0, strict: bool = False) -> Iterator[np.ndarray]:
    """The film's first sound track over ``span`` as float32 blocks (channels, samples) at ``rate`` Hz.

    Gaps and late starts are filled with silence, so that sample 0 is at ``span.start``; the total is exactly the span's length,
    unless ``strict``: then only what the file holds is given.

    Raises:
        MediaError: DECODE_AUDIO or DECODE_TIMEOUT.
    """
    # first_pts counts samples of the source; from the span's start on, that is 0 at any rate.
    graph = _source(path, span).audio.filter("asetpts", f"PTS-{span.start / 1000:.3f}/TB").filter("aresample", rate, **{"async": 1, "first_pts": 0})
    graph = graph.output("pipe:", format="f32le", acodec="pcm_f32le", ac=channels, ar=rate)
    wanted, given, block = _samples(span.duration, rate), 0, int(block_s * rate)
    with _decoder(graph, deadline(span), "DECODE_AUDIO", path) as (out, _):
        while given < wanted:
            data = _read(out, min(block, wanted - given) * channels * 4)
            if not data:
                break
            part = np.frombuffer(data[: len(data) // (4 * channels) * 4 * channels], "<f4").reshape(-1, channels).T
            given += part.shape[1]
            yield np.ascontiguousarray(part)
    while given < wanted and not strict:  # the sound track ends before the picture
        part = np.zeros((channels, min(block, wanted - given)), np.float32)
        given += part.shape[1]
        yield part


def pictures(path: Path, span: Span, size: tuple[int, int]) -> Generator[tuple[int, np.ndarray], None, None]:
    """Every frame over ``span`` with its presentation time in ms: uint8 RGB (height, width, 3), scaled to ``size`` (width, height).

    Raises:
        MediaError: DECODE_VIDEO or DECODE_TIMEOUT.
    """
    yield from _shown(_raw(_source(path, span).video, size), path, span, size, deadline(span))


def filmed(path: Path, span: Span, size: tuple[int, int], target: Path) -> Generator[tuple[int, np.ndarray], None, None]:
    """What ``pictures`` gives, from ``lead_in`` on, and when the last was taken a copy in ``target``: both from one decoding.

    The copy is silent H.264 at a constant 25 frames a second, exactly ``round(duration / 40)`` frames: what ``on_grid`` makes of the pictures.

    Raises:
        MediaError: DECODE_VIDEO or DECODE_TIMEOUT.
    """
    heard = lead_in(span)
    both = _source(path, heard).video.filter_multi_output("split", 2)
    shown = _raw(both.stream(0).filter("trim", end=f"{span.end / 1000:.3f}"), size)
    graph = ffmpeg.merge_outputs(shown, _copy(both.stream(1), span, target)).global_args("-y")
    yield from _shown(graph, path, heard, size, 2 * deadline(span))


def _raw(video: Any, size: tuple[int, int]) -> Any:
    graph = video.filter("scale", *size, flags="bilinear").filter("showinfo", checksum=0)
    return graph.output("pipe:", format="rawvideo", pix_fmt="rgb24", vsync="passthrough")


def _shown(graph: Any, path: Path, span: Span, size: tuple[int, int], timeout_s: float) -> Generator[tuple[int, np.ndarray], None, None]:
    width, height = size
    bytes_each = width * height * 3
    with _decoder(graph, timeout_s, "DECODE_VIDEO", path) as (out, times):
        while len(data := _read(out, bytes_each)) == bytes_each:
            pts = round(times.next() * 1000)
            if span.start <= pts < span.end:  # ffmpeg counts the length from the first picture, not from the span's start
                yield pts, np.frombuffer(data, np.uint8).reshape(height, width, 3)


def ahead(given: Generator[T, None, None], depth: int = 3) -> Iterator[T]:
    """The same, made in a thread up to ``depth`` before it is asked for, so that decoding goes on while pictures are looked at."""
    with closing(given), ThreadPoolExecutor(1, "ahead") as maker:
        coming = deque(maker.submit(next, given, None) for _ in range(depth))
        while (made := coming.popleft().result()) is not None:
            coming.append(maker.submit(next, given, None))
            yield made


def lead_in(span: Span) -> Span:
    """The span with a little before it: the picture that shows at its start came on screen earlier."""
    return Span(max(0, span.start - _LEAD_MS), span.end)


def on_grid(frames: Iterable[tuple[int, np.ndarray]], span: Span) -> Iterator[tuple[int, int, np.ndarray]]:
    """Pictures at 25 Hz: ``(k, time in ms from span.start, picture)`` for k up to ``round(duration / 40)``.

    Picture k is the last that came before ``span.start + 40 k + 20`` ms; the first stands in before it, the last after it.
    Nothing is given where there is no picture at all.
    """
    total, k = round(span.duration / 40), 0
    shown: tuple[int, np.ndarray] | None = None
    for pts, picture in frames:
        while shown is not None and k < total and pts >= span.start + 40 * k + 20:
            yield k, shown[0] - span.start, shown[1]
            k += 1
        shown = pts, picture
    while shown is not None and k < total:
        yield k, shown[0] - span.start, shown[1]
        k += 1


def _copy(video: Any, span: Span, target: Path) -> Any:
    """Frame k shows the last source frame before ``span.start + 40 k + 20`` ms."""
    frames, heard = round(span.duration / 40), lead_in(span)
    # The grid's frame 0 is shown at the span's start; pictures before it are there to be shown at the start, and cut off by ``trim``.
    video = (
        video.filter("setpts", f"PTS-{span.start / 1000:.3f}/TB")
        .filter("fps", 25, start_time=(heard.start - span.start) // 40 * 0.04)
        .filter("tpad", stop_mode="clone", stop_duration=span.duration / 1000)
    )
    video = video.filter("trim", start=-0.01).filter("setpts", "PTS-STARTPTS")
    video = video.filter("scale", "max(2,trunc(iw/2)*2)", "max(2,trunc(ih/2)*2)").filter("setsar", 1)
    return video.output(
        f"file:{target}", vframes=frames, vcodec="libx264", preset="veryfast", crf=20, pix_fmt="yuv420p", threads=1, map_metadata=-1,
        format="mp4", movflags="+faststart", fflags="+bitexact", **{"flags:v": "+bitexact", "x264-params": "keyint=50:subme=1"},
    )  # fmt: skip


def run(arguments: list[str], timeout_s: float, code: str, path: Path, level: str = "error") -> str:
    """Run ffmpeg to its end or its deadline; gives what it said at the given level.

    Raises:
        MediaError: with ``code`` and ffmpeg's last line, or DECODE_TIMEOUT.
    """
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-v", level, *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            _, errors = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise MediaError("DECODE_TIMEOUT", f"{path.name}: ffmpeg was still at work after {timeout_s:.0f} s") from error
        except BaseException:
            _kill(process)
            raise
    _check_alive(process.returncode, path)
    if process.returncode:
        raise MediaError(code, f"{path.name}: {_last_line(errors)}")
    return errors.decode(errors="replace")


def deadline(span: Span) -> float:
    """Seconds that ffmpeg may take for a span: a minute, and four times its length."""
    return 60.0 + 4.0 * span.duration / 1000


def _samples(ms: int, rate: int) -> int:
    return (ms * rate + 500) // 1000


def _source(path: Path, span: Span) -> Any:
    # Asked to go to a time before the first key frame, ffmpeg skips to a later one in files without an index (FLV): near the start, read from 0.
    start = span.start if span.start >= _NEAR_START_MS else 0
    seek = {"ss": f"{start / 1000:.3f}"} if start else {}
    return ffmpeg.input(f"file:{path}", t=f"{(span.end - start) / 1000:.3f}", copyts=None, start_at_zero=None, **seek, **_SAFE)


class _Times:
    """Presentation times as ffmpeg's showinfo reports them, one per frame, in order; other lines are kept as the error text."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._ready = threading.Condition()
        self._times: list[float] = []
        self._taken = 0
        self._closed = False
        self.last = b""
        self._thread = threading.Thread(target=self._collect, args=(stream,), daemon=True)
        self._thread.start()

    def _collect(self, stream: IO[bytes]) -> None:
        for line in stream:
            match = _SHOWN.match(line)
            with self._ready:
                if match:
                    self._times.append(float(match[1]))
                    self._ready.notify()
                elif line.strip() and b"showinfo" not in line:
                    self.last = line.strip()
        with self._ready:
            self._closed = True
            self._ready.notify()

    def next(self) -> float:
        """The next frame's time in seconds."""
        with self._ready:
            self._ready.wait_for(lambda: self._taken < len(self._times) or self._closed, timeout=60)
            if self._taken >= len(self._times):
                raise MediaError("DECODE_VIDEO", "a frame came without its presentation time")
            self._taken += 1
            return self._times[self._taken - 1]

    def join(self) -> None:
        """Wait until ffmpeg has closed its error stream."""
        self._thread.join(timeout=10)


@contextmanager
def _decoder(graph: Any, timeout_s: float, code: str, path: Path) -> Iterator[tuple[_Patient, _Times]]:
    """A running ffmpeg: its output and its frame times. Killed when it kept its reader waiting too long, and when the reader leaves early."""
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-v", "info", *ffmpeg.compile(graph)[1:]]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None and process.stderr is not None
    with suppress(OSError):  # where a kernel allows less, it goes on with less
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
    times, patience = _Times(process.stderr), _Patience(process, timeout_s)
    out = _Patient(process.stdout, patience)
    try:
        yield out, times
        if out.read(1) == b"":
            patience.begin()
            process.wait()
            times.join()
            if patience.over.is_set():
                raise MediaError("DECODE_TIMEOUT", f"{path.name}: ffmpeg was still at work after {timeout_s:.0f} s")
            _check_alive(process.returncode, path)
            if process.returncode:
                raise MediaError(code, f"{path.name}: {times.last.decode(errors='replace')[:300]}")
    finally:
        patience.end()
        _kill(process)
        process.stdout.close()
        process.wait()
        times.join()
        process.stderr.close()


class _Patience:
    """How long ffmpeg may keep its reader waiting, in all; then it is killed. The time that the reader takes for itself doesn't count."""

    def __init__(self, process: subprocess.Popen[bytes], limit_s: float) -> None:
        self.over, self._done = threading.Event(), threading.Event()
        self._process, self._left_s = process, limit_s
        self._since: float | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """The reader waits."""
        self._since = time.monotonic()

    def pause(self) -> None:
        """The reader has what it wanted."""
        if self._since is not None:
            self._left_s -= time.monotonic() - self._since
        self._since = None

    def end(self) -> None:
        """Nobody waits any more."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.25):
            since = self._since
            if since is not None and time.monotonic() - since > self._left_s:
                self.over.set()
                _kill(self._process)
                return


class _Patient:
    """ffmpeg's output, read with limited patience."""

    def __init__(self, stream: IO[bytes], patience: _Patience) -> None:
        self._stream, self._patience = stream, patience

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; none at the end."""
        self._patience.begin()
        try:
            return self._stream.read(count)
        finally:
            self._patience.pause()


def _read(stream: _Patient, count: int) -> bytes:
    parts, missing = [], count
    while missing and (data := stream.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def _check_alive(code: int, path: Path) -> None:
    if code in (-signal.SIGKILL, -signal.SIGTERM):
        raise Killed("DECODE_KILLED", f"{path.name}: ffmpeg was killed from outside; is there memory enough?")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _last_line(errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "no reason given"

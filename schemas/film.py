"""From a source work to bounded pieces of it: Source, Film, Reel, Shots, Stems."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from schemas.span import Span

Language = Literal["en", "zh"]
_ID = re.compile(r"[a-z0-9_-]+")


def check_id(identifier: str) -> None:
    """Refuse an id that WebDataset would cut (a dot) or that is no ``[a-z0-9_-]+``."""
    if "." in identifier:
        raise ValueError(f"sample key {identifier!r} has a dot; WebDataset would cut it at {identifier.split('.')[0]!r}")
    if not _ID.fullmatch(identifier):
        raise ValueError(f"an id is made of a-z, 0-9, '_' and '-', got {identifier!r}")


@dataclass(frozen=True, slots=True)
class Source:
    """A film as its owner names it: a row of the manifest, not yet looked at."""

    uri: str
    title: str = ""
    series: str | None = None
    language: Language | None = None

    @property
    def id(self) -> str:
        """The uri: the only thing known of a source."""
        return self.uri


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture: size in pixels as shown (after rotation), frames per second as an exact fraction."""

    index: int
    codec: str
    width: int
    height: int
    fps: str

    def __post_init__(self) -> None:
        if Fraction(self.fps) <= 0 or self.width <= 0 or self.height <= 0:
            raise ValueError(f"a video stream needs a size and a frame rate, got {self.width}x{self.height} at {self.fps}")


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound: sample rate in Hz and channel count."""

    index: int
    codec: str
    rate: int
    channels: int

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.channels <= 0:
            raise ValueError(f"an audio stream needs a rate and channels, got {self.rate} Hz, {self.channels} channels")


@dataclass(frozen=True, slots=True)
class Film:
    """One source work, probed and accepted. Its id is the head of its content digest."""

    id: str
    sha256: str
    uri: str
    title: str
    series: str | None
    language: Language
    video: VideoStream
    audio: AudioStream
    duration: int

    def __post_init__(self) -> None:
        check_id(self.id)
        Span(0, self.duration)

    @property
    def span(self) -> Span:
        """The whole film."""
        return Span(0, self.duration)

    @property
    def group(self) -> str:
        """What speakers are recognised across: the series where one is named, else the film."""
        return f"series:{self.series}" if self.series else f"film:{self.id}"


@dataclass(frozen=True, slots=True)
class Reel:
    """A bounded piece of a film. ``span`` tiles the film; ``heard`` adds a margin for the models."""

    film: Film
    span: Span
    heard: Span

    def __post_init__(self) -> None:
        if not self.heard.covers(self.span):
            raise ValueError(f"a reel is heard at least over its span, got {self.heard} for {self.span}")

    @property
    def id(self) -> str:
        """``{film}-{start:09d}-{end:09d}``, so reels sort by time."""
        return f"{self.film.id}-{self.span.start:09d}-{self.span.end:09d}"


@dataclass(frozen=True, slots=True)
class Shots:
    """The cuts found in a reel: shots tile the reel's span, in order. ``thumbnails`` is an npz of small pictures of each (``cinedub.thumbnails``)."""

    reel: Reel
    spans: tuple[Span, ...]
    thumbnails: str = ""

    def __post_init__(self) -> None:
        edges = [self.reel.span.start, *(span.end for span in self.spans)]
        if not self.spans or [span.start for span in self.spans] != edges[:-1] or edges[-1] != self.reel.span.end:
            raise ValueError("shots tile their reel without gaps or overlaps")

    @property
    def id(self) -> str:
        """The reel's id."""
        return self.reel.id


@dataclass(frozen=True, slots=True)
class Stems:
    """A reel with voices and background pulled apart.

    Three FLAC files over ``reel.heard``, 48 kHz, same length: ``mix`` (at most stereo), ``vocals`` (mono)
    and ``background`` (channels of the mix); background = mix − vocals.
    """

    shots: Shots
    mix: str
    vocals: str
    background: str

    @property
    def reel(self) -> Reel:
        """The reel these stems were cut from."""
        return self.shots.reel

    @property
    def id(self) -> str:
        """The reel's id."""
        return self.reel.id

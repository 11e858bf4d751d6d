"""What is to be dubbed: lines, voices, and where there is one a picture; and what can't be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from cinedub.errors import ElementError
from model.text import TextError, tokenise
from schemas import Age, EmotionLabel, Gender, Kind, Language

#: A line is spoken in one breath of the network, and it has learned none longer than this.
LONGEST_MS = 30_000


class DubError(ElementError):
    """Lines or a voice that can't be dubbed."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that a voice said, from its first sound to its last: mono at ``mel.RATE`` as 16-bit little-endian samples, and its words."""

    text: str
    language: Language
    pcm: bytes
    emotion: EmotionLabel = "uncertain"


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker: a CAM++ vector (empty: the network chooses), attributes, and what teaches the network how they sound (``model.adapt``); or a ready
    TTS voice (``kokoro:af_heart``, ``hibari``)."""

    vector: tuple[float, ...] = ()
    age: Age = "uncertain"
    gender: Gender = "uncertain"
    ready: str = ""
    references: tuple[Reference, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A line to be spoken, in ms from the clip's start."""

    speaker: str
    start_ms: int
    end_ms: int
    text: str
    emotion: EmotionLabel = "uncertain"
    on_screen: bool = True

    @property
    def duration_ms(self) -> int:
        """How long the slot is."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Shown:
    """A record's face and lip arrays (``pts_ms, track, blendshapes, points, aperture``), a speaker's rows in them, and where their clock starts."""

    arrays: dict[str, np.ndarray]
    rows: list[int]
    zero_ms: int = 0


class Faces(Protocol):
    """Who is seen while somebody speaks."""

    def of(self, line: Said) -> Shown | None:
        """The speaker's face during a line; None where it isn't known."""


@dataclass(frozen=True, slots=True)
class ClipFaces:
    """The faces of one clip: its arrays, and each speaker's rows."""

    arrays: dict[str, np.ndarray]
    tracks: dict[str, list[int]]

    def of(self, line: Said) -> Shown | None:
        """The speaker's face, wherever it shows."""
        rows = self.tracks.get(line.speaker, [])
        return Shown(self.arrays, rows) if rows and line.on_screen else None


@dataclass(frozen=True, slots=True)
class Order:
    """What to dub; ``faces`` where there is a picture."""

    duration_ms: int
    language: Language
    lines: tuple[Said, ...]
    voices: dict[str, Voice]
    kind: Kind = "monologue"
    clue: str = ""
    faces: Faces | None = None


def check(order: Order) -> None:
    """Refuse what can't be dubbed before anything is spoken, saying which line (from 1) and why.

    Raises:
        DubError: DUB_EMPTY, DUB_OUTSIDE, DUB_TOO_LONG (a line), DUB_UNKNOWN_SPEAKER, DUB_OVERLAP (of one speaker with themselves).
        TextError: TEXT_EMPTY, TEXT_UNSPEAKABLE.
    """
    if order.duration_ms <= 0:
        raise DubError("DUB_EMPTY", f"a clip of {order.duration_ms} ms holds no speech")
    last: dict[str, tuple[int, Said]] = {}
    for number, line in sorted(enumerate(order.lines, start=1), key=lambda item: (item[1].start_ms, item[1].end_ms)):
        if not 0 <= line.start_ms < line.end_ms <= order.duration_ms:
            raise DubError("DUB_OUTSIDE", f"line {number} is at {line.start_ms}-{line.end_ms} ms, the clip at 0-{order.duration_ms} ms")
        if line.duration_ms > LONGEST_MS:
            raise DubError("DUB_TOO_LONG", f"line {number} lasts {line.duration_ms} ms; split what is longer than {LONGEST_MS} ms at a pause")
        if line.speaker not in order.voices:
            known = ", ".join(order.voices) or "nobody"
            raise DubError("DUB_UNKNOWN_SPEAKER", f"line {number} is {line.speaker!r}'s; voices were given for: {known}")
        before, other = last.get(line.speaker, (0, line))
        if before and other.end_ms > line.start_ms:
            raise DubError("DUB_OVERLAP", f"line {number} of {line.speaker!r} begins at {line.start_ms} ms, before their line {before} ends")
        if not before or line.end_ms > other.end_ms:
            last[line.speaker] = number, line
        try:
            tokenise(line.text, order.language)
        except TextError as error:
            raise TextError(error.code, f"line {number}: {error}") from error

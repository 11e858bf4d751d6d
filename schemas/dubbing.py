"""What somebody asks to have dubbed, and what became of it: DubJob, Dubbed."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.film import Language
from schemas.people import Age, EmotionLabel, Gender


@dataclass(frozen=True, slots=True)
class DubJob:
    """One dub: a script on a clip or a film, or a record of a dataset revoiced. ``out`` ends in ``.wav`` or ``.mp4``.

    ``voices`` are ``SPEAKER=VOICE`` as the command takes them. ``film`` keeps the background and lays the new speech over it. ``text``, ``emotion``
    and ``take`` (another try) are for line ``line`` (from 1) or, where that is None, for the first line, for all, for all.
    """

    out: str
    script: str | None = None
    video: str | None = None
    film: bool = False
    dataset: str | None = None
    key: str | None = None
    voices: tuple[str, ...] = ()
    language: Language | None = None
    line: int | None = None
    text: str | None = None
    emotion: EmotionLabel | None = None
    clue: str | None = None
    age: Age | None = None
    gender: Gender | None = None
    take: int = 0

    @property
    def id(self) -> str:
        """The file it makes."""
        return self.out


@dataclass(frozen=True, slots=True)
class Dubbed:
    """A finished dub. ``rushed``: lines (from 1) whose slots are too short for their text; ``notes``: what its user should know, a sentence each."""

    out: str
    duration_ms: int
    lines: int
    rushed: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The file it made."""
        return self.out

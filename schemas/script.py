"""The corrected clip: Line, Correction, Script, Review, Reviewed, Quality, Take, Dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from schemas.film import check_id
from schemas.people import Cast, Emotion, Sync
from schemas.span import Span
from schemas.speech import Clip, Turn, Word

Kind = Literal["narration", "monologue", "dialogue", "ensemble"]
_TIMES = re.compile(r"(\d{1,6})-(\d{1,6})")
_LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One speaker's words, attributed and corrected; ``asr_text`` is what was heard before correction."""

    speaker: str
    span: Span
    text: str
    asr_text: str
    words: tuple[Word, ...]
    on_screen: bool
    emotion: Emotion


@dataclass(frozen=True, slots=True)
class Correction:
    """One proposed edit, its evidence and its verdict. Nothing proposed is thrown away.

    ``before`` and ``after`` are words (``text``), ids (``speaker``), ``"start-end"`` in ms from the clip's start (``time``), or words of the line and
    the id of another who says them (``part``).
    """

    kind: Literal["text", "speaker", "part", "time"]
    line: int
    before: str
    after: str
    reason: str
    evidence: dict[str, Any]
    verdict: Literal["accepted", "rejected"]
    by: str


@dataclass(frozen=True, slots=True)
class Script:
    """The corrected clip: lines by start, turns after correction, emotion, clue, and the audit of every edit."""

    cast: Cast
    lines: tuple[Line, ...]
    turns: tuple[Turn, ...]
    kind: Kind
    emotion: Emotion
    clue: str
    corrections: tuple[Correction, ...]

    @property
    def clip(self) -> Clip:
        """The clip the script is for."""
        return self.cast.clip

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.clip.id


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured on a clip.

    ``dnsmos`` is the P.835 overall score (1–5) of the vocals; ``snr_db`` voices over background while someone speaks.
    """

    dnsmos: float
    snr_db: float
    asr_confidence: float
    overlap_ms: int
    sync: Sync | None


@dataclass(frozen=True, slots=True)
class Take:
    """A script whose quality was measured and passed every gate."""

    script: Script
    quality: Quality

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.script.id


@dataclass(frozen=True, slots=True)
class Dropped:
    """Speech that a gate refused: what was measured, and the threshold it missed. Times are the film's, in ms."""

    key: str
    film: str
    span: Span
    stage: str
    code: str
    value: float
    threshold: float
    text: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The key of the refused clip."""
        return self.key


@dataclass(frozen=True, slots=True)
class Review:
    """What a person says of a clip: another text, speaker or time of a line, or that the clip is to go (``reject``) or to stay (``restore``).

    ``by`` and ``at`` (UTC, ISO 8601) say who and when; ``line``, ``start_ms`` and ``end_ms`` (from the clip's start) where the line was when it was
    seen; times in ``before`` and ``after`` are ``"start-end"`` in ms.
    """

    key: str
    kind: Literal["text", "speaker", "time", "reject", "restore"]
    by: str
    at: str
    line: int = -1
    before: str = ""
    after: str = ""
    start_ms: int = 0
    end_ms: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        check_id(self.key)
        for name in ("by", "before", "after", "reason"):
            text = getattr(self, name)
            if len(text) > _LONGEST_TEXT or not text.replace("\n", " ").isprintable():
                raise ValueError(f"{name!r} is printable text of at most {_LONGEST_TEXT} characters")
        if not self.by.strip():
            raise ValueError("an edit says who made it")
        datetime.fromisoformat(self.at)
        if self.kind == "text" and not any(sign.isalnum() for sign in self.after):
            raise ValueError("a line has words; to be rid of one, reject the clip")
        times = _TIMES.fullmatch(self.after)
        if self.kind == "time" and (times is None or int(times[1]) >= int(times[2])):
            raise ValueError(f"times are start-end in ms, start before end, got {self.after!r}")

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.key


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A script with everything that people said of its clip, in order."""

    script: Script
    reviews: tuple[Review, ...]

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.script.id

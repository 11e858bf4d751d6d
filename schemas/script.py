"""The corrected clip: Line, Correction, Script, Quality, Take, Dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.people import Cast, Emotion, Sync
from schemas.span import Span
from schemas.speech import Clip, Turn, Word

Kind = Literal["narration", "monologue", "dialogue", "ensemble"]


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
    """One proposed edit, its evidence and its verdict. Nothing proposed is thrown away."""

    kind: Literal["text", "speaker", "time"]
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

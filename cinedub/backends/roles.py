"""The roles that models play. A backend is a class that keeps one of these promises; ``cinedub.backends.load`` finds it.

Sound is float32 in [-1, 1]; a picture is uint8 RGB, height x width x 3; times are integer ms from the start of what was given.
Every backend has ``digest``: it changes when the model's files or its code's version change, and so keys the stage cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from jaxtyping import Float, Float32, UInt8

from cinedub.exhibits import Exhibits
from schemas import Language, Span, Utterance, Word

Mono = Float32[np.ndarray, "samples"]
Channels = Float32[np.ndarray, "channels samples"]
Picture = UInt8[np.ndarray, "height width 3"]


class Backend(Protocol):
    """What every backend has."""

    digest: str


class Separator(Backend, Protocol):
    """Pulls the voices out of a mix."""

    rate: int

    def vocals(self, blocks: Iterable[Channels]) -> Iterator[Channels]:
        """The voices in a stream of stereo blocks of any length at ``rate`` Hz; the same number of samples comes out in total, in bounded memory."""


class Recogniser(Backend, Protocol):
    """Hears words. Sound is mono at 16 kHz."""

    def language(self, sound: Mono) -> dict[Language, float]:
        """Probability of each language in at most 30 s of sound."""

    def speech(self, sound: Mono) -> list[Span]:
        """Where somebody speaks, in order, without padding."""

    def transcribe(self, sound: Mono, language: Language) -> list[Utterance]:
        """Everything said, with words, times and n-best texts; nothing for silence."""


class ShotDetector(Backend, Protocol):
    """Finds true cuts in a picture track."""

    size: tuple[int, int]

    def cuts(self, frames: Iterable[tuple[int, Picture]]) -> list[int]:
        """The times of the first frame after each cut, sorted. Frames come with their times in ms, in order, ``size`` (width, height) large."""


class Segmenter(Backend, Protocol):
    """Says which of a few local voices is active when. Sound is mono at 16 kHz."""

    window_ms: int
    step_ms: float

    def segment(self, sound: Mono) -> Float[np.ndarray, "frames voices"]:
        """Activity in [0, 1] of each local voice every ``step_ms`` in at most ``window_ms`` of sound."""


class VoiceEncoder(Backend, Protocol):
    """Turns a voice into a vector. Sound is mono at 16 kHz."""

    def encode(self, sounds: Sequence[Mono]) -> Float32[np.ndarray, "sounds embedding"]:
        """One unit vector for each sound, in order."""


class GenderReader(Backend, Protocol):
    """Hears whether a voice is a woman's. Sound is mono at 16 kHz."""

    def female(self, sounds: Sequence[Mono]) -> Float32[np.ndarray, " sounds"]:
        """Log odds of a female voice for each sound, in order."""


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face found in a picture: ``box`` x0 y0 x1 y1 and ``points`` (eyes, nose, mouth corners; 5 x 2) in pixels, ``score`` in [0, 1]."""

    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float], ...]
    score: float


class FaceDetector(Backend, Protocol):
    """Finds faces."""

    def detect(self, picture: Picture) -> list[FaceBox]:
        """Every face, best first."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """478 points (x, y, z in pixels of the given picture) and 52 blendshape weights in [0, 1]."""

    points: Float32[np.ndarray, "478 3"]
    blendshapes: Float32[np.ndarray, 52]


class Landmarker(Backend, Protocol):
    """Finds the points of faces."""

    def landmarks(self, crops: Sequence[Picture], before: Sequence[Landmarks | None] = ()) -> list[Landmarks | None]:
        """For each crop the landmarks of the face nearest its middle, or None where no face shows.

        ``before``, one for each crop or none at all: where the face was a moment ago, in the crop's pixels; it is looked for there first.
        """


class FaceEncoder(Backend, Protocol):
    """Turns a face into a vector of ``size`` numbers."""

    size: int

    def encode(self, picture: Picture, face: FaceBox) -> Float32[np.ndarray, " embedding"]:
        """A unit vector for the face in the picture."""


class ExpressionReader(Backend, Protocol):
    """Reads an emotion off an upright face with a fifth of its width around it (``cinedub.alignment.chip``)."""

    def read(self, crop: Picture) -> dict[str, float]:
        """Probability per label of ``schemas.EmotionLabel`` (those that the model knows)."""


class AttributeReader(Backend, Protocol):
    """Guesses age and gender from an upright face with a fifth of its width around it (``cinedub.alignment.chip``)."""

    def read(self, crop: Picture) -> tuple[float, float]:
        """Age in years, probability of female."""


@dataclass(frozen=True, slots=True)
class SpeechScores:
    """DNSMOS P.835 scores, 1 to 5."""

    overall: float
    signal: float
    background: float


class Scorer(Backend, Protocol):
    """Judges speech quality. Sound is mono at 16 kHz."""

    def score(self, sound: Mono) -> SpeechScores:
        """Mean scores over the sound."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One proposed change of line ``line``: new text, another speaker, new times (``"start-end"`` in ms from the clip's start), or another speaker
    (``after``) of a part of it (the words ``before``).

    ``least_margin``: how much the sound (of a part: the voice) has to be for it, where the proposal rests on that alone.
    """

    kind: Literal["text", "speaker", "part", "time"]
    line: int
    before: str
    after: str
    reason: str
    confidence: float = 0.0
    least_margin: float | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a corrector proposes for a passage; everything in it is untrusted. ``emotions`` go by line, ``speakers`` by id, ``clues`` by clip.

    ``fault`` says in one line why there is no answer that can be used; ``passing`` that another try may bring one.
    ``used`` counts what the answer took: requests, tokens, money in millionths.
    """

    edits: tuple[Edit, ...] = ()
    emotions: dict[int, tuple[str, float]] = field(default_factory=dict)
    speakers: dict[str, dict[str, Any]] = field(default_factory=dict)
    clues: dict[int, str] = field(default_factory=dict)
    reasoning: str = ""
    fault: str = ""
    passing: bool = False
    used: dict[str, int] = field(default_factory=dict)


class Hearing(Protocol):
    """One sound, encoded, to be asked about words."""

    def margin(self, before: str, after: str) -> float:
        """How much better the sound bears ``after`` than ``before``, in nats a token around the change; well below 0 contradicts it."""

    def times(self, words: Sequence[str]) -> list[Word]:
        """The words with their times in ms from the sound's start and their probability."""


class Verifier(Backend, Protocol):
    """Says how well given words fit a sound. Sound is mono at 16 kHz."""

    def understands(self, language: Language) -> bool:
        """Whether it can judge words of the language."""

    def listen(self, sound: Mono, language: Language) -> Hearing:
        """Take in at most 30 s of sound, once for all questions about it."""


class Corrector(Backend, Protocol):
    """Reasons over the evidence of a passage and proposes edits."""

    def propose(self, evidence: dict[str, Any], language: Language, exhibits: Exhibits) -> Proposal:
        """A proposal; an empty one when there is nothing to say. ``exhibits`` are the passage's sound and pictures, for who can hear and see."""

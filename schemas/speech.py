"""What was said: Word, Utterance, Scenes, Transcript, Clip, Turn, Voices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.film import Film, Language, Shots, Stems
from schemas.span import Span


def joined(texts: Iterable[str], language: Language) -> str:
    """Words as a text: a space between English words; in Chinese only between words in Latin letters.

    >>> joined(["fast", "and", "cheap."], "en"), joined(["我", "要", "big", "house", "吗"], "zh")
    ('fast and cheap.', '我要big house吗')
    """
    text = ""
    for word in texts:
        apart = text and (language == "en" or (text[-1].isascii() and word[:1].isascii() and word[:1].isalnum()))
        text += f" {word}" if apart else word
    return text


@dataclass(frozen=True, slots=True)
class Word:
    """One word (English) or one to a few characters (Chinese) with its place and the recogniser's probability."""

    text: str
    span: Span
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the recogniser heard in one breath. ``text`` is the words ``joined``; ``alternatives`` are n-best texts, best first."""

    span: Span
    text: str
    words: tuple[Word, ...]
    confidence: float
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenes:
    """Stems with the places where one scene ends and the next begins; scenes tile the reel's span."""

    stems: Stems
    spans: tuple[Span, ...]

    @property
    def id(self) -> str:
        """The reel's id."""
        return self.stems.id


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything said in a reel, in order of time; no utterance crosses a scene's border.

    ``wordless`` is where somebody speaks and no word was understood.
    """

    scenes: Scenes
    utterances: tuple[Utterance, ...]
    wordless: tuple[Span, ...] = ()

    @property
    def id(self) -> str:
        """The reel's id."""
        return self.scenes.id


@dataclass(frozen=True, slots=True)
class Clip:
    """The unit of dubbing: 1–30 s of one scene, cut at silence, never inside a word."""

    stems: Stems
    scene: Span
    span: Span
    utterances: tuple[Utterance, ...]
    shots: tuple[Span, ...]

    def __post_init__(self) -> None:
        if not self.scene.covers(self.span):
            raise ValueError(f"a clip stays inside its scene, got {self.span} in {self.scene}")
        for utterance in self.utterances:
            if not self.span.covers(utterance.span):
                raise ValueError(f"a clip cuts no utterance, got {utterance.span} in {self.span}")

    @property
    def film(self) -> Film:
        """The film the clip belongs to."""
        return self.stems.reel.film

    @property
    def id(self) -> str:
        """``{film}-{start:09d}-{end:09d}``, also the WebDataset key."""
        return f"{self.film.id}-{self.span.start:09d}-{self.span.end:09d}"


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's voice, from when to when; turns may overlap. ``score`` is in [0, 1]."""

    speaker: str
    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Voices:
    """Who can be heard in a clip, before names: turns by clip-local voice, and voice vectors in storage.

    ``arrays`` is an npz: ``windows`` (W, 2) int64 ms on the film's clock, ``embeddings`` (W, E) float32 of unit length,
    ``voice`` (W,) int64: number of the local voice (``v{number}`` in the turns); (W,) float32 each, nan where too little is voiced:
    ``pitch`` median in Hz, ``spread`` its deviation in semitones, ``tilt`` energy above over below 1 kHz in dB; (W,) float32 each: ``level`` in
    dB, full scale 0, ``female`` log odds of a female voice.
    """

    clip: Clip
    turns: tuple[Turn, ...]
    arrays: str

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.clip.id


__all__ = ["Clip", "Scenes", "Shots", "Span", "Transcript", "Turn", "Utterance", "Voices", "Word", "joined"]

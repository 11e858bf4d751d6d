"""Who is seen and who speaks: FaceTrack, Faces, Speaker, Cast, Passage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from schemas.film import Film, Language
from schemas.span import Span
from schemas.speech import Clip, Turn, Voices

Age = Literal["child", "teenager", "adult", "middle-aged", "elderly", "uncertain"]
Gender = Literal["female", "male", "uncertain"]
EmotionLabel = Literal["neutral", "happy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation", "tension", "uncertain"]


@dataclass(frozen=True, slots=True)
class Emotion:
    """An emotion with the probability given to it, in [0, 1]."""

    label: EmotionLabel
    confidence: float


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face through one shot. Row ``index`` of every array in ``Faces.arrays`` is its.

    Scores: ``size`` median face height in pixels of the source, ``detection`` mean detector score,
    ``years`` estimated age or None, ``female`` probability or None, ``emotions`` mean probability per label,
    ``speaking`` spans where the mouth moves with the sound, with a score in [0, 1].
    """

    index: int
    span: Span
    size: float
    detection: float
    years: float | None
    female: float | None
    emotions: dict[str, float] = field(default_factory=dict)
    speaking: tuple[tuple[Span, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Sync:
    """Offset of the sound against the lips in ms (positive: sound late) and its confidence in [0, 1]."""

    offset_ms: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Faces:
    """Who can be seen in a clip.

    ``arrays`` is an npz at 25 frames a second, T = round(duration_ms / 40), N tracks: ``pts_ms`` (T,) int64 from the
    clip's start (the time of the source frame shown), ``track`` (N,T) bool, ``box`` (N,T,4) float32 x0 y0 x1 y1 in source pixels,
    ``landmarks`` (N,T,478,3) float32 in source pixels, ``blendshapes`` (N,T,52) float32, ``embedding`` (N,E) float32 of unit
    length, ``speaking`` (N,T) float32 how likely the mouth goes with the voices, ``heard`` (T,) float32 how likely a voice is heard,
    ``crops`` (N,T,96,96) uint8, ``points`` (N,T,L,2) float32, ``aperture`` (N,T) float32, ``offsets`` float64 what speaks for each of
    ``cinedub.sync.OFFSETS`` of the sound. ``video`` is the clip as silent H.264 at those 25 frames a second. ``sync`` is None where no mouth is seen.
    """

    clip: Clip
    tracks: tuple[FaceTrack, ...]
    arrays: str
    video: str
    sync: Sync | None = None

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.clip.id


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice matched (or not) with a face. The id holds through a film and, where one is named, through its series.

    ``faces`` are the track indices in this clip's ``Faces`` that are this person; ``voice`` is the person's unit voice vector. ``confidence`` in
    [0, 1]: ``age`` the share of the time in which the face looks that old, ``gender`` the probability of the likelier one, ``voice`` the mean cosine
    of what is heard to the voice vector, ``face`` the share of what the faces are seen speaking that is this person's.
    """

    id: str
    faces: tuple[int, ...]
    age: Age
    gender: Gender
    timbre: tuple[str, ...]
    voice: tuple[float, ...]
    confidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tone:
    """How a speaker's voice sounds over a stretch against how it usually does: median ``pitch`` and its ``spread`` in semitones, ``level`` in dB."""

    speaker: str
    span: Span
    pitch: float
    spread: float
    level: float


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in a clip: voices and faces with names on them. ``turns`` carry speaker ids, ordered by start.

    The faces' ``speaking`` spans are those of the film's evidence; ``speaking`` is an npz of the same in scores (N,T) float32 in [0, 1], empty where
    nobody is seen. ``moving``: when the mouth of somebody, whoever it is, is seen to move; ``still``: when mouths are seen and none of them moves.
    ``tones`` are stretches of every voice that is heard for long enough in the film to have a usual sound.
    """

    voices: Voices
    faces: Faces
    speakers: tuple[Speaker, ...]
    turns: tuple[Turn, ...]
    speaking: str = ""
    moving: tuple[Span, ...] = ()
    still: tuple[Span, ...] = ()
    tones: tuple[Tone, ...] = ()

    def __post_init__(self) -> None:
        unknown = {turn.speaker for turn in self.turns} - {speaker.id for speaker in self.speakers}
        if unknown:
            raise ValueError(f"turns name speakers that the cast lacks: {sorted(unknown)}")

    @property
    def clip(self) -> Clip:
        """The clip the cast appears in."""
        return self.faces.clip

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.clip.id


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring clips of one scene, which are corrected together.

    ``before`` and ``after`` are what is said around them in the scene, as (speaker, text); ``glossary`` the names of the film or series, each as
    it was heard most surely.
    """

    casts: tuple[Cast, ...]
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    glossary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({(cast.clip.film.id, cast.clip.scene) for cast in self.casts}) != 1:
            raise ValueError(f"a passage is of one scene, got {[cast.id for cast in self.casts]}")

    @property
    def id(self) -> str:
        """The first clip's id."""
        return self.casts[0].id

    @property
    def language(self) -> Language:
        """The film's language."""
        return self.casts[0].clip.film.language


@dataclass(frozen=True, slots=True)
class Appearance:
    """Everybody heard and seen in one film: ``clips`` is a file of its ``Voices`` and ``Faces``, one of each for a clip, in order of time."""

    film: Film
    clips: str


@dataclass(frozen=True, slots=True)
class Appearances:
    """Everybody heard and seen in a group (a series, or one film): what recognition works on. A film's clips are too many for one element."""

    group: str
    parts: tuple[Appearance, ...]

    @property
    def id(self) -> str:
        """The group's name."""
        return self.group

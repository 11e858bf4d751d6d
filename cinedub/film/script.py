"""What a film is made from: people, scenes and lines; and, once spoken, shots on the film's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from cinedub.film.faces import Look
from cinedub.film.voices import Speech
from schemas import Kind, Language, Span

#: Degrees that a head can be turned by: beyond, it would show what nobody photographed.
FURTHEST = 40.0


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody with a voice and, unless only ever heard, a face."""

    name: str
    voice: str
    gender: str
    age: str = "adult"
    look: Look | None = None
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says. ``gap_ms`` after the line before (negative: they overlap); not ``on_screen``: from beside the picture."""

    speaker: str
    text: str
    gap_ms: int = 250
    on_screen: bool = True
    emotion: str = "neutral"


@dataclass(frozen=True, slots=True)
class Scene:
    """Lines in one place. ``seen`` are those in the picture; ``music`` plays under everything."""

    kind: Kind
    place: str
    lines: tuple[Line, ...]
    seen: tuple[str, ...]
    music: bool = False
    light: float = 1.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as it sounds, placed on the film's clock."""

    line: Line
    start: int
    speech: Speech

    @property
    def span(self) -> Span:
        """Its place, with the little silence around it."""
        return Span(self.start, self.start + self.speech.duration_ms)

    @property
    def voiced(self) -> Span:
        """From the first sound to the last."""
        return Span(self.start + self.speech.words[0].start, self.start + self.speech.words[-1].end)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody is: ``x`` and ``y`` of the eyes as parts of width and height, ``size``: that between
    the eyes over height; ``tilt`` and ``yaw`` in degrees."""

    name: str
    x: float
    y: float
    size: float
    tilt: float = 0.0
    yaw: float = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames ``[first, last)`` from one camera. ``view`` chooses what of the place is behind;
    ``blur`` in pixels at 720 lines; ``hidden``: something stands before it."""

    first: int
    last: int
    scene: int
    seats: tuple[Seat, ...]
    view: int
    blur: float = 0.0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class PlannedScene:
    """A scene on the film's clock."""

    scene: Scene
    span: Span
    spoken: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole film, ready to be drawn and mixed."""

    title: str
    language: Language
    fps: Fraction
    size: tuple[int, int]
    seed: int
    characters: dict[str, Character]
    scenes: tuple[PlannedScene, ...]
    shots: tuple[Shot, ...] = field(default=())

    @property
    def duration(self) -> int:
        """Length in ms."""
        return self.scenes[-1].span.end

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return self.shots[-1].last

    def ms(self, frame: int) -> int:
        """When a frame is shown."""
        return round(frame * 1000 / self.fps)

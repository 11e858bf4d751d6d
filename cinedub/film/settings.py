"""What a generated film should be like, as one frozen record; TOML in, unknown keys refused."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from cinedub import config
from cinedub.errors import UsageError
from schemas import Kind, Language

Split = Literal["train", "valid", "test"]
Voices = Literal["film", "more", "flite"]


#: How many characters a scene of each kind has at least.
_PEOPLE: dict[Kind, int] = {"narration": 1, "monologue": 1, "dialogue": 2, "ensemble": 3}


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """One film. Shares are parts of all lines (``overlap``, ``off_screen``), of all scenes (``music``, ``dark``), or of all shots (the rest)."""

    seed: int = 0
    title: str = "Generated film"
    seconds: float = 60.0
    language: Language = "en"
    kinds: tuple[Kind, ...] = ("narration", "dialogue", "monologue", "ensemble")
    characters: int = 4
    #: Lines, voices and faces of different splits are disjoint.
    split: Split = "train"
    #: Which voices: those of the pack ``film``, ``more`` (needed for Chinese), or ``flite`` (old ones, very fast, English, two women and two men).
    voices: Voices = "film"
    fps: str = "25"
    variable_fps: bool = False
    height: int = 720
    channels: Literal[1, 2, 6] = 2
    snr_db: tuple[float, float] = (8.0, 20.0)
    music: float = 0.5
    #: A folder of loops for the music (Debian's sonic-pi-samples: ``/usr/share/sonic-pi/samples``, CC0); none: it is synthesised.
    loops: str = ""
    overlap: float = 0.1
    off_screen: float = 0.1
    dark: float = 0.1
    small: float = 0.1
    turned: float = 0.15
    blurred: float = 0.05
    hidden: float = 0.05
    audio_only: bool = False

    def __post_init__(self) -> None:
        if not self.kinds or self.characters < max(_PEOPLE[kind] for kind in self.kinds):
            raise UsageError(f"a film of {', '.join(self.kinds) or 'no kinds'} needs more than {self.characters} characters")
        if self.height % 2 or not 180 <= self.height <= 2160:
            raise UsageError(f"height is an even number from 180 to 2160, got {self.height}")
        if not 0 < self.rate <= 120:
            raise UsageError(f"fps is a number or a fraction up to 120, got {self.fps!r}")
        if self.language == "zh" and self.voices != "more":
            raise UsageError('Chinese needs voices = "more"')

    @property
    def rate(self) -> Fraction:
        """Frames per second; ``23.976`` and ``29.97`` mean the broadcast fractions.

        >>> FilmSettings(fps="23.976").rate
        Fraction(24000, 1001)
        """
        broadcast = {"23.976": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001"}
        try:
            return Fraction(broadcast.get(self.fps, self.fps))
        except (ValueError, ZeroDivisionError) as error:
            raise UsageError(f"fps is a number or a fraction, got {self.fps!r}") from error

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, 16 to 9, both even."""
        return self.height * 16 // 9 // 2 * 2, self.height


def dump(settings: FilmSettings) -> str:
    """The settings as TOML."""
    rows = dataclasses.asdict(settings).items()
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in rows)


def load(path: Path) -> FilmSettings:
    """Read a settings file.

    Raises:
        UsageError: a key that doesn't exist, a value of the wrong type, a file that can't be read.
    """
    return config.overlay(FilmSettings, [path])

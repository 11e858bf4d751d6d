"""What a film really holds, written beside it: scenes, turns, words, shots and faces, as JSON (and RTTM beside it, whose turns go first)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from cinedub.errors import UsageError
from schemas import Kind

#: Degrees from which a face counts as turned.
TURNED = 20.0
_GENDERS = {"女": "female", "男": "male"}


class TrueLine(msgspec.Struct, frozen=True):
    """What is said from when to when, in ms on the film's clock.

    ``source`` names the scene, ``speaker`` whoever says it where only one does; ``light`` is 1 for a scene in full light, less for a dark one.
    """

    start_ms: int
    end_ms: int
    text: str
    source: str = ""
    kind: Kind | None = None
    speaker: str | None = None
    light: float | None = None


class TrueWord(msgspec.Struct, frozen=True):
    """One word as written, in ms on the film's clock."""

    text: str
    start_ms: int
    end_ms: int


class TrueTurn(msgspec.Struct, frozen=True):
    """Who speaks from when to when, in ms on the film's clock; and, where that is known, what, how, and when they can be seen doing so."""

    start_ms: int
    end_ms: int
    speaker: str
    gender: str = ""
    text: str = ""
    emotion: str = ""
    seen_ms: tuple[tuple[int, int], ...] | None = None
    words: tuple[TrueWord, ...] = ()


class TrueShot(msgspec.Struct, frozen=True):
    """One shot, in ms on the film's clock."""

    start_ms: int
    end_ms: int


class TrueFace(msgspec.Struct, frozen=True):
    """Whose face is where, frame by frame: boxes x0 y0 x1 y1 in pixels, ``mouth`` as the distance of the lips over that of the eyes.

    And what makes it hard to find: degrees that it is turned by, blur in pixels, something before it.
    """

    person: str
    first_frame: int
    boxes: tuple[tuple[float, float, float, float], ...]
    mouth: tuple[float, ...] = ()
    yaw: float = 0.0
    blur: float = 0.0
    hidden: bool = False

    @property
    def trials(self) -> tuple[str, ...]:
        """The names of what makes it hard to find."""
        hard = {"turned": abs(self.yaw) >= TURNED, "blurred": self.blur > 0, "hidden": self.hidden}
        return tuple(name for name, so in hard.items() if so)


class Truth(msgspec.Struct, frozen=True):
    """One film's truth, in order of time; what isn't known is empty.

    ``spoken`` is what is said as finely as it is known: turn by turn, or else line by line. ``told`` are the turns with all that the JSON says of
    them, ``turns`` those of the RTTM file where there is one. ``stem`` is the truth file's path without its ending.
    """

    film: str
    duration_ms: int
    lines: tuple[TrueLine, ...]
    turns: tuple[TrueTurn, ...]
    language: Literal["en", "zh"] | None = None
    title: str = ""
    fps: str = ""
    shots: tuple[TrueShot, ...] = ()
    faces: tuple[TrueFace, ...] = ()
    spoken: tuple[TrueLine, ...] = ()
    told: tuple[TrueTurn, ...] = ()
    stem: str = ""

    def beside(self, *endings: str) -> Path | None:
        """The first file beside the truth that has its name and one of the endings."""
        return next((path for ending in endings if self.stem and (path := Path(self.stem + ending)).is_file()), None)

    @property
    def tongue(self) -> Literal["en", "zh"]:
        """The film's language; where the file names none, that of its characters."""
        text = "".join(line.text for line in self.lines)
        return self.language or ("zh" if sum("一" <= c <= "鿿" for c in text) * 2 > len(text) else "en")

    @property
    def joins(self) -> list[tuple[int, int]]:
        """Where one scene ends and the next begins, in ms: the join lies between the two, which are the same where scenes touch."""
        pairs = zip(self.lines, self.lines[1:], strict=False)
        return [(before.end_ms, max(before.end_ms, after.start_ms)) for before, after in pairs if before.source and before.source != after.source]

    @property
    def script(self) -> str:
        """Digest of who says what in which scenes, in order: films that differ in it can't be compared."""
        said = [[line.source, line.kind, line.speaker, line.text] for line in (*self.lines, *self.spoken)]
        people = [[turn.speaker, turn.emotion] for turn in (*self.told, *self.turns)]
        return hashlib.blake2b(msgspec.json.encode([self.language, said, people]), digest_size=8).hexdigest()

    def scenes(self) -> list[tuple[int, int, Kind]]:
        """Start, end and kind of every scene whose kind is known: neighbouring lines of one source and kind."""
        found: list[tuple[int, int, Kind]] = []
        last = None
        for line in self.lines:
            if line.kind is None:
                continue
            if last is not None and line.source and (line.source, line.kind) == (last.source, last.kind):
                found[-1] = (found[-1][0], max(found[-1][1], line.end_ms), line.kind)
            else:
                found.append((line.start_ms, line.end_ms, line.kind))
            last = line
        return found

    def speaker_of(self, line: TrueLine) -> str | None:
        """Whose line it is: as it says, or whoever alone has turns in it."""
        if line.speaker:
            return line.speaker
        heard = {turn.speaker for turn in self.turns if turn.start_ms < line.end_ms and line.start_ms < turn.end_ms}
        return heard.pop() if len(heard) == 1 else None


def read(path: Path) -> Truth:
    """A film's truth.

    Raises:
        UsageError: no such file, or not of the form.
    """
    try:
        truth = msgspec.json.decode(path.read_bytes(), type=Truth)
        rttm = path.with_suffix(".rttm")
        turns = _read_rttm(rttm, truth) if rttm.exists() else truth.turns
    except OSError as error:
        raise UsageError(f"truth file {path}: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError, IndexError) as error:
        raise UsageError(f"truth file {path}: {error}") from error
    told = sorted(truth.turns, key=lambda turn: (turn.start_ms, turn.end_ms))
    lines_told = [TrueLine(turn.start_ms, turn.end_ms, turn.text, speaker=turn.speaker) for turn in told if turn.text]
    lines = tuple(sorted(truth.lines, key=lambda line: (line.start_ms, line.end_ms)))
    turns = tuple(
        msgspec.structs.replace(turn, gender=_GENDERS.get(turn.gender, turn.gender)) for turn in sorted(turns, key=lambda turn: turn.start_ms)
    )
    spoken = tuple(lines_told) if len(lines_told) == len(told) > 0 else lines
    stem = str(path.with_suffix(""))
    return msgspec.structs.replace(truth, lines=lines, turns=turns, spoken=spoken, told=tuple(told), stem=stem)


def _read_rttm(path: Path, truth: Truth) -> tuple[TrueTurn, ...]:
    """Turns of an RTTM file; genders come from the JSON's speakers of the same name."""
    genders = {turn.speaker: turn.gender for turn in truth.turns}
    turns = []
    for row in path.read_text("utf-8").splitlines():
        cells = row.split()
        if cells and cells[0] == "SPEAKER":
            start, length, speaker = round(float(cells[3]) * 1000), round(float(cells[4]) * 1000), cells[7]
            turns.append(TrueTurn(start, start + length, speaker, genders.get(speaker, "")))
    return tuple(turns)

"""Scripts as people have them: SRT, WebVTT, CSV and JSON to lines.

SRT, WebVTT   a line begins with its speaker: ``[anna] Come in.``, with an emotion ``[anna, anger] Come in!``; WebVTT also ``<v anna>Come in.``
              What names nobody is said by ``speaker``. Times are the file's; markup is left out.
CSV           a head with ``start_ms, end_ms, text`` (or ``start, end`` as 0:00:01.500), and where known ``speaker, emotion, on_screen``
JSON          {"lines": [{"speaker", "start_ms", "end_ms", "text", "emotion"?, "on_screen"?}], "language"?, "duration_ms"?, "kind"?, "clue"?}
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec
import pysubs2

from cinedub.errors import UsageError
from model.order import Said
from schemas import EmotionLabel, Kind, Language

#: Who says a line that names nobody.
NOBODY = "speaker"
_TAG = re.compile(r"^\s*[\[［]([^\]］]+)[\]］]\s*[:：]?\s*(.*)$", re.DOTALL)
_VOICE = re.compile(r"^\s*<v(?:\.[^ >]*)?\s+([^>]+)>(.*)$", re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_HAN, _LETTER = re.compile(r"[一-鿿]"), re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Script:
    """The lines of a clip or a film, in the file's order. ``duration_ms`` where the file says it."""

    lines: tuple[Said, ...]
    language: Language
    kind: Kind
    clue: str = ""
    duration_ms: int | None = None


def read(path: Path, language: Language | None = None) -> Script:
    """The script in a file, by its ending; the language is the text's own unless it is given, here or in the file.

    Raises:
        UsageError: no file, an unknown ending, or not what its ending says.
    """
    readers = {".srt": _subtitles, ".vtt": _subtitles, ".csv": _table, ".json": _json}
    ending = path.suffix.lower()
    if ending not in readers:
        raise UsageError(f"{path}: a script is {', '.join(readers)}, not {ending or 'without an ending'}")
    try:
        told = readers[ending](path.read_text(encoding="utf-8-sig"), ending)
        lines = msgspec.convert(told["lines"], tuple[Said, ...])
        tongue = language or msgspec.convert(told.get("language") or spoken([line.text for line in lines]), Language)
        kind = msgspec.convert(told.get("kind") or kind_of(lines), Kind)
        duration = msgspec.convert(told.get("duration_ms"), int | None)
        clue = msgspec.convert(told.get("clue", ""), str)
    except (OSError, ValueError, KeyError, TypeError, msgspec.ValidationError, pysubs2.exceptions.Pysubs2Error) as error:
        raise UsageError(f"{path}: not a script of lines ({type(error).__name__}: {error})") from error
    if not lines:
        raise UsageError(f"{path}: a script without a line")
    return Script(lines, tongue, kind, clue, duration)


def kind_of(lines: Sequence[Said]) -> Kind:
    """The kind of a scene by how many speak in it."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    return kinds[min(max(1, len({line.speaker for line in lines})), 3)]


def spoken(texts: Sequence[str]) -> Language:
    """Chinese where there are at least as many Han characters as words in Latin letters.

    >>> spoken(["Pass me the 饺子, please"]), spoken(["把 PPT 给我"])
    ('en', 'zh')
    """
    text = " ".join(texts)
    han = len(_HAN.findall(text))
    return "zh" if han and han >= len(_LETTER.findall(text)) else "en"


def _subtitles(text: str, ending: str) -> dict[str, Any]:
    found = pysubs2.SSAFile.from_string(text, format_=ending[1:], keep_html_tags=True)
    return {"lines": [_cue(cue.start, cue.end, cue.text.replace(r"\N", "\n")) for cue in found]}


def _cue(start_ms: int, end_ms: int, text: str) -> dict[str, Any]:
    """A blank line ends a cue: what follows is the next one's name, or a note."""
    text = text.strip().partition("\n\n")[0]
    named = _VOICE.match(text) or _TAG.match(_MARKUP.sub("", text))
    who, words = named.groups() if named else (NOBODY, text)
    name, _, mood = (part.strip() for part in who.partition(","))
    emotion = {"emotion": mood.lower()} if mood.lower() in get_args(EmotionLabel) else {}
    return {"speaker": name if emotion else who.strip(), "start_ms": start_ms, "end_ms": end_ms, "text": _plain(words), **emotion}


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub("", text).replace(r"\h", " ").split())


def _table(text: str, _: str) -> dict[str, Any]:
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    missing = [name for name in ("start", "end", "text") if not {name, f"{name}_ms"} & set(rows.fieldnames or ())]
    if missing:
        raise ValueError(f"no column {missing[0]!r}; its head is: {', '.join(rows.fieldnames or ())}")
    return {"lines": [_row(number, row) for number, row in enumerate(rows, start=1)]}


def _row(number: int, row: dict[str, str | None]) -> dict[str, Any]:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str) and not isinstance(value, list)}
    try:
        times = {f"{name}_ms": int(cells[f"{name}_ms"]) if f"{name}_ms" in cells else milliseconds(cells[name]) for name in ("start", "end")}
    except ValueError as error:
        raise ValueError(f"row {number}: {error}") from error
    more: dict[str, Any] = {name: cells[name] for name in ("emotion",) if cells.get(name)}
    if cells.get("on_screen"):
        more["on_screen"] = cells["on_screen"].lower() in ("1", "true", "yes")
    return {"speaker": cells.get("speaker") or NOBODY, "text": cells["text"], **times, **more}


def milliseconds(time: str) -> int:
    """A time as ``1:02:03.5`` or ``62.5`` (seconds) in ms.

    >>> milliseconds("0:01:02,250"), milliseconds("62.25")
    (62250, 62250)
    """
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return round(seconds * 1000)


def _json(text: str, _: str) -> dict[str, Any]:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise TypeError("JSON is an object with its lines under 'lines'")
    return told

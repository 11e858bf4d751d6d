"""From what a user names (files, globs, folders, manifests) to a list of sources."""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cinedub.errors import UsageError
from cinedub.storage import shown
from schemas import Language, Source

FILMS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".mxf", ".flv", ".wmv", ".ogv", ".3gp", ".vob"}
MANIFESTS = {".csv", ".jsonl"}
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def expand(names: Iterable[str]) -> list[Source]:
    """Every film named, once each, in the order named; films in a folder by name.

    Raises:
        UsageError: a path that isn't there or can't be read, a glob or folder without films, a bad manifest row.
    """
    found: dict[str, Source] = {}
    for name in names:
        for source in _expand(name):
            found.setdefault(source.uri, source)
    if not found:
        raise UsageError("no films given; name files, folders, globs or a manifest (.csv, .jsonl)")
    return list(found.values())


def _expand(name: str) -> Iterator[Source]:
    path = Path(name)
    if "://" in name:
        _check_open(name)
        yield Source(name, _title(name))
    elif path.is_dir():
        films = sorted(file for file in path.rglob("*") if file.suffix.lower() in FILMS and file.is_file())
        if not films:
            raise UsageError(f"{name}: no films in this folder (looked for {', '.join(sorted(FILMS))})")
        yield from (_film(file) for file in films)
    elif path.suffix.lower() in MANIFESTS and path.is_file():
        yield from _manifest(path)
    elif path.exists():
        yield _film(path)
    elif glob.has_magic(name):
        films = sorted(file for file in map(Path, glob.glob(name, recursive=True)) if file.is_file())
        if not films:
            raise UsageError(f"{name}: no file matches this pattern")
        yield from (_film(file) for file in films)
    else:
        raise UsageError(f"{name}: no such file or folder")


def _check_open(uri: str) -> None:
    if "@" in uri.partition("://")[2].partition("/")[0]:
        raise UsageError(f"{shown(uri)}: a user in an address ends up in process lists; leave it out and use the store's own environment variables")


def _film(path: Path) -> Source:
    return Source(str(path.absolute()), path.stem)


def _title(uri: str) -> str:
    return Path(uri.rstrip("/").rpartition("/")[2]).stem


def _manifest(path: Path) -> Iterator[Source]:
    for number, row in _rows(path):
        where = f"{path}, row {number}"
        uri = str(row.get("uri") or "").strip()
        if not uri:
            raise UsageError(f"{where}: no uri; every row names a film (columns: uri, title, series, language)")
        language = row.get("language") or None
        if language is not None and language not in LANGUAGES:
            raise UsageError(f"{where}: unknown language {language!r}; known: {', '.join(LANGUAGES)} (leave it empty to have it detected)")
        if "://" in uri:
            _check_open(uri)
        else:
            film = Path(uri) if Path(uri).is_absolute() else path.parent / uri
            if not film.is_file():
                raise UsageError(f"{where}: {uri}: no such file")
            uri = str(film.absolute())
        series = str(row["series"]).strip() if row.get("series") else None
        yield Source(uri, str(row.get("title") or _title(uri)), series, next((known for known in LANGUAGES if known == language), None))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            if path.suffix.lower() == ".csv":
                for number, row in enumerate(csv.DictReader(stream), start=2):
                    yield number, dict(row)
                return
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    value = json.loads(line)
                    if not isinstance(value, dict):
                        raise UsageError(f"{path}, row {number}: wants an object with a uri, got {line.strip()[:60]}")
                    yield number, value
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path}: not a manifest that can be read: {error}") from error

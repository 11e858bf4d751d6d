"""What a dataset's dead letters need to be tried again: its films, the settings it was made with, how often each letter was tried.

OUT/.build/films-named.json   the sources, in order
OUT/.build/former-{n}.toml    settings whose results are kept, the oldest first
OUT/.build/attempts.json      dead letter -> how often it was tried
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cinedub import storage
from cinedub.commit import BUILD
from cinedub.errors import UsageError
from schemas import Failure, Source, codec

_FILMS, _ATTEMPTS = "films-named.json", "attempts.json"


def keep_films(out: Path, films: Sequence[Source]) -> None:
    """Remember which films a dataset is made of; of an address, no more than may be shown."""
    rows = [Source(storage.shown(film.uri), film.title, film.series, film.language) for film in films]
    storage.write_atomic(out / BUILD / _FILMS, codec.encode(rows))


def sources(out: Path) -> list[Source]:
    """The films that a dataset is made of, in order; an address that held a key ends in ``storage.HIDDEN``."""
    return codec.decode((out / BUILD / _FILMS).read_bytes(), list[Source])


def forget(out: Path) -> None:
    """A dataset is made anew, with one set of settings."""
    for path in [*(out / BUILD).glob("former-*.toml"), out / BUILD / _ATTEMPTS]:
        path.unlink(missing_ok=True)


def again(out: Path) -> tuple[list[Source], list[Path]]:
    """The films of a finished dataset, and the files of the settings it was made with, the oldest first. Its dead letters are counted.

    Raises:
        UsageError: a film's address was not kept.
    """
    build = out / BUILD
    if not (build / _FILMS).exists():
        raise UsageError(f"{out}: nothing says which films it was made of; run its build again, with the films")
    films = sources(out)
    for film in films:
        if film.uri.endswith(storage.HIDDEN):
            raise UsageError(f"{film.uri}: its address held a key and was not kept; run its build again, with the films")
    former = sorted(build.glob("former-*.toml"), key=lambda path: int(path.stem.removeprefix("former-")))
    now = (out / "settings.toml").read_bytes()
    if now not in [path.read_bytes() for path in former]:
        former.append(build / f"former-{len(former)}.toml")
        storage.write_atomic(former[-1], now)
    counts = tried(build)
    for path in (out / "failures").glob("*.jsonl"):
        for letter in (codec.decode(line, Failure) for line in path.read_bytes().splitlines()):
            counts[letter.id] = max(letter.attempt, counts.get(letter.id, 0))
    storage.write_atomic(build / _ATTEMPTS, codec.encode(counts))
    return films, former


def tried(build: Path) -> dict[str, int]:
    """Dead letter -> how often it was tried before the build that is at work in ``build``."""
    path = build / _ATTEMPTS
    return codec.decode(path.read_bytes(), dict[str, int]) if path.exists() else {}

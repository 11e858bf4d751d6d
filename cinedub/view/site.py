"""What there is to ask for: the page, clips and films as JSON, media out of shards. A path names a key, never a file."""

from __future__ import annotations

import datetime
import functools
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from cinedub import overlay, shards
from cinedub.dataset import opened
from cinedub.errors import CinedubError
from cinedub.query import Query, find
from cinedub.report import portrait, previews
from cinedub.report.clips import clip
from cinedub.report.films import film
from cinedub.report.overview import overview
from cinedub.report.page import page
from schemas import Review, codec

TYPES = {"mp4": "video/mp4", "vocals.flac": "audio/flac", "background.flac": "audio/flac", "mix.flac": "audio/flac"}
_ID = re.compile(r"[a-z0-9_-]{1,200}")
_MOST_ROWS = 200


class NotThere(CinedubError):
    """Nothing of that name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body in memory, or the part of a file from ``offset`` on that is ``size`` bytes long."""

    kind: str
    body: bytes = b""
    file: Path | None = None
    offset: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's changes of one clip, as the page sends them."""

    key: str
    changes: tuple[dict[str, Any], ...]


class Site:
    """A dataset's pages. ``editor`` is who edits; without one nothing can be changed."""

    def __init__(self, out: Path, editor: str = "") -> None:
        shards.shards_in(out)
        self.out, self.editor = out, editor
        self._lock = threading.Lock()
        self._version: tuple[int, int] = (0, 0)
        self._open: _Opened | None = None

    def opened(self) -> _Opened:
        """The dataset as it is on disk now: a build that packed it anew is seen at once.

        Raises:
            ShardError: a build is at work in its folder.
        """
        with self._lock:
            shards.shards_in(self.out)
            facts = (self.out / "dataset.json").stat()
            if self._open is None or self._version != (facts.st_mtime_ns, facts.st_ino):
                self._version, self._open = (facts.st_mtime_ns, facts.st_ino), _Opened(self.out)
            return self._open

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """What a path names.

        Raises:
            NotThere: nothing. CinedubError: it is there and can't be shown.
        """
        dataset, parts = self.opened(), path.strip("/").split("/")
        match parts:
            case [""]:
                data = dataset.overview | {
                    "mode": "server",
                    "edit": bool(self.editor),
                    "clips": {"total": 0, "rows": []},
                    "details": {},
                    "timelines": {},
                }
                return Answer("text/html; charset=utf-8", page(data, f"{data['name']} · CineDub", "'self' data:", "'self'").encode())
            case ["api", "clips"]:
                total, rows = find(dataset.data, _query(query))
                return _json({"total": total, "rows": rows})
            case ["api", "clip", key]:
                return _json(self._clip(dataset, key))
            case ["api", "film", name]:
                return _json(dataset.film(_id(name)))
            case ["still", key]:
                return Answer("image/jpeg", previews.still(dataset.data, dataset.row(key)))
            case ["media", key, member] if member in TYPES:
                return dataset.media(key, member)
            case ["face" | "voice" as what, name, speaker]:
                return dataset.portrait(_id(name), _id(speaker), what)
        raise NotThere(f"nothing is called {path[:80]!r} here")

    def edit(self, body: bytes) -> Answer:
        """Keep a person's changes of a clip.

        Raises:
            NotThere: no such clip. CinedubError: a change that can't be.
        """
        dataset = self.opened()
        try:
            asked = codec.decode(body, Asked)
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            said = [codec.convert({**change, "key": asked.key, "by": self.editor, "at": now}, Review) for change in asked.changes]
        except msgspec.MsgspecError as error:
            raise CinedubError(str(error)) from error
        if not all(review.kind == "restore" for review in said):
            record = self._clip(dataset, asked.key)
            for review in said:
                _check(review, record)
        overlay.append(self.out, said)
        return _json({"kept": len(said)})

    def _clip(self, dataset: _Opened, key: str) -> dict[str, Any]:
        detail = clip(dataset.data, dataset.row(key))
        detail["media"] = {name.partition(".")[0]: f"/media/{key}/{name}" for name in TYPES}
        return overlay.shown(detail, overlay.read(self.out).get(key, ()))


class _Opened:
    """One version of a dataset, with what was read of it."""

    def __init__(self, out: Path) -> None:
        self.data = opened(out)
        self.film = functools.lru_cache(maxsize=32)(self._film)

    @functools.cached_property
    def overview(self) -> dict[str, Any]:
        """The page's data on the dataset as a whole."""
        return overview(self.data, json.loads((self.data.out / "metrics.json").read_text()))

    def row(self, key: str) -> dict[str, Any]:
        """A kept clip's row of the manifest."""
        row = self.data.row(_id(key))
        if row is None:
            raise NotThere(f"no clip {key!r} was kept")
        return row

    def media(self, key: str, member: str) -> Answer:
        """One of ``TYPES`` of a kept clip, where it lies in its shard."""
        row = self.row(key)
        if row[f"{member}_bytes"] is None:
            raise NotThere(f"this dataset was left without {member}")
        shard = self.data.out / "shards" / f"{row['shard']}.tar"
        return Answer(TYPES[member], file=shard, offset=row[f"{member}_offset"], size=row[f"{member}_bytes"])

    def _film(self, name: str) -> dict[str, Any]:
        facts = film(self.data, name)
        if not facts["clips"]:
            raise NotThere(f"no film {name!r}")
        for card in facts["cast"]:
            for what in ("face", "voice"):
                if f"{what}_at" in card:
                    card[what] = f"/{what}/{name}/{quote(card['id'])}"
        return {**facts, "people": len(facts["cast"]), "cast": sorted(facts["cast"], key=lambda card: -card["spoken_ms"])}

    def portrait(self, name: str, speaker: str, what: str) -> Answer:
        """The face or the voice of somebody of a film's cast."""
        for card in self.film(name)["cast"]:
            if card["id"] == speaker:
                place = {f"{what}_at": card.get(f"{what}_at")}
                for found, kind, data in portrait(self.data, place) if place[f"{what}_at"] else ():
                    if found == what:
                        return Answer(kind, data)
        raise NotThere(f"no {what} of {speaker!r}")


def _id(name: str) -> str:
    if not _ID.fullmatch(name):
        raise NotThere("names are made of a-z, 0-9, _ and -")
    return name


def _query(asked: Mapping[str, str]) -> Query:
    try:
        query = msgspec.convert(dict(asked), Query, strict=False)
    except msgspec.ValidationError as error:
        raise CinedubError(str(error)) from error
    if not (0 <= query.offset <= 1_000_000 and 0 < query.limit <= _MOST_ROWS):
        raise CinedubError(f"at most {_MOST_ROWS} rows at a time")
    return query


def _check(review: Review, record: dict[str, Any]) -> None:
    """Refuse what the next build would have to refuse."""
    if review.kind in ("reject", "restore"):
        return
    lines = [(line["speaker"], line["start_ms"], line["end_ms"], line["text"]) for line in record["lines"]]
    if overlay.find(review, lines) is None:
        raise CinedubError("the line is no longer what the page showed; open the clip again")
    if review.kind == "speaker" and review.after not in {speaker["id"] for speaker in record["speakers"]}:
        raise CinedubError(f"the clip has no speaker {review.after!r}")
    if review.kind == "time" and int(review.after.partition("-")[2]) > record["span_ms"][1] - record["span_ms"][0]:
        raise CinedubError("the times leave the clip")


def _json(value: Any) -> Answer:
    return Answer("application/json", msgspec.json.encode(value))

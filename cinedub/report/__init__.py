"""report.html: a dataset to look at, in one file that works from disk without a network.

A large dataset is shown by a sample: some thousand rows, some dozen clips and films with pictures and sound, large pictures made smaller.
``cinedub view`` shows all of it with the same page.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cinedub import storage
from cinedub.dataset import Dataset, Row, opened
from cinedub.errors import MediaError
from cinedub.query import KEPT, sample
from cinedub.report import previews
from cinedub.report.clips import clip
from cinedub.report.films import film
from cinedub.report.overview import overview
from cinedub.report.page import data_uri, page
from schemas import Span

#: What a page holds at most: rows, clips with pictures and sound, films with timeline and cast, people of a film with face and voice, bytes.
ROWS, CLIPS, FILMS, PEOPLE, BYTES = 2_000, 48, 20, 12, 18_000_000
#: The part of a page that pictures may take, and what one made smaller takes of its bytes at most (generated films: 0.03 to 0.06).
_PICTURES, _SMALL = 0.75, 0.2


def write(out: Path) -> Path:
    """Write ``out/report.html`` of a dataset whose tables, dataset.json and metrics.json are there. At most 20 MB."""
    dataset = opened(out)
    data = overview(dataset, json.loads((out / "metrics.json").read_text()))
    total, rows = sample(dataset, ROWS)
    room = _Room(BYTES - len(json.dumps([data, rows])))
    with ThreadPoolExecutor(2, "previews") as pool:
        chosen = [_whole(dataset, row["key"]) for row in _chosen(data["worst"], rows)]
        small = _too_large(chosen, int(_PICTURES * room.left * 3 / 4))  # three bytes are four characters
        clips = {}
        for row, detail in zip(chosen, pool.map(lambda row: _detail(dataset, row, row["key"] in small), chosen), strict=True):
            if room.takes(detail):
                clips[row["key"]] = detail
        shown = [name for name, _ in Counter(row["film"] for row in chosen).most_common(FILMS)]
        films = {name: facts for name in shown if room.takes(facts := _film(dataset, name, pool))}
    data |= {"mode": "file", "clips": {"total": total, "rows": rows}, "details": clips, "timelines": films}
    storage.write_atomic(out / "report.html", page(data, f"{data['name']} · CineDub").encode())
    return out / "report.html"


class _Room:
    """Bytes left in a page."""

    def __init__(self, left: int) -> None:
        self.left = left

    def takes(self, part: Any) -> bool:
        """Whether the part still goes in; then its room is taken."""
        size = len(json.dumps(part))
        if size > self.left:
            return False
        self.left -= size
        return True


def _chosen(worst: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Kept clips to show with pictures and sound: the two worst of each gate, then by turns from every kind, language and film."""
    kept = [row for row in rows if row["outcome"] == KEPT]
    first = [row for gate in worst for row in [case for case in gate["rows"] if case["outcome"] == KEPT][:2]]
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in sorted(kept, key=lambda row: storage.address(row["key"])):
        groups.setdefault((row["kind"], row["language"], row["film"]), []).append(row)
    turns = sorted((place, group, row["key"], row) for group, members in groups.items() for place, row in enumerate(members))
    ordered = {row["key"]: row for row in [*first, *(turn[-1] for turn in turns)]}
    return list(ordered.values())[:CLIPS]


def _too_large(rows: list[Row], limit: int) -> set[str]:
    """The clips whose pictures are made smaller for all to fit into so many bytes: the largest, and no more of them than it takes."""
    left, keys = sum(row["mp4_bytes"] or 0 for row in rows), set()
    for row in sorted((row for row in rows if row["mp4_bytes"]), key=lambda row: (-row["mp4_bytes"], row["key"])):
        if left <= limit:
            break
        left -= int(row["mp4_bytes"] * (1 - _SMALL))
        keys.add(row["key"])
    return keys


def _detail(dataset: Dataset, row: Row, small: bool) -> dict[str, Any]:
    detail = clip(dataset, row)
    try:
        made = previews.clip(dataset, row, small)
    except MediaError as error:
        return detail | {"media": {}, "fault": str(error)}
    if "still" in made:
        detail["still"] = data_uri("image/jpeg", made.pop("still"))
    return detail | {"media": {name: data_uri("video/mp4" if name == previews.PICTURE else "audio/webm", data) for name, data in made.items()}}


def _film(dataset: Dataset, name: str, pool: ThreadPoolExecutor) -> dict[str, Any]:
    facts = film(dataset, name)
    facts["people"] = len(facts["cast"])
    facts["cast"] = sorted(facts["cast"], key=lambda card: -card["spoken_ms"])
    shown = facts["cast"][:PEOPLE]
    for card, portraits in zip(shown, pool.map(lambda card: list(portrait(dataset, card)), shown), strict=True):
        card |= {what: data_uri(kind, data) for what, kind, data in portraits}
    for card in facts["cast"]:
        card.pop("face_at", None)
        card.pop("voice_at", None)
    return facts


def portrait(dataset: Dataset, card: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """What there is to see and hear of somebody of a film's cast: ``face`` and ``voice``, each with its media type and bytes."""
    try:
        if "face_at" in card:
            key, at_ms, box = card["face_at"]
            yield "face", "image/jpeg", previews.face(dataset, _whole(dataset, key), at_ms, box)
        if "voice_at" in card:
            key, start, end = card["voice_at"]
            yield "voice", "audio/webm", previews.sound(dataset, _whole(dataset, key), "vocals", Span(start, end))
    except MediaError as error:
        card["fault"] = str(error)


def _whole(dataset: Dataset, key: str) -> Row:
    row = dataset.row(key)
    assert row is not None, f"{key} is in the manifest"
    return row

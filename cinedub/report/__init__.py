"""report.html: a dataset to look at, in one file that works from disk without a network.

A large dataset is shown by a sample: some thousand rows, some dozen clips and films with pictures and sound. ``cinedub view`` shows all of it with
the same page.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cinedub import storage
from cinedub.dataset import Dataset, opened
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


def write(out: Path) -> Path:
    """Write ``out/report.html`` of a dataset whose tables, dataset.json and metrics.json are there. At most 20 MB."""
    dataset = opened(out)
    data = overview(dataset, json.loads((out / "metrics.json").read_text()))
    total, rows = sample(dataset, ROWS)
    room = _Room(BYTES - len(json.dumps([data, rows])))
    with ThreadPoolExecutor(2, "previews") as pool:
        chosen = _chosen(data["worst"], rows)
        clips = {}
        for row, detail in zip(chosen, pool.map(lambda row: _detail(dataset, row), chosen), strict=True):
            if room.takes(detail):
                clips[row["key"]] = detail
        shown = [name for name, _ in Counter(row["film"] for row in chosen).most_common(FILMS)]
        films = {name: facts for name, facts in zip(shown, pool.map(lambda name: _film(dataset, name), shown), strict=True) if room.takes(facts)}
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


def _detail(dataset: Dataset, row: dict[str, Any]) -> dict[str, Any]:
    whole = dataset.row(row["key"])
    assert whole is not None, f"{row['key']} is in the manifest"
    detail = clip(dataset, whole)
    try:
        sounds = [name for name in previews.SOUNDS if whole[f"{name}.flac_bytes"] is not None]
        detail["media"] = {name: data_uri("audio/webm", previews.sound(dataset, whole, name)) for name in sounds}
        detail["media"]["mp4"] = data_uri("video/mp4", previews.picture(dataset, whole))
        detail["still"] = data_uri("image/jpeg", previews.still(dataset, whole))
    except MediaError as error:
        detail |= {"media": detail.get("media", {}), "fault": str(error)}
    return detail


def _film(dataset: Dataset, name: str) -> dict[str, Any]:
    facts = film(dataset, name)
    facts["people"] = len(facts["cast"])
    facts["cast"] = sorted(facts["cast"], key=lambda card: -card["spoken_ms"])
    for number, card in enumerate(facts["cast"]):
        for what, kind, data in portrait(dataset, card) if number < PEOPLE else ():
            card[what] = data_uri(kind, data)
        card.pop("face_at", None)
        card.pop("voice_at", None)
    return facts


def portrait(dataset: Dataset, card: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """What there is to see and hear of somebody of a film's cast: ``face`` and ``voice``, each with its media type and bytes."""
    try:
        if "face_at" in card:
            key, at_ms, box = card["face_at"]
            yield "face", "image/jpeg", previews.face(dataset, _row(dataset, key), at_ms, box)
        if "voice_at" in card:
            key, start, end = card["voice_at"]
            yield "voice", "audio/webm", previews.sound(dataset, _row(dataset, key), "vocals", Span(start, end))
    except MediaError as error:
        card["fault"] = str(error)


def _row(dataset: Dataset, key: str) -> dict[str, Any]:
    row = dataset.row(key)
    assert row is not None, f"{key} is in the manifest"
    return row

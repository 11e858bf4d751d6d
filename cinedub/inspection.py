"""One record of a dataset, looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinedub import untrusted
from cinedub.dataset import Dataset
from cinedub.storage import storage_error
from schemas.record import upgrade


@dataclass(frozen=True)
class Shown:
    """A record's row in the manifest, its members, its JSON."""

    row: dict[str, Any]
    members: dict[str, bytes]
    annotations: dict[str, Any]


def open_record(dataset: Dataset, key: str) -> Shown:
    """The record whose key begins with ``key``, fetched by its offsets; raises as ``Dataset.find``."""
    row = dataset.find(key)
    members = dataset.members(row)
    return Shown(row, members, upgrade(untrusted.json_object(members["json"], row["key"])))


def extract(shown: Shown, folder: Path) -> Iterator[Path]:
    """Write the members to files; yields their paths."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in shown.members.items():
            path = folder / f"{shown.row['key']}.{name}"
            path.write_bytes(data)
            yield path
    except OSError as error:
        raise storage_error(error, folder) from error


def told(shown: Shown) -> str:
    """The record in words."""
    record, row = shown.annotations, shown.row
    film, quality, span = record["film"], record["quality"], record["span_ms"]
    lines = [
        f"{record['key']}  in {row['shard']} ({row['split']})",
        f"{film['title'] or film['id']}  {_clock(span[0])} to {_clock(span[1])}  {record['language']}  {record['kind']}",
        f"{record['emotion']['label']} ({record['emotion']['confidence']:.2f}): {record['clue']}",
        "quality   " + ", ".join(f"{name} {value}" for name, value in quality.items() if value is not None and name != "sync"),
    ]
    if quality["sync"]:
        lines.append(f"sync      {quality['sync']['offset_ms']} ms ({quality['sync']['confidence']:.2f})")
    lines.append("")
    for person in record["speakers"]:
        seen = f"face {person['face']}" if person["face"] is not None else "no face"
        lines.append(f"{person['id']:<8} {person['age']}, {person['gender']}, {seen}{', ' + ' '.join(person['timbre']) if person['timbre'] else ''}")
    lines.append("")
    for line in record["lines"]:
        where = "on screen" if line["on_screen"] else "off"
        lines.append(f"{line['start_ms']:>6} {line['end_ms']:>6}  {line['speaker']:<8} {line['text']}  [{line['emotion']['label']}, {where}]")
        if line["asr_text"] != line["text"]:
            lines.append(f"{'':>15}{'heard':<8} {line['asr_text']}")
    for edit in record["corrections"]:
        lines.append(
            f"{edit['verdict']:<9} line {edit['line']} {edit['kind']}: {edit['before']!r} -> {edit['after']!r} ({edit['by']}: {edit['reason']})"
        )
    return "\n".join([*lines, "", *_members(shown.members)])


def _members(members: dict[str, bytes]) -> Iterator[str]:
    for name, data in members.items():
        shapes = ""
        if name.endswith(".npz"):
            shapes = "  " + ", ".join(f"{array} {'x'.join(map(str, held.shape))}" for array, held in untrusted.arrays(data, name).items())
        yield f"{name:<16} {len(data):>9} bytes{shapes}"


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"

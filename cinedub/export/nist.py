"""RTTM and CTM, NIST's plain forms of who speaks when and which word is where; seconds on the film's clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinedub.dataset import Dataset
from cinedub.export.names import film_name


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """A file per film."""
    for film in dataset.films():
        name = film_name(film[0])
        rows = (_rttm if form == "rttm" else _ctm)(film, name)
        (folder / f"{name}.{form}").write_text("".join(f"{row}\n" for row in rows), "utf-8")


def _rttm(film: list[dict[str, Any]], name: str) -> Iterator[str]:
    for record in film:
        for turn in sorted(record["turns"], key=lambda turn: turn["start_ms"]):
            start, length = record["span_ms"][0] + turn["start_ms"], turn["end_ms"] - turn["start_ms"]
            yield f"SPEAKER {name} 1 {start / 1000:.3f} {length / 1000:.3f} <NA> <NA> {turn['speaker']} {turn['score']:.4f} <NA>"


def _ctm(film: list[dict[str, Any]], name: str) -> Iterator[str]:
    for record in film:
        words = sorted((word["start_ms"], word["end_ms"], word["text"], word["confidence"]) for line in record["lines"] for word in line["words"])
        for start, end, text, confidence in words:
            yield f"{name} 1 {(record['span_ms'][0] + start) / 1000:.3f} {(end - start) / 1000:.3f} {'_'.join(text.split())} {confidence:.4f}"

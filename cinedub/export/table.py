"""One CSV row per line, for spreadsheets and data frames; times in ms on the film's clock."""

from __future__ import annotations

import csv
from pathlib import Path

from cinedub.dataset import Dataset

COLUMNS = (
    "key", "split", "film", "title", "series", "language", "kind", "speaker", "gender", "age", "start_ms", "end_ms", "text", "asr_text",
    "emotion", "emotion_confidence", "on_screen",
)  # fmt: skip


def write(dataset: Dataset, form: str, folder: Path) -> None:
    """``lines.csv``."""
    with (folder / "lines.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(COLUMNS)
        for record in dataset.annotations():
            film, zero = record["film"], record["span_ms"][0]
            people = {speaker["id"]: speaker for speaker in record["speakers"]}
            for line in record["lines"]:
                person = people[line["speaker"]]
                rows.writerow(
                    (
                        record["key"], record["split"], film["id"], film["title"], film["series"] or "", record["language"], record["kind"],
                        line["speaker"], person["gender"], person["age"], zero + line["start_ms"], zero + line["end_ms"], line["text"],
                        line["asr_text"], line["emotion"]["label"], line["emotion"]["confidence"], line["on_screen"],
                    )
                )  # fmt: skip

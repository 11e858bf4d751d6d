"""Dead letters and refused clips, written where people look for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq

from cinedub import storage
from schemas import Dropped, Failure, codec
from transforms.stage import Losses

DROPPED = pa.schema(
    [
        ("key", pa.string()), ("film", pa.string()), ("start_ms", pa.int64()), ("end_ms", pa.int64()), ("stage", pa.string()),
        ("code", pa.string()), ("value", pa.float64()), ("threshold", pa.float64()), ("text", pa.string()),
    ]
)  # fmt: skip


class WriteLosses(beam.PTransform):
    """Write ``failures/{stage}.jsonl`` and ``dropped.parquet``; gives (stage, count) pairs."""

    def __init__(self, losses: Losses, out: Path) -> None:
        super().__init__()
        self.losses, self.out = losses, out

    def expand(self, pipeline: Any) -> Any:
        """(stage, number of failures) and ("", number of dropped clips)."""
        failures = tuple(self.losses.failures) | "Failures" >> beam.Flatten()
        dropped = tuple(self.losses.dropped) | "Dropped" >> beam.Flatten()
        letters = failures | beam.Map(lambda letter: (letter.stage, letter)).with_output_types(tuple[str, Failure]) | "By stage" >> beam.GroupByKey()
        refused = dropped | beam.Map(lambda clip: ("", clip)).with_output_types(tuple[str, Dropped]) | "Together" >> beam.GroupByKey()
        written = letters | "Write letters" >> beam.Map(_write_letters, self.out)
        return (written, refused | "Write dropped" >> beam.Map(_write_dropped, self.out)) | "Counts" >> beam.Flatten()


def _write_letters(item: tuple[str, Iterable[Failure]], out: Path) -> tuple[str, int]:
    letters = sorted(item[1], key=lambda letter: letter.key)
    storage.write_atomic(out / "failures" / f"{item[0]}.jsonl", b"".join(codec.encode(letter) + b"\n" for letter in letters))
    return item[0], len(letters)


def _write_dropped(item: tuple[str, Iterable[Dropped]], out: Path) -> tuple[str, int]:
    clips = sorted(item[1], key=lambda clip: (clip.key, clip.code))
    write_dropped(clips, out / "dropped.parquet")
    return "", len(clips)


def write_dropped(clips: list[Dropped], path: Path) -> None:
    """The table of refused clips; an empty one when nothing was refused."""
    rows = [
        {
            "key": clip.key, "film": clip.film, "start_ms": clip.span.start, "end_ms": clip.span.end, "stage": clip.stage, "code": clip.code,
            "value": clip.value, "threshold": clip.threshold, "text": clip.text,
        }
        for clip in clips
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, DROPPED), path)

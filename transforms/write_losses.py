"""Dead letters and refused clips, written where people look for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam

from cinedub import attempts, progress, storage
from cinedub.manifest import write_dropped
from schemas import Dropped, Failure, codec
from transforms.stage import Losses


class WriteLosses(beam.PTransform):
    """Write ``failures/{stage}.jsonl`` and ``dropped.parquet`` into a folder; gives (stage, count) pairs."""

    def __init__(self, losses: Losses, folder: Path) -> None:
        super().__init__()
        self.losses, self.folder = losses, folder

    def expand(self, pipeline: Any) -> Any:
        """(stage, number of failures) and ("", number of dropped clips)."""
        failures = tuple(self.losses.failures) | "Failures" >> beam.Flatten()
        dropped = tuple(self.losses.dropped) | "Dropped" >> beam.Flatten()
        letters = failures | beam.Map(lambda letter: (letter.stage, letter)).with_output_types(tuple[str, Failure]) | "By stage" >> beam.GroupByKey()
        refused = dropped | beam.Map(lambda clip: ("", clip)).with_output_types(tuple[str, Dropped]) | "Together" >> beam.GroupByKey()
        written = letters | "Write letters" >> beam.Map(_write_letters, self.folder)
        return (written, refused | "Write dropped" >> beam.Map(_write_dropped, self.folder)) | "Counts" >> beam.Flatten()


def _write_letters(item: tuple[str, Iterable[Failure]], folder: Path) -> tuple[str, int]:
    with progress.fatal("WriteLosses", folder):
        tried = attempts.tried(folder)
        ordered = sorted(item[1], key=lambda letter: (letter.key, letter.message))
        letters = [replace(letter, attempt=tried.get(letter.id, 0) + 1) for letter in ordered]
        storage.write_atomic(folder / "failures" / f"{item[0]}.jsonl", b"".join(codec.encode(letter) + b"\n" for letter in letters))
    return item[0], len(letters)


def _write_dropped(item: tuple[str, Iterable[Dropped]], folder: Path) -> tuple[str, int]:
    clips = sorted(item[1], key=lambda clip: (clip.key, clip.code))
    with progress.fatal("WriteLosses", folder):
        write_dropped(clips, folder / "dropped.parquet")
    return "", len(clips)


__all__ = ["WriteLosses", "write_dropped"]

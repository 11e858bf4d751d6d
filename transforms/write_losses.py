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
        lost = tuple(self.losses.lost) | "Lost" >> beam.Flatten()
        named = lost | "Name" >> beam.Map(_named).with_output_types(tuple[str, Any])
        return named | "By stage" >> beam.GroupByKey() | "Write" >> beam.Map(_write, self.folder)


def _named(noun: Failure | Dropped) -> tuple[str, Failure | Dropped]:
    return noun.stage if isinstance(noun, Failure) else "", noun


def _write(item: tuple[str, Iterable[Any]], folder: Path) -> tuple[str, int]:
    return _write_letters(item, folder) if item[0] else _write_dropped(item, folder)


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

"""Many dubs as one Beam pipeline: a job that fails becomes a dead letter, and the others go on."""

from __future__ import annotations

import csv
import functools
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from cinedub import storage
from cinedub.dataset import load
from cinedub.errors import UsageError
from model.dub import Dubbing, Manner
from pipelines.dubbing import dub
from schemas import Dubbed, DubJob, codec
from transforms.stage import Losses, Stage
from transforms.write_losses import WriteLosses


@dataclass(frozen=True, slots=True)
class Speaking:
    """With what, and how, all jobs are spoken."""

    checkpoint: str
    manner: Manner = field(default_factory=Manner)
    device: str = "cpu"
    threads: int = 2


@functools.lru_cache(maxsize=1)
def dubbing(checkpoint: str, device: str, threads: int) -> Dubbing:
    """The model, loaded once in a process."""
    return Dubbing(Path(checkpoint), device=device, threads=threads)


def speak(job: DubJob, speaking: Speaking, assets: storage.Assets) -> Dubbed:
    """One job's file. Its takes are remembered line by line; the file itself may be gone tomorrow, so that it was made isn't."""
    assets.lasting = False
    return dub(job, dubbing(speaking.checkpoint, speaking.device, speaking.threads), speaking.manner)


class Dub(Stage[DubJob, Dubbed]):
    """Dub every job."""

    run = staticmethod(speak)


@dataclass(frozen=True, slots=True)
class Batch:
    """How a batch ended."""

    dubbed: list[Dubbed]
    letters: list[dict[str, Any]]


def draw(pipeline: beam.Pipeline, jobs: Sequence[DubJob], speaking: Speaking, out: Path) -> None:
    """Jobs become files, and ``dubbed.jsonl`` tells of them; what failed lies in ``failures``."""
    losses = Losses()
    made = pipeline | "Jobs" >> beam.Create(jobs, reshuffle=True).with_output_types(DubJob) | Dub(speaking, losses)
    _ = pipeline | WriteLosses(losses, out)
    _ = made | "All" >> beam.CombineGlobally(beam.combiners.ToListCombineFn()) | "Tell" >> beam.Map(_tell, out / "dubbed.jsonl")


def _tell(made: list[Dubbed], path: Path) -> None:
    rows = sorted(made, key=lambda one: one.out)
    storage.write_atomic(path, b"".join(codec.encode(one) + b"\n" for one in rows))


def run(jobs: Sequence[DubJob], out: Path, speaking: Speaking, beam_flags: Sequence[str] = ()) -> Batch:
    """Dub all jobs; ``out`` is the folder for the account of it.

    Raises:
        UsageError: two jobs for one file.
        CinedubError: what hits every job: no checkpoint, no space.
    """
    names = [job.out for job in jobs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"two jobs write {twice}")
    dubbing(speaking.checkpoint, speaking.device, speaking.threads)
    shutil.rmtree(out / "failures", ignore_errors=True)
    options = PipelineOptions(list(beam_flags), save_main_session=False)
    runner = None if options.get_all_options(drop_default=True).get("runner") else FnApiRunner()
    pipeline = beam.Pipeline(runner=runner, options=options)
    draw(pipeline, jobs, speaking, out)
    pipeline.run().wait_until_finish()
    told = (out / "dubbed.jsonl").read_bytes().splitlines()
    letters = [codec.decode(line, dict) for path in sorted((out / "failures").glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return Batch([codec.decode(line, Dubbed) for line in told], letters)


def jobs_of(manifest: Path, out: Path) -> list[DubJob]:
    """Jobs out of a manifest (``.csv`` or ``.jsonl``), one a row: ``script``, ``video``, ``voices`` (with spaces between), ``out`` and whatever else
    ``schemas.DubJob`` has. Files are looked for beside the manifest; a row's ``out`` lies in the folder ``out``.

    Raises:
        UsageError: no such file, or a row that is no job.
    """
    try:
        text = manifest.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines())) if manifest.suffix == ".csv" else [json.loads(line) for line in text.splitlines() if line]
    except (OSError, ValueError) as error:
        raise UsageError(f"{manifest}: no manifest of jobs ({error})") from error
    return [_job(row, manifest, number, out) for number, row in enumerate(rows, start=1)]


def _job(row: dict[str, Any], manifest: Path, number: int, out: Path) -> DubJob:
    given = {name: value for name, value in row.items() if value not in (None, "")}
    if isinstance(given.get("voices"), str):
        given["voices"] = given["voices"].split()
    try:
        for name in given.keys() & {"script", "video", "dataset"}:
            given[name] = str(manifest.parent / given[name])
        return msgspec.convert(given | {"out": str(out / given["out"])}, DubJob, strict=False)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise UsageError(f"{manifest}, row {number}: no job ({type(error).__name__}: {error})") from error


def jobs_of_dataset(dataset: Path, pattern: str, **same: Any) -> list[DubJob]:
    """A job for every record, its file named by ``pattern`` with the key for ``*``.

    Raises:
        ShardError: no finished dataset.
    """
    return [DubJob(out=pattern.replace("*", key), dataset=str(dataset), key=key, **same) for key in load(dataset).table("key")["key"].to_pylist()]

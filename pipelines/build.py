"""Films to shards: the whole chain as one Beam pipeline, and the run around it."""

from __future__ import annotations

import dataclasses
import os
import resource
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from cinedub import attempts, backends, cache, commit, config, display, outcome, overlay, progress, shards, sources, storage, weights
from cinedub.errors import UsageError
from cinedub.outcome import Outcome
from pipelines.run import run
from schemas import Shard, Source, codec
from transforms import ahead
from transforms.amend import amended
from transforms.correct import Correct
from transforms.cut_clips import CutClips
from transforms.cut_reels import CutReels
from transforms.detect_shots import DetectShots
from transforms.distinct import Distinct
from transforms.find_scenes import FindScenes
from transforms.gather import Gather
from transforms.hear import Hear
from transforms.judge import Judge
from transforms.list_films import ListFilms
from transforms.pack import Pack
from transforms.probe import Probe
from transforms.recognise import Recognise
from transforms.see import See
from transforms.separate import Separate
from transforms.stage import Losses
from transforms.transcribe import Transcribe
from transforms.write_facts import WriteFacts
from transforms.write_losses import WriteLosses, write_dropped
from transforms.write_shards import WriteShards


def draw(pipeline: beam.Pipeline, films: Sequence[Source], settings: config.Settings, out: Path) -> None:
    """The graph: a film becomes reels, reels become clips, clips become records, records become shards."""
    losses = Losses(settings.run.accelerator, settings=settings)
    accepted = pipeline | ListFilms(films, out) | Probe(settings.probe, losses) | Distinct(losses)
    scripts = passages(accepted, settings, losses) | "Spread passages" >> beam.Reshuffle() | Correct(settings.correct, losses)
    written = (
        amended(scripts, overlay.read(out), settings.correct, losses)
        | Judge(settings.judge, losses)
        | Pack(settings, losses)
        | WriteShards(settings.pack, out)
    )
    films_told = accepted | "Film facts" >> beam.Map(lambda film: (film.id, film.duration))
    losses_told = pipeline | WriteLosses(losses, out / commit.BUILD)
    _ = dict(zip(commit.FACTS, (films_told, written, losses_told), strict=True)) | WriteFacts(out / commit.BUILD)


def passages(accepted: Any, settings: config.Settings, losses: Losses) -> Any:
    """The half of the graph before correction: films in, who is heard and seen in the clips of every scene out."""
    clips = (
        accepted
        | CutReels(settings.reels, losses)
        | "Spread reels" >> beam.Reshuffle()
        | DetectShots(settings.shots, losses)
        | Separate(settings.separate, losses)
        | FindScenes(settings.scenes, losses)
        | Transcribe(settings.transcribe, losses)
        | CutClips(settings.clips, losses)
        | "Spread clips" >> beam.Reshuffle()
    )
    voices = clips | Hear(settings.hear, losses)
    faces = clips | See(settings.see, losses)
    return {"voices": voices, "faces": faces} | Gather() | Recognise(settings.recognise, losses)


def build(
    names: Sequence[str],
    out: Path,
    settings: config.Settings,
    limit: int | None = None,
    beam_flags: Sequence[str] = (),
    mode: str = "text",
) -> Outcome:
    """Build a dataset from films, resuming whatever is in the cache.

    Args:
        names: files, folders, globs, manifests.
        out: the dataset's folder.
        limit: take only so many films.
        beam_flags: Beam's own flags, passed through untouched.
        mode: what to show while it runs: text, json or quiet.

    Raises:
        UsageError, WeightsError, StorageError: nothing was begun, or the build had to stop; one line says why.
        BuildFailed: the runner failed.
    """
    films = sources.expand(names)[:limit]
    preflight(settings)
    with commit.at_work(out):
        attempts.forget(out)
        made = make(films, out, settings, beam_flags, mode)
        outcome.keep(out, films, settings, made)
        return made


def detach(names: Sequence[str], out: Path, settings: config.Settings, limit: int | None = None, beam_flags: Sequence[str] = ()) -> None:
    """Hand the graph to its runner and don't wait; ``finish`` makes the dataset when the runner is done. Arguments and errors as ``build``."""
    films = sources.expand(names)[:limit]
    preflight(settings)
    with commit.at_work(out):
        attempts.forget(out)
        with _begun(films, out, settings):
            _pipeline(films, out, settings, beam_flags).run()


def finish(out: Path) -> Outcome:
    """Make the dataset of a detached build whose runner is done.

    Raises:
        UsageError: no build was detached here, or its runner isn't done. StorageError: it can't be written.
    """
    with commit.at_work(out):
        build = out / commit.BUILD
        notes = sorted(build.glob("progress-*/"))
        if not notes:
            raise UsageError(f"{out}: no build waits here for its end")
        if not (build / "shards.json").exists():
            raise UsageError(f"{out}: its runner has not come to the end; see cinedub status {out}")
        wall_s = (build / "shards.json").stat().st_mtime - (build / "settings.toml").stat().st_mtime
        return _commit(out, config.load(build / "settings.toml"), _told(progress.Reader(notes[-1])), wall_s, notes[-1])


def retry(out: Path, sets: Sequence[str] = (), beam_flags: Sequence[str] = (), mode: str = "text") -> Outcome | None:
    """Try the dead letters of a finished dataset again, and merge what comes of them; None when there are none.

    What was finished stays as it is, also when ``sets`` changes the settings: they are for what was not.

    Raises:
        ShardError: no finished dataset at ``out``. UsageError: its films' addresses were not kept. Otherwise as ``build``.
    """
    shards.shards_in(out)
    if not any((out / "failures").glob("*.jsonl")):
        return None
    settings = config.load(out / "settings.toml", sets=sets)
    preflight(settings)
    with commit.at_work(out):
        films, former = attempts.again(out)
        return make(films, out, settings, [*beam_flags, *(f"--former_settings={path}" for path in former)], mode)


def make(films: Sequence[Source], out: Path, settings: config.Settings, beam_flags: Sequence[str], mode: str) -> Outcome:
    """Build a dataset from sources in a folder that is held (``commit.at_work``)."""
    with _begun(films, out, settings) as note, cache.bounded(int(settings.cache.max_gb * 1e9)), display.Watch(note, len(films), mode) as watch:
        try:
            result = run(_pipeline(films, out, settings, beam_flags), watch.reader)
        finally:
            ahead.stop()
        return _commit(out, settings, _stages(result, watch.reader), watch.wall_s, note)


@contextmanager
def _begun(films: Sequence[Source], out: Path, settings: config.Settings) -> Iterator[Path]:
    """The folder in which workers tell their progress."""
    commit.begin(out, settings)
    note = out / commit.BUILD / f"progress-{uuid.uuid4().hex}"
    try:
        attempts.keep_films(out, films)
        note.mkdir()
    except OSError as error:
        raise storage.storage_error(error, out) from error
    os.environ |= {progress.VARIABLE: str(note.absolute()), progress.DRIVER: str(os.getpid())}
    try:
        yield note
    finally:
        for name in (progress.VARIABLE, progress.DRIVER):
            os.environ.pop(name, None)


def _pipeline(films: Sequence[Source], out: Path, settings: config.Settings, beam_flags: Sequence[str]) -> beam.Pipeline:
    options = PipelineOptions([*settings.run.flags, *beam_flags], save_main_session=False)
    runner = None if options.get_all_options(drop_default=True).get("runner") else FnApiRunner()
    pipeline = beam.Pipeline(runner=runner, options=options)
    draw(pipeline, films, settings, out)
    return pipeline


def _commit(out: Path, settings: config.Settings, stages: dict[str, Any], wall_s: float, note: Path) -> Outcome:
    """The dataset of what the graph wrote."""
    build = out / commit.BUILD
    metrics = {"stages": stages, "wall_s": round(wall_s, 3), "peak_mb": _peak_mb()}
    if not (build / "dropped.parquet").exists():
        write_dropped([], build / "dropped.parquet")
    made = codec.decode((build / "shards.json").read_bytes(), list[Shard])
    durations = dict(codec.decode((build / "films.json").read_bytes(), list[tuple[str, int]]))
    dataset = commit.finish(out, settings, made, len(attempts.sources(out)), sum(durations.values()) / 1000, metrics)
    shutil.rmtree(note)  # that of a build which was stopped stays for ``cinedub status``, until the next one begins
    letters = [codec.decode(line, dict) for path in sorted((out / "failures").glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return Outcome(dataset, metrics, letters)


def preflight(settings: config.Settings) -> None:
    """Find every model that the settings name before anything is decoded; load those that don't come from the pack.

    Raises:
        UsageError: an unknown backend, or two voice encoders. WeightsError: missing files. StorageError: a cache that can't be written.
    """
    storage.check_cache()
    if config.decisive(settings.correct.voice_encoder) != config.decisive(settings.hear.voice_encoder):
        raise UsageError("correct.voice_encoder listens for the voices that hear.voice_encoder measured: set both alike")
    for field in dataclasses.fields(settings):
        for role, model in config.models(getattr(settings, field.name)).items():
            backends.digest(role, model)
            if model.weights not in weights.PACK:
                backends.load(role, model)


_MS = ("media_ms", "busy_ms", "cpu_ms", "load_cpu_ms")


def _stages(result: Any, reader: progress.Reader) -> dict[str, Any]:
    """Per stage: in, out, dropped, failed, cached, media and busy seconds, real-time factor, seconds of all cores (``load_cpu_s``: of loading
    models); ``noted`` is what a stage counts besides. From a runner that keeps no metrics (Dask's): what the workers told, without the cores."""
    found: dict[str, dict[str, Any]] = {}
    try:
        query = result.metrics().query()
    except NotImplementedError:
        return _told(reader)
    for counter in query["counters"]:
        found.setdefault(counter.key.metric.namespace, {})[counter.key.metric.name] = counter.result or 0
    for distribution in query["distributions"]:
        found.setdefault(distribution.key.metric.namespace, {})[distribution.key.metric.name] = distribution.result.sum or 0
    rows = {}
    for name in display.FEEDS:
        if name in found and "busy_ms" in found[name]:
            facts = {key: found[name].get(key, 0) for key in ("done", "out", "dropped", "failed", "cached", *_MS)}
            media_s, busy_s, cpu_s, load_s = (facts.pop(key) / 1000 for key in _MS)
            factor = round(busy_s / media_s, 4) if media_s else None
            rows[name] = facts | {"in": facts["done"] + facts["failed"], "media_s": media_s, "busy_s": busy_s, "real_time_factor": factor}
            rows[name] |= {"cpu_s": cpu_s, "load_cpu_s": load_s}
            if noted := {key: value for key, value in found[name].items() if key not in facts and key not in _MS}:
                rows[name]["noted"] = noted
    return rows


def _told(reader: progress.Reader) -> dict[str, Any]:
    tallies, rows = reader.update(), {}
    for name, tally in ((name, tallies[name]) for name in display.FEEDS if name in tallies):
        counts = {key: getattr(tally, key) for key in ("done", "out", "dropped", "failed", "cached")} | {"in": tally.done + tally.failed}
        factor = round(tally.busy_ms / tally.media_ms, 4) if tally.media_ms else None
        rows[name] = counts | {"media_s": tally.media_ms / 1000, "busy_s": tally.busy_ms / 1000, "real_time_factor": factor}
    return rows


def _peak_mb() -> float:
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(max(own, children) / 1024, 1)

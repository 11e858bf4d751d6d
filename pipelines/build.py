"""Films to shards: the whole chain as one Beam pipeline, and the run around it."""

from __future__ import annotations

import dataclasses
import os
import resource
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from cinedub import backends, commit, config, display, progress, sources, storage, weights
from cinedub.errors import CinedubError, UsageError
from schemas import Shard, Source, codec
from transforms.correct import Correct
from transforms.cut_clips import CutClips
from transforms.cut_reels import CutReels
from transforms.detect_shots import DetectShots
from transforms.distinct import Distinct
from transforms.find_scenes import FindScenes
from transforms.gather import Gather
from transforms.hear import Hear
from transforms.judge import Judge
from transforms.pack import Pack
from transforms.probe import Probe
from transforms.recognise import Recognise
from transforms.see import See
from transforms.separate import Separate
from transforms.stage import Losses
from transforms.transcribe import Transcribe
from transforms.write_losses import WriteLosses, write_dropped
from transforms.write_shards import WriteShards


class BuildFailed(CinedubError):
    """The build stopped before it was finished."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a build ended: dataset.json, metrics.json and the dead letters."""

    dataset: dict[str, Any]
    metrics: dict[str, Any]
    letters: list[dict[str, Any]]


def draw(pipeline: beam.Pipeline, films: Sequence[Source], settings: config.Settings, out: Path) -> None:
    """The graph: a film becomes reels, reels become clips, clips become records, records become shards."""
    losses = Losses()
    accepted = pipeline | "Films" >> beam.Create(films, reshuffle=True).with_output_types(Source) | Probe(settings.probe, losses) | Distinct(losses)
    shards = (
        passages(accepted, settings, losses)
        | "Spread passages" >> beam.Reshuffle()
        | Correct(settings.correct, losses)
        | Judge(settings.judge, losses)
        | Pack(settings, losses)
        | WriteShards(settings.pack, out)
    )
    _ = pipeline | WriteLosses(losses, out)
    _ = accepted | "Film facts" >> beam.Map(lambda film: (film.id, film.duration)) | "All films" >> _Collect(out / ".build" / "films.json")
    _ = shards | "All shards" >> _Collect(out / ".build" / "shards.json")


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


class _Collect(beam.PTransform):
    """Write a small collection as one JSON list, also when it is empty."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def expand(self, items: Any) -> Any:
        return items | beam.CombineGlobally(beam.combiners.ToListCombineFn()) | beam.Map(_write_list, self.path)


def _write_list(items: list[Any], path: Path) -> None:
    storage.write_atomic(path, codec.encode(items))


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
    commit.begin(out, settings)
    note = out / ".build" / f"progress-{uuid.uuid4().hex}.jsonl"
    os.environ[progress.VARIABLE] = str(note.absolute())
    options = PipelineOptions(list(beam_flags), save_main_session=False)
    runner = None if options.get_all_options(drop_default=True).get("runner") else FnApiRunner()
    try:
        with display.Watch(note, len(films), mode) as watch:
            pipeline = beam.Pipeline(runner=runner, options=options)
            draw(pipeline, films, settings, out)
            result = _run(pipeline, watch)
        metrics = {"stages": _stages(result), "wall_s": round(watch.wall_s, 3), "peak_mb": _peak_mb()}
        if not (out / "dropped.parquet").exists():
            write_dropped([], out / "dropped.parquet")
        made = codec.decode((out / ".build" / "shards.json").read_bytes(), list[Shard])
        durations = dict(codec.decode((out / ".build" / "films.json").read_bytes(), list[tuple[str, int]]))
        dataset = commit.finish(out, settings, made, len(films), sum(durations.values()) / 1000, metrics)
    finally:
        os.environ.pop(progress.VARIABLE, None)
        note.unlink(missing_ok=True)
    letters = [codec.decode(line, dict) for path in sorted((out / "failures").glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return Outcome(dataset, metrics, letters)


def preflight(settings: config.Settings) -> None:
    """Find every model that the settings name before anything is decoded; load those that don't come from the pack.

    Raises:
        UsageError: an unknown backend. WeightsError: missing files. StorageError: a cache that can't be written.
    """
    storage.check_cache()
    for field in dataclasses.fields(settings):
        for role, model in config.models(getattr(settings, field.name)).items():
            backends.digest(role, model)
            if model.weights not in weights.PACK:
                backends.load(role, model)


def _run(pipeline: beam.Pipeline, watch: display.Watch) -> Any:
    try:
        result = pipeline.run()
        result.wait_until_finish()
    except Exception as error:
        watch.reader.update()
        if watch.reader.fatal:
            raise BuildFailed(watch.reader.fatal) from error
        raise BuildFailed(f"the runner failed: {str(error).strip().splitlines()[-1][:300]}; run with --debug for the trace") from error
    return result


def _stages(result: Any) -> dict[str, Any]:
    """Per stage: in, out, dropped, failed, cached, media and busy seconds, real-time factor; ``noted`` is what a stage counts besides."""
    found: dict[str, dict[str, Any]] = {}
    query = result.metrics().query()
    for counter in query["counters"]:
        found.setdefault(counter.key.metric.namespace, {})[counter.key.metric.name] = counter.result
    for distribution in query["distributions"]:
        found.setdefault(distribution.key.metric.namespace, {})[distribution.key.metric.name] = distribution.result.sum
    rows = {}
    for name in display.FEEDS:
        if name in found and "busy_ms" in found[name]:
            facts = {key: found[name].get(key, 0) for key in ("done", "out", "dropped", "failed", "cached", "media_ms", "busy_ms")}
            media_s, busy_s = facts.pop("media_ms") / 1000, facts.pop("busy_ms") / 1000
            factor = round(busy_s / media_s, 4) if media_s else None
            rows[name] = facts | {"in": facts["done"] + facts["failed"], "media_s": media_s, "busy_s": busy_s, "real_time_factor": factor}
            if noted := {key: value for key, value in found[name].items() if key not in facts and key not in ("media_ms", "busy_ms")}:
                rows[name]["noted"] = noted
    return rows


def _peak_mb() -> float:
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(max(own, children) / 1024, 1)


def profile(name: str) -> Path:
    """The settings file of a profile: one that comes with CineDub, or a path.

    Raises:
        UsageError: neither.
    """
    shipped = Path(str(resources.files("pipelines") / "profiles"))
    path = shipped / f"{name}.toml" if "/" not in name and not name.endswith(".toml") else Path(name)
    if not path.is_file():
        raise UsageError(f"no profile {name!r}; there are: {', '.join(sorted(p.stem for p in shipped.glob('*.toml')))}, or name a .toml file")
    return path

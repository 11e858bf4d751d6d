"""How a dataset comes along: read off what its build leaves in OUT/.build while it works, and off metrics.json when it is done."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cinedub import commit, display, rates
from cinedub.errors import UsageError
from cinedub.progress import Tally


@dataclass(frozen=True)
class Status:
    """``state``: a build is at work, or was stopped before its end, or has finished. ``left_s`` is None where it can't be known.

    ``stages`` has a row for each stage that has begun (``display.Watch.facts``), ``lines`` the same to read; ``dataset`` and ``metrics`` are those
    of the finished dataset, which may be older than the build at work.
    """

    state: Literal["at work", "stopped", "done"]
    films: int
    elapsed_s: float
    left_s: float | None
    stages: list[dict[str, Any]]
    lines: list[str]
    #: What stopped the build, where a worker said it.
    fault: str = ""
    dataset: dict[str, Any] | None = field(default=None, repr=False)
    metrics: dict[str, Any] | None = field(default=None, repr=False)


def status(out: Path) -> Status:
    """How the dataset in ``out`` comes along. Nothing there is changed, and a build at work isn't disturbed.

    Raises:
        UsageError: no dataset there, and no build of one.
    """
    at_work, build = commit.held(out), out / commit.BUILD
    whole = (out / commit.SUCCESS).exists()
    dataset, metrics = (_json(out / name) if whole else None for name in ("dataset.json", "metrics.json"))
    begun = build / "settings.toml"  # written when a build begins, renamed when its dataset is put in place
    if not begun.exists() and not whole:
        begun = out / "settings.toml"
    if not at_work and not begun.exists():
        if dataset is None or metrics is None:
            raise UsageError(f"{out}: no dataset here, and no build of one; begin one with: cinedub build FILMS --out {out}")
        return _finished(out, dataset, metrics)
    told = next(build.glob("progress-*"), build / "progress")
    watch = display.Watch(told, _films(build))
    stages = watch.tallies()
    until = time.time() if at_work else max(map(_changed, (begun, *told.glob("*.jsonl"))))
    elapsed_s = max(0.0, until - _changed(begun)) if begun.exists() else 0.0
    return Status(
        state="at work" if at_work else "stopped",
        films=watch.films,
        elapsed_s=round(elapsed_s, 1),
        left_s=_left(watch, elapsed_s) if at_work else None,
        stages=[watch.facts(name, tally) for name, tally in stages.items()],
        lines=watch.lines(),
        fault=watch.reader.fatal,
        dataset=dataset,
        metrics=metrics,
    )


def _finished(out: Path, dataset: dict[str, Any], metrics: dict[str, Any]) -> Status:
    watch = display.Watch(out / commit.BUILD / "progress", dataset["films"])
    for name, facts in metrics.get("stages", {}).items():
        ms = {f"{what}_ms": round(facts[f"{what}_s"] * 1000) for what in ("media", "busy")}
        watch.reader.stages[name] = Tally(facts["in"] - facts["failed"], facts["failed"], facts["cached"], facts["out"], **ms)
    stages = watch.tallies()
    rows = [watch.facts(name, tally) for name, tally in stages.items()]
    return Status("done", dataset["films"], metrics.get("wall_s", 0.0), 0.0, rows, watch.lines(), dataset=dataset, metrics=metrics)


def _left(watch: display.Watch, elapsed_s: float) -> float | None:
    """Seconds that the build will take yet: for each stage the film that it hasn't seen, at its pace so far, or, before it begins, at the pace that
    ``make rates`` measured; as many at once as were so far. None while films are probed, or while a stage's pace isn't known."""
    stages = watch.reader.stages
    if not _complete("CutReels", watch):
        return None
    film_ms, busy_ms = stages["CutReels"].media_ms, 0.0
    try:
        measured: Mapping[str, float] = rates.here().core_s
    except UsageError:
        measured = {}
    for name, feed in display.FEEDS.items():
        tally = stages.get(name, Tally())
        finished = tally.done + tally.failed
        if _complete(name, watch):
            continue
        if feed and _complete(feed, watch) and finished:
            busy_ms += (watch.total(name) - finished) * tally.busy_ms / finished
        elif tally.media_ms:
            busy_ms += max(0, film_ms - tally.media_ms) * tally.busy_ms / tally.media_ms
        elif name in measured:
            busy_ms += film_ms * measured[name]
        elif name != "Amend":  # at work only where people have edited
            return None
    at_once = max(1.0, sum(tally.busy_ms for tally in stages.values()) / 1000 / elapsed_s) if elapsed_s else 1.0
    return round(busy_ms / 1000 / at_once, 1)


def _complete(stage: str, watch: display.Watch) -> bool:
    """Whether a stage and all before it have worked through what there is."""
    stages, feed = watch.reader.stages, display.FEEDS[stage]
    if (tally := stages.get(stage)) is None:
        return False
    if stage == "Recognise":  # takes whole films
        return _complete("Hear", watch) and _complete("See", watch) and tally.media_ms >= stages["CutReels"].media_ms
    if stage != "Probe" and not (feed and _complete(feed, watch)):
        return False
    return tally.done + tally.failed >= watch.total(stage)


def _films(build: Path) -> int:
    found = _json(build / "films-named.json")
    return len(found) if found else 0


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def _changed(path: Path) -> float:
    """When a file was last written; 0 when it has gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def table(found: Status, out: Path) -> str:
    """The status to read."""
    if found.state == "done" and found.dataset and found.metrics:
        return "\n".join([f"{out}: done", *found.lines, display.summary(found.dataset, found.metrics, str(out))])
    left = "" if found.state == "stopped" else f", about {found.left_s:.0f} s left" if found.left_s is not None else ", time left not known yet"
    head = f"{out}: {found.state}, {found.films} films, {found.elapsed_s:.0f} s{left}"
    rest = [found.fault] if found.fault else []
    if found.state == "stopped":
        rest.append("the same build goes on where it was")
    elif not found.stages:
        rest.append("no worker has told of anything yet (those on other machines never do: ask the runner)")
    if found.dataset:
        rest.append(f"the dataset of an earlier build is there, with {found.dataset['records']} clips")
    return "\n".join([head, *found.lines, *rest])


def facts(found: Status) -> dict[str, Any]:
    """The status for machines."""
    return {name: value for name, value in asdict(found).items() if name != "lines"}

"""The figures of ``pipelines.bench`` as a page to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cinedub.display import FEEDS


def derived(found: dict[str, Any]) -> dict[str, float]:
    """What is asked of a build: seconds a film second, the share of wall that is no stage's work, how much faster it is from the cache and in two
    processes, and its time beside the plain script's (below 1: faster)."""
    cold, one, two = found["cold"], found["one process"], found["two processes"]
    busy_s = sum(facts["busy_s"] for facts in cold["stages"].values())
    return {
        "wall a film second": cold["wall_s"] / cold["film_s"],
        "orchestration": 1 - busy_s / cold["wall_s"],
        "cold / cached": cold["wall_s"] / found["cached"]["wall_s"],
        "one process on one core / two on two": found["one core"]["wall_s"] / two["wall_s"],
        "the same, by seconds of cores": 2 * found["one core"]["core_s"] / two["core_s"],
        "one process on two cores / two on two": one["wall_s"] / two["wall_s"],
        "build / script, wall": cold["wall_s"] / found["script"]["wall_s"],
        "build / script, cores": cold["core_s"] / found["script"]["core_s"],
    }


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    cold = found["cold"]
    film_s, stages = cold["film_s"], cold["stages"]
    machine = found["machine"]
    lines = [
        "# Where the time goes",
        "",
        f"`make bench` on a film of {film_s:.0f} s ({cold['records']} records), default settings, {machine['cores']} cores of {machine['cpu']};"
        f" the machine's load before it began: {found['load_before']:.2f}."
        + (" It did other work, too: of these figures the seconds of cores mean most." if found["load_before"] > 1 else ""),
        "",
        "| stage | busy s a film second | core s a film second | elements | of it loading models, core s |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in (name for name in FEEDS if name in stages):
        facts = stages[name]
        lines.append(_row(name, facts["busy_s"] / film_s, facts["cpu_s"] / film_s, facts["in"], facts["load_cpu_s"]))
    busy_s, core_s, load_s = (sum(facts[key] for facts in stages.values()) for key in ("busy_s", "cpu_s", "load_cpu_s"))
    lines += [
        _row("all stages", busy_s / film_s, core_s / film_s, "", load_s),
        _row("the command", cold["wall_s"] / film_s, cold["core_s"] / film_s, "", ""),
    ]
    lines += ["", "| run | wall s | core s | largest process, MB | to disk, MB |", "|---|---:|---:|---:|---:|"]
    names = {
        "cold": "from nothing, two elements at a time (the default)", "cached": "again, nothing changed",
        "elsewhere": "into another folder, all from the cache", "script": "plain script, the same functions",
        "one process": f"as {found['parts']} films, one element at a time", "one core": f"as {found['parts']} films, one element at a time, one core",
        "two processes": f"as {found['parts']} films, two processes",
    }  # fmt: skip
    lines += [_row(told, *(found[run][key] for key in ("wall_s", "core_s", "peak_mb", "written_mb"))) for run, told in names.items()]
    same = found["script"]["said"] == cold["digest"], len({found[run]["digest"] for run in ("one process", "one core", "two processes")}) == 1
    lines += [
        "",
        f"The script's shards are those of the build: {_yes(same[0])}. Two processes, and one core, give the bytes of one: {_yes(same[1])}.",
        "",
    ]
    lines += ["| figure | |", "|---|---:|", *(_row(name, value) for name, value in derived(found).items())]
    lines += [_row(f"decoding passes over the source's {kind}", value) for kind, value in found["passes"].items()]
    lines += [_row(f"{place}, MB", size / 1e6) for place, size in found["disk"].items()]
    lines += ["", "| beside | | wall s | core s | samples a core second |", "|---|---|---:|---:|---:|"]
    for rival, sides in found["rivals"].items():
        for name, facts in sides.items():
            if isinstance(facts, dict):
                lines.append(_row(rival, name, *(facts.get(key, "") for key in ("wall_s", "core_s", "samples_per_core_s"))))
    return "\n".join([*lines, "", *_NOTES, ""])


_NOTES = (
    "Busy is the wall time of a stage's function and its cache, shared by elements that are at work at once; orchestration is what of the command's",
    "wall no stage was busy: imports, Beam, shards, the page. The script keeps no cache, writes no tables and no page. One process keeps both cores",
    "busy by itself, in threads of its models and decoders, so that two are no faster; what a second is worth shows beside one held to one core.",
    "`asr`: CineDub hears the mix, and on the vocals what is in doubt.",
    "`separation`: CineDub writes three tracks at 48 kHz; the loop throws its result away, or writes two at 44.1 kHz as Spleeter's command does.",
    "`shards`: CineDub digests what it writes and brings it to disk. `loading`: CineDub makes mels, tokens and batches, webdataset decodes members.",
)


def _row(*cells: Any) -> str:
    return "| " + " | ".join(_cells(cells)) + " |"


def _cells(cells: Sequence[Any]) -> Iterable[str]:
    return (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells)


def _yes(same: bool) -> str:
    return "yes" if same else "**no**"

"""Measure how near a dataset's splits are to each other, and write it anew with splits by person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinedub import dataset, display, persons, repack, shards, splitting, storage
from cinedub.commit import BUILD
from cinedub.dataset import Dataset
from cinedub.errors import UsageError
from schemas import Shard
from schemas.record import MEMBERS, SPLITS, Split


def report(out: Path, limits: splitting.Limits, quiet: bool = False) -> dict[str, Any]:
    """Groups and clips per split, people who seem to be on two sides, the nearest voices and faces across."""
    source = dataset.load(out)
    return _report(persons.persons(source, quiet), _splits(source), limits)


def _report(people: list[persons.Person], splits: dict[str, Split], limits: splitting.Limits) -> dict[str, Any]:
    tied = list(splitting.ties(people, limits))
    across = [
        {"one": f"{tie.one.group}/{tie.one.id}", "other": f"{tie.other.group}/{tie.other.id}", "voice": tie.voice, "face": tie.face}
        for tie in tied
        if splits[tie.one.group] != splits[tie.other.group]
    ]
    counts = {split: sum(1 for other in splits.values() if other == split) for split in SPLITS}
    return {"groups": counts, "people": len(people), "ties": len(tied), "across": across, "nearest": splitting.leakage(people, splits)}


def resplit(
    out: Path, target: Path, ratios: tuple[float, float, float], seed: str, limits: splitting.Limits, like: Path | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Write the dataset at ``out`` to ``target`` with splits by person; returns the report of the new splits, also written as splits.json.

    Raises:
        UsageError: ratios that are none, a target that is taken.
    """
    if min(ratios) < 0 or sum(ratios) <= 0:
        raise UsageError(f"--ratios are three numbers of which none is below 0 and one is above, got {ratios}")
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"{target}: is there already; name a new folder with --out")
    source = dataset.load(out)
    people = persons.persons(source, quiet)
    groups = sorted(_splits(source))
    earlier = _splits(dataset.load(like)) if like else {}
    chosen = splitting.assign(groups, list(splitting.ties(people, limits)), ratios, seed, earlier)
    settings = repack.begin(source, target)
    made = list(_write(source, target, chosen, quiet))
    found = _report(people, chosen, limits) | {"splits": chosen}
    storage.write_atomic(target / "splits.json", json.dumps(found, ensure_ascii=False, indent=1).encode())
    repack.finish(source, target, settings, made)
    shutil.rmtree(target / BUILD)
    return found


def _splits(source: Dataset) -> dict[str, Split]:
    """Film or series -> its split."""
    rows = source.table("film", "series", "split").to_pylist()
    return {f"series:{row['series']}" if row["series"] else f"film:{row['film']}": row["split"] for row in rows}


def _write(source: Dataset, target: Path, chosen: dict[str, Split], quiet: bool) -> Iterator[Shard]:
    """Shards of about the size they had, members fetched by their offsets."""
    columns = [f"{name}_{fact}" for name in MEMBERS for fact in ("offset", "bytes")]
    rows = source.table("key", "film", "series", "shard", *columns).to_pylist()
    limit = max((shard["bytes"] for shard in source.facts["shards"]), default=1)
    for split in SPLITS:
        mine = [row for row in rows if chosen[f"series:{row['series']}" if row["series"] else f"film:{row['film']}"] == split]
        count = max(1, -(-sum(row[f"{name}_bytes"] or 0 for row in mine for name in MEMBERS) // limit))
        for number in display.steps(range(count if mine else 0), count, f"writing {split}", quiet):
            here = sorted((row for row in mine if shards.shard_of(row["key"], count) == number), key=lambda row: row["key"])
            if here:
                yield repack.write(target, split, number, ((row["key"], source.members(row)) for row in here))


def told(found: dict[str, Any]) -> str:
    """The report as text."""
    lines = [f"{split:<6} {count} films and series" for split, count in found["groups"].items()]
    lines.append(
        f"{found['people']} speakers, {found['ties']} pairs in different films that seem to be one person, {len(found['across'])} across splits"
    )
    lines += [f"  ACROSS {row['one']} = {row['other']}  voice {row['voice']}, face {row['face']}" for row in found["across"]]
    for sides, nearest in found["nearest"].items():
        for what, rows in nearest.items():
            best = f"{rows[0]['distance']:.3f}  {rows[0]['one']} and {rows[0]['other']}" if rows else "none known on both sides"
            lines.append(f"{sides:<12} nearest {what:<6} {best}")
    return "\n".join(lines)

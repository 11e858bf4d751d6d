"""What changed between two builds, stage by stage: settings, models, clips, and what is said of those that both have."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cinedub import untrusted
from cinedub.dataset import Dataset
from schemas.record import MEMBERS, upgrade


@dataclass
class Change:
    """One thing that a stage does otherwise: how often it is, an example of it, before and after."""

    stage: str
    what: str
    count: int = 0
    example: dict[str, Any] = field(default_factory=dict)


#: Stage, what it decides, how that is read off a record's JSON.
_SAYS: tuple[tuple[str, str, Callable[[dict[str, Any]], Any]], ...] = (
    ("DetectShots", "shots", lambda record: record["shots_ms"]),
    ("Transcribe", "words heard", lambda record: [line["asr_text"] for line in record["lines"]]),
    ("Recognise", "who speaks when", lambda record: [(turn["speaker"], turn["start_ms"], turn["end_ms"]) for turn in record["asr_turns"]]),
    ("Recognise", "age or gender", lambda record: {speaker["id"]: (speaker["age"], speaker["gender"]) for speaker in record["speakers"]}),
    ("Correct", "text", lambda record: [line["text"] for line in record["lines"]]),
    ("Correct", "a line's speaker", lambda record: [line["speaker"] for line in record["lines"]]),
    ("Correct", "a line's times", lambda record: [(line["start_ms"], line["end_ms"]) for line in record["lines"]]),
    ("Correct", "emotion", lambda record: [record["emotion"]["label"], *(line["emotion"]["label"] for line in record["lines"])]),
    ("Correct", "kind", lambda record: record["kind"]),
    ("Correct", "clue", lambda record: record["clue"]),
    ("Judge", "quality", lambda record: record["quality"]),
)
#: Member -> the stage that makes what is in it.
_MAKES = {
    "mp4": "Pack", "vocals.flac": "Separate", "background.flac": "Separate", "mix.flac": "Pack", "faces.npz": "See", "lips.npz": "See",
}  # fmt: skip
_STAGES = {
    "probe": "Probe", "reels": "CutReels", "shots": "DetectShots", "separate": "Separate", "scenes": "FindScenes", "transcribe": "Transcribe",
    "clips": "CutClips", "hear": "Hear", "see": "See", "recognise": "Recognise", "correct": "Correct", "judge": "Judge", "pack": "Pack",
}  # fmt: skip
_ORDER = tuple(_STAGES.values())


def diff(before: Dataset, after: Dataset) -> list[Change]:
    """Every kind of change, in the order of the stages; none when both say the same. One pair of records is in memory at a time."""
    changes = list(_settings(before, after))
    found: dict[tuple[str, str], Change] = {}

    def note(stage: str, what: str, key: str, one: Any, other: Any) -> None:
        change = found.setdefault((stage, what), Change(stage, what))
        change.count += 1
        change.example = change.example or {"key": key, "before": one, "after": other}

    rows = [{row["key"]: row for row in each.table("key", "split", "shard", *_offsets()).to_pylist()} for each in (before, after)]
    for key in sorted(rows[0].keys() ^ rows[1].keys()):
        there = key in rows[0]
        note("CutClips", "clip only before" if there else "clip only after", key, key if there else None, None if there else key)
    for key in sorted(rows[0].keys() & rows[1].keys()):
        pair = rows[0][key], rows[1][key]
        if pair[0]["split"] != pair[1]["split"]:
            note("Pack", "split", key, pair[0]["split"], pair[1]["split"])
        one, other = (each.members(row) for each, row in zip((before, after), pair, strict=True))
        for member, stage in _MAKES.items():
            if one.get(member) != other.get(member):
                note(stage, member, key, f"{len(one.get(member, b''))} bytes", f"{len(other.get(member, b''))} bytes")
        if one.get("json") != other.get("json"):
            records = [upgrade(untrusted.json_object(each.get("json", b"{}"), key)) for each in (one, other)]
            for stage, what, read in _SAYS:
                if read(records[0]) != read(records[1]):
                    note(stage, what, key, read(records[0]), read(records[1]))
    changes += list(found.values())
    return sorted(changes, key=lambda change: (_ORDER.index(change.stage), change.what))


def _offsets() -> list[str]:
    return [f"{name}_{fact}" for name in MEMBERS for fact in ("offset", "bytes")]


def _settings(before: Dataset, after: Dataset) -> Iterator[Change]:
    """Settings that differ, and models whose files do."""
    flat = [dict(_flat(tomllib.loads((each.out / "settings.toml").read_text()), ())) for each in (before, after)]
    for path in sorted(flat[0].keys() | flat[1].keys()):
        one, other = (each.get(path) for each in flat)
        if one != other and path[0] in _STAGES:
            yield Change(_STAGES[path[0]], f"setting {'.'.join(path)}", 1, {"before": one, "after": other})
    models = [each.facts["models"] for each in (before, after)]
    owner = {path[1]: _STAGES[path[0]] for each in flat for path in each if len(path) > 2 and path[0] in _STAGES}
    for role in sorted(models[0].keys() | models[1].keys()):
        one, other = (each.get(role) for each in models)
        if one != other:
            yield Change(owner.get(role, "Pack"), f"model of {role}", 1, {"before": one, "after": other})


def _flat(tree: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, (*path, key))
        else:
            yield (*path, key), value


def told(changes: list[Change]) -> str:
    """The changes as a table, an example under each."""
    if not changes:
        return "no difference"
    lines = []
    for change in changes:
        lines.append(f"{change.stage:<12} {change.what:<28} {change.count}")
        example = change.example
        lines += [f"  {example['key']}"] if "key" in example else []
        lines += [f"  - {_short(example['before'])}", f"  + {_short(example['after'])}"]
    return "\n".join(lines)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 140 else f"{text[:137]}..."

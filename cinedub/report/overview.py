"""What a dataset is as a whole: the funnel from footage to clips, how quality is spread, the worst clips of each gate, what failed."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cinedub import query
from cinedub.dataset import Dataset
from cinedub.display import FEEDS
from cinedub.query import KEPT, Query
from schemas.record import MEMBERS

#: Rows of a gate's worst cases, and dead letters shown.
_WORST, _LETTERS = 6, 200


@dataclass(frozen=True, slots=True)
class _Measure:
    """A measured column of the manifest, how it is drawn, and the gate that looks at it (a field of ``config.Judge``) with its code."""

    column: str
    label: str
    unit: str
    low: float
    high: float
    bins: int
    gate: str = ""
    code: str = ""


MEASURES = (
    _Measure("duration_ms", "Duration", "s", 0, 30_000, 30),
    _Measure("dnsmos", "Speech quality (DNSMOS)", "", 1, 5, 20, "min_dnsmos", "LOW_DNSMOS"),
    _Measure("snr_db", "Voice over background (SNR)", "dB", -20, 60, 20, "min_snr_db", "LOW_SNR"),
    _Measure("asr_confidence", "Recogniser's confidence", "", 0, 1, 20, "min_asr_confidence", "LOW_CONFIDENCE"),
    _Measure("sync_offset_ms", "Sound against lips", "ms", -600, 600, 24, "max_sync_ms", "OUT_OF_SYNC"),
)
CATEGORIES = (("kind", "Kind of scene"), ("emotion", "Emotion"), ("language", "Language"), ("split", "Split"))
#: Gates and the order that puts their worst kept clips first: column, descending.
_WORST_FIRST = {
    "LOW_DNSMOS": ("dnsmos", False), "LOW_SNR": ("snr_db", False), "LOW_CONFIDENCE": ("asr_confidence", False), "OUT_OF_SYNC": ("sync", True),
    "TOO_MUCH_OVERLAP": ("overlap_ms", True),
}  # fmt: skip


def overview(dataset: Dataset, metrics: dict[str, Any]) -> dict[str, Any]:
    """Everything that the page shows of the whole dataset, as JSON. Memory doesn't grow with the dataset."""
    facts, gates = dataset.facts, _gates(dataset.out)
    spread, counts, media_bytes = _spread(dataset, gates.get("min_sync_confidence", 0.0))
    refused = _refused(dataset)
    letters = list(_letters(dataset.out))
    films = query.titles(dataset)
    return {
        "name": dataset.out.absolute().name,
        "numbers": {name: facts[name] for name in ("films", "film_s", "records", "media_s", "speech_s", "speakers", "code", "digest")},
        "bytes": media_bytes,
        "shards": [{name: shard[name] for name in ("uri", "records", "bytes")} for shard in facts["shards"][:500]],
        "funnel": _funnel(facts, refused, letters),
        "measures": [{**asdict(m), "counts": spread[m.column], "threshold": gates.get(m.gate)} for m in MEASURES],
        "categories": [{"column": name, "label": label, "counts": dict(counts[name].most_common(40))} for name, label in CATEGORIES],
        "outcomes": [KEPT, *sorted(refused)],
        "worst": [_worst(dataset, code, gates) for code in _WORST_FIRST],
        "films": [{"id": film, "title": title} for film, title in islice(films.items(), 2000)],
        "stages": [{"stage": name, **metrics["stages"][name]} for name in FEEDS if name in metrics["stages"]],
        "wall_s": metrics["wall_s"],
        "peak_mb": metrics["peak_mb"],
        "failures": [{name: letter[name] for name in ("stage", "key", "code", "message")} for letter in letters[:_LETTERS]],
        "failed": sum(facts["failures"].values()),
        "models": facts["models"],
    }


def _gates(out: Path) -> dict[str, float]:
    """The thresholds that the build was made with; nothing for a dataset that no build made."""
    settings = tomllib.loads((out / "settings.toml").read_text())
    judge = settings.get("judge", {})
    return {name: value for name, value in judge.items() if isinstance(value, int | float)} if isinstance(judge, dict) else {}


def _spread(dataset: Dataset, sure: float) -> tuple[dict[str, list[int]], dict[str, Counter[str]], int]:
    """Counts per bin of every measure (what lies outside is in the first or last), per value of every category, and the bytes of all members.

    A sync offset counts from the confidence ``sure`` on.
    """
    spread = {measure.column: np.zeros(measure.bins, np.int64) for measure in MEASURES}
    counts: dict[str, Counter[str]] = {name: Counter() for name, _ in CATEGORIES}
    sizes, media_bytes = [f"{name}_bytes" for name in MEMBERS], 0
    measured = [measure.column for measure in MEASURES if measure.column != "duration_ms"]
    for table in dataset.batches(["start_ms", "end_ms", "sync_confidence", *measured, *counts, *sizes]):
        columns = {name: table[name].to_numpy() for name in measured}
        columns["duration_ms"] = table["end_ms"].to_numpy() - table["start_ms"].to_numpy()
        offsets, confidence = columns["sync_offset_ms"].astype(float), table["sync_confidence"].to_numpy().astype(float)
        columns["sync_offset_ms"] = np.where(confidence >= sure, offsets, np.nan)
        for m in MEASURES:
            values = columns[m.column].astype(float)
            values = np.clip(values[np.isfinite(values)], m.low, np.nextafter(m.high, m.low))
            spread[m.column] += np.histogram(values, m.bins, (m.low, m.high))[0]
        for name, counter in counts.items():
            counter.update(
                {value.as_py(): count.as_py() for value, count in zip(*table[name].combine_chunks().value_counts().flatten(), strict=True)}
            )
        media_bytes += sum(int(table[name].fill_null(0).to_numpy().sum()) for name in sizes)
    return {name: bins.tolist() for name, bins in spread.items()}, counts, media_bytes


def _refused(dataset: Dataset) -> dict[str, tuple[int, int]]:
    """Code -> clips refused, and their milliseconds."""
    found: dict[str, tuple[int, int]] = {}
    for table in query.refused(dataset):
        lengths = table["end_ms"].to_numpy() - table["start_ms"].to_numpy()
        for code, length in zip(table["outcome"].to_pylist(), lengths, strict=True):
            count, total = found.get(code, (0, 0))
            found[code] = count + 1, total + int(length)
    return found


def _letters(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((out / "failures").glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def _funnel(facts: dict[str, Any], refused: dict[str, tuple[int, int]], letters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps from all footage to what was kept, in seconds: what goes in, each loss with its reason, what comes out."""
    footage, kept = facts["film_s"], facts["media_s"]
    losses: list[dict[str, Any]] = [{"label": f"refused: {code}", "count": count, "s": ms / 1000} for code, (count, ms) in sorted(refused.items())]
    failed: dict[tuple[str, str], list[float]] = {}
    for letter in letters:
        failed.setdefault((letter["stage"], letter["code"]), []).append(0.0 if letter["stage"] == "Probe" else _length(letter["element"]))
    losses += [{"label": f"failed: {stage}, {code}", "count": len(parts), "s": sum(parts)} for (stage, code), parts in failed.items()]
    silent = footage - kept - sum(loss["s"] for loss in losses)
    if silent > 0:
        losses.insert(0, {"label": "nobody speaks", "count": None, "s": silent})
    return [
        {"label": "footage", "count": facts["films"], "s": footage, "step": "in"},
        *({**loss, "step": "loss"} for loss in losses),
        {"label": "kept in clips", "count": facts["records"], "s": kept, "step": "out"},
        {"label": "of it speech", "count": None, "s": facts["speech_s"], "step": "part"},
    ]


def _length(element: str) -> float:
    """Seconds of film that a dead letter's element stands for; 0 where that isn't known."""
    node = json.loads(element)
    for _ in range(12):
        if not isinstance(node, dict):
            break
        if isinstance(span := node.get("span"), dict):
            return (span["end"] - span["start"]) / 1000
        if isinstance(duration := node.get("duration"), int):
            return duration / 1000
        node = next((node[name] for name in ("script", "cast", "faces", "clip", "scenes", "stems", "shots", "reel", "film") if name in node), None)
    return 0.0


def _worst(dataset: Dataset, code: str, gates: dict[str, float]) -> dict[str, Any]:
    """A gate: the kept clips that come nearest to it, worst first, and clips that it refused."""
    sort, descending = _WORST_FIRST[code]
    measure = next((m for m in MEASURES if m.code == code), None)
    kept = query.find(dataset, Query(outcome=KEPT, sort=sort, descending=descending, limit=_WORST))[1]
    total, refused = query.find(dataset, Query(outcome=code, limit=_WORST))
    kept = [row for row in kept if row.get(sort) and (sort != "sync" or row.get("sync_confidence", 0) >= gates.get("min_sync_confidence", 0))]
    threshold = gates.get(measure.gate if measure else "max_overlap")
    unit = measure.unit if measure else "ms"
    return {"code": code, "column": sort, "unit": unit, "threshold": threshold, "refused": total, "rows": refused + kept}

"""How much there is of what, read off the manifest's columns: no shard is opened, and a row group at a time is in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cinedub.dataset import Dataset

if TYPE_CHECKING:
    pass

BY_CLIP = ("split", "language", "kind", "emotion")
BY_SPEAKER = ("gender", "age")
_COLUMNS = (
    *BY_CLIP, "film", "series", "start_ms", "end_ms", "speech_ms", "lines", "corrections", "speaker_ids", "speaker_genders", "speaker_ages",
    "speaker_ms",
)  # fmt: skip
MS_PER_HOUR = 3_600_000


def stats(dataset: Dataset) -> dict[str, Any]:
    """Clips, hours and speakers, and hours by split, language, kind and emotion of clips, and by gender and age of who speaks in them.

    Hours of clips are their lengths, hours of a speaker are their turns. A dataset written before the manifest had attributes has no ``gender``
    and ``age``.
    """
    import pyarrow.compute as pc

    clips, total = Counter[str](), Counter[tuple[str, str]]()
    count = Counter[tuple[str, str]]()
    speakers, films = set[str](), set[str]()
    for batch in dataset.batches(_COLUMNS, 1 << 18):
        group = pc.coalesce(batch["series"], batch["film"])
        films.update(pc.unique(batch["film"]).to_pylist())
        length = pc.subtract(batch["end_ms"], batch["start_ms"])
        clips.update({"clips": batch.num_rows, "ms": _sum(length)} | {name: _sum(batch[name]) for name in ("speech_ms", "lines", "corrections")})
        for name in BY_CLIP:
            _add(batch[name], length, name, total, count)
        parents = pc.list_parent_indices(batch["speaker_ids"])
        ids = pc.list_flatten(batch["speaker_ids"])
        speakers.update(pc.unique(pc.binary_join_element_wise(pc.take(group, parents), ids, "/")).to_pylist())
        if "speaker_ms" in batch.column_names:
            said = pc.list_flatten(batch["speaker_ms"])
            for name in BY_SPEAKER:
                _add(pc.list_flatten(batch[f"speaker_{name}s"]), said, name, total, count)
    found: dict[str, Any] = {
        "clips": clips["clips"], "hours": clips["ms"] / MS_PER_HOUR, "speech_hours": clips["speech_ms"] / MS_PER_HOUR, "films": len(films),
        "speakers": len(speakers), "lines": clips["lines"], "corrections": clips["corrections"],
    }  # fmt: skip
    for name in (*BY_CLIP, *BY_SPEAKER):
        values = sorted((value for what, value in total if what == name), key=lambda value: (-total[name, value], value))
        found[name] = {value: {"clips": count[name, value], "hours": total[name, value] / MS_PER_HOUR} for value in values}
    return found


def _sum(column: Any) -> int:
    import pyarrow.compute as pc

    return pc.sum(column).as_py() or 0


def _add(values: Any, ms: Any, name: str, total: Counter[tuple[str, str]], count: Counter[tuple[str, str]]) -> None:
    import pyarrow as pa

    table = pa.table({"value": values, "ms": ms}).group_by("value").aggregate([("ms", "sum"), ("ms", "count")])
    for row in table.to_pylist():
        total[name, row["value"]] += row["ms_sum"] or 0
        count[name, row["value"]] += row["ms_count"]


def told(found: dict[str, Any]) -> str:
    """The statistics as a table."""
    rows = [(name.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else str(value)) for name, value in found.items() if _plain(value)]
    for name in (*BY_CLIP, *BY_SPEAKER):
        if found[name]:
            rows.append((f"by {name}", "hours (clips)"))
            rows += [(f"  {value}", f"{facts['hours']:.3f} ({facts['clips']})") for value, facts in found[name].items()]
    return "\n".join(f"{name:<18} {value}" for name, value in rows)


def _plain(value: Any) -> bool:
    return isinstance(value, int | float)

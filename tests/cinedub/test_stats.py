import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cinedub import dataset, stats
from tests.cinedub import small_dataset


def test_hours_by_everything_that_people_ask_for(tmp_path: Path) -> None:
    found = stats.stats(dataset.load(small_dataset.make(tmp_path / "out")))
    assert (found["clips"], found["films"], found["speakers"], found["lines"]) == (8, 4, 6, 12)
    assert found["hours"] == 8 / 3600
    assert found["language"] == {"en": {"clips": 6, "hours": 6 / 3600}, "zh": {"clips": 2, "hours": 2 / 3600}}
    assert found["kind"]["monologue"]["clips"] == 4
    assert found["gender"]["female"] == {"clips": 8, "hours": 8 * 380 / 3_600_000}
    assert found["age"]["adult"]["clips"] == 4
    assert "by gender" in stats.told(found)


def many_rows(count: int) -> pa.Table:
    """A manifest's columns, two speakers a clip."""
    chance = np.random.default_rng(0)
    start = chance.integers(0, 1 << 30, count)

    def some(*values: str) -> pa.Array:
        return pa.array(values).take(chance.integers(0, len(values), count))

    def pairs(*values: str | int) -> pa.Array:
        flat = pa.array(values).take(chance.integers(0, len(values), 2 * count))
        return pa.ListArray.from_arrays(np.arange(0, 2 * count + 1, 2, dtype=np.int32), flat)

    return pa.table(
        {
            "split": some("train", "valid"), "language": some("en", "zh"), "kind": some("dialogue"), "emotion": some("happy", "anger"),
            "film": some(*(f"film{number}" for number in range(500))), "series": pa.nulls(count, pa.string()),
            "start_ms": start, "end_ms": start + 6000, "speech_ms": np.full(count, 4000), "lines": np.full(count, 2),
            "corrections": np.full(count, 0), "speaker_ids": pairs(*(f"s{number:03d}" for number in range(64))),
            "speaker_genders": pairs("female", "male"), "speaker_ages": pairs("adult"), "speaker_ms": pairs(2000),
        }
    )  # fmt: skip


def test_a_million_rows_take_seconds_and_little_memory(tmp_path: Path) -> None:
    rows, groups = 1_000_000, 4
    (tmp_path / "dataset.json").write_text(json.dumps({"shards": [], "records": rows}))
    (tmp_path / "_SUCCESS").touch()
    table = many_rows(rows // groups)
    with pq.ParquetWriter(tmp_path / "manifest.parquet", table.schema) as writer:
        for _ in range(groups):
            writer.write_table(table)
    before = time.process_time()
    found = stats.stats(dataset.load(tmp_path))
    spent = time.process_time() - before
    assert found["clips"] == rows and found["hours"] == rows * 6 / 3600
    assert found["speakers"] == 500 * 64
    assert sum(facts["clips"] for facts in found["gender"].values()) == 2 * rows
    assert spent < 15, f"{spent:.1f} s of processor time"

"""What dataset.json tells is counted shard by shard, and is what was there."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from cinedub import commit, config
from tests.cinedub import small_dataset


def test_the_counts_of_two_shards_are_those_of_their_records(tmp_path: Path) -> None:
    out = small_dataset.make(tmp_path / "out")
    table = pq.read_table(out / "manifest.parquet")
    rows = table.to_pylist()
    counts = commit._Counts()
    counts.add(table.slice(0, 1), {rows[0]["key"], "no such clip"})
    counts.add(table.slice(1), set())
    told = json.loads((out / "dataset.json").read_bytes())
    assert counts.records == told["records"] == len(rows) > 1
    assert counts.media_ms == sum(row["end_ms"] - row["start_ms"] for row in rows) == told["media_s"] * 1000
    assert dict(counts.by["split"]) == told["splits"] and sum(counts.by["kind"].values()) == len(rows)
    assert len(counts.speakers) == told["speakers"] > 0
    assert counts.keys == {rows[0]["key"]}


def test_the_digest_of_settings_says_what_comes_out_and_not_where_it_was_made() -> None:
    here, there, other = (
        commit._settings_digest(config.load(sets=sets))
        for sets in ((), ('run.flags=["--runner=DaskRunner"]', "cache.max_gb=1", "see.face_detector.device=cuda"), ("judge.min_dnsmos=1.5",))
    )
    assert here == there != other

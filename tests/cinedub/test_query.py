"""Rows are found by what they are, whatever the size of the table."""

from __future__ import annotations

import pytest

from cinedub import query as module
from cinedub.dataset import Dataset, load
from cinedub.errors import UsageError
from cinedub.query import Query, find, sample
from tests.cinedub import dataset_of


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEDUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load(dataset_of.write(tmp_path_factory.mktemp("query") / "out"))


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        (Query(), [0, 5_000, 9_000, 14_000, 0, 5_000]),
        (Query(text="HOUSES"), [0]),
        (Query(text="drowned"), [14_000]),
        (Query(text="[a-z]"), []),
        (Query(text="天气"), [0]),
        (Query(speaker="s002"), [5_000, 5_000]),
        (Query(speaker="s00"), []),
        (Query(kind="dialogue", language="zh"), [5_000]),
        (Query(film="one"), [0, 5_000, 9_000, 14_000]),
        (Query(film=dataset_of.CHINESE), [0, 5_000]),
        (Query(outcome="LOW_SNR"), [14_000]),
        (Query(outcome="kept", sort="dnsmos", limit=1), [9_000]),
        (Query(sort="overlap_ms", descending=True, limit=1), [9_000]),
        (Query(offset=2, limit=2), [9_000, 14_000]),
        (Query(offset=99), []),
    ],
)
@pytest.mark.parametrize("batch", [2, 1000])
def test_rows_match_and_come_in_order(dataset: Dataset, query: Query, starts: list[int], batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", batch)
    total, rows = find(dataset, query)
    assert [row["start_ms"] for row in rows] == starts
    assert total >= len(rows)


def test_a_sample_is_the_same_every_time_and_knows_the_whole(dataset: Dataset) -> None:
    total, rows = sample(dataset, 3)
    assert total == 6 and len(rows) == 3 and sample(dataset, 3) == (total, rows)


def test_a_record_and_its_members_are_found_by_key_and_by_its_beginning(dataset: Dataset) -> None:
    row = dataset.row(f"{dataset_of.ENGLISH}-000005000-000008200")
    assert row is not None and dataset.record(row)["lines"][1]["text"] == "Nobody but us."
    assert dataset.find(f"{dataset_of.ENGLISH}-000005") == row
    assert dataset.member(row, "mix.flac")[:4] == b"fLaC" and set(dataset.members(row, ["json", "mp4"])) == {"json", "mp4"}


def test_what_is_not_there_or_more_than_one_is_said(dataset: Dataset) -> None:
    assert dataset.row("nobody") is None
    with pytest.raises(UsageError, match="no record 'nobody'"):
        dataset.find("nobody")
    with pytest.raises(UsageError, match="begins 3 keys"):
        dataset.find(dataset_of.ENGLISH[:3])

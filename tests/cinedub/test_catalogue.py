"""Rows are found by what they are, whatever the size of the table."""

from __future__ import annotations

import pytest

from cinedub import catalogue as module
from cinedub.catalogue import Catalogue, Query
from tests.cinedub import dataset_of


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEDUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Catalogue(dataset_of.write(tmp_path_factory.mktemp("catalogue") / "out"))


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
def test_rows_match_and_come_in_order(catalogue: Catalogue, query: Query, starts: list[int], batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", batch)
    total, rows = catalogue.find(query)
    assert [row["start_ms"] for row in rows] == starts
    assert total >= len(rows)


def test_a_sample_is_the_same_every_time_and_knows_the_whole(catalogue: Catalogue) -> None:
    total, rows = catalogue.sample(3)
    assert total == 6 and len(rows) == 3 and catalogue.sample(3) == (total, rows)


def test_a_record_and_its_members_are_found_by_key(catalogue: Catalogue) -> None:
    row = catalogue.row(f"{dataset_of.ENGLISH}-000005000-000008200")
    assert row is not None and catalogue.record(row)["lines"][1]["text"] == "Nobody but us."
    place = catalogue.member(row["key"], "mix.flac")
    assert place is not None
    with place[0].open("rb") as stream:
        stream.seek(place[1])
        assert stream.read(place[2])[:4] == b"fLaC"


@pytest.mark.parametrize(("key", "member"), [("nobody", "mp4"), (f"{dataset_of.ENGLISH}-000005000-000008200", "../../settings.toml")])
def test_what_is_no_member_of_a_record_is_not_there(catalogue: Catalogue, key: str, member: str) -> None:
    assert catalogue.member(key, member) is None

import io
import json
import tarfile
from pathlib import Path

import pytest
import webdataset
from hypothesis import given
from hypothesis import strategies as st

from cinedub import shards
from cinedub.shards import ShardError
from schemas import Member, Record
from schemas.record import MEMBERS


def record(folder: Path, key: str) -> Record:
    members = []
    for name in MEMBERS:
        path = folder / f"{key}-{name}"
        path.write_bytes(json.dumps({"schema": 1, "key": key}).encode() if name == "json" else f"{key} {name}".encode())
        members.append(Member(name, str(path), path.stat().st_size))
    return Record(key, "train", tuple(members), {})


def test_same_records_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    records = [record(tmp_path, key) for key in ("b", "a", "c")]
    first, _ = shards.write_shard(tmp_path / "1", "train", 0, records)
    second, _ = shards.write_shard(tmp_path / "2", "train", 0, reversed(records))
    assert first.sha256 == second.sha256
    assert (tmp_path / "1" / "cinedub-train-00000.tar").read_bytes() == (tmp_path / "2" / "cinedub-train-00000.tar").read_bytes()


def test_webdataset_reads_what_was_written_and_offsets_lead_to_members(tmp_path: Path) -> None:
    shard, places = shards.write_shard(tmp_path, "train", 3, [record(tmp_path, key) for key in ("b", "a")])
    path = tmp_path / "cinedub-train-00003.tar"
    samples = list(webdataset.WebDataset(str(path), shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == ["a", "b"]
    assert all(set(MEMBERS) <= sample.keys() for sample in samples)
    data = path.read_bytes()
    assert shard.bytes == len(data)
    for place in places:
        if place.member != "json":
            assert data[place.offset : place.offset + place.bytes] == f"{place.key} {place.member}".encode()


def test_a_duplicate_key_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    twice = record(tmp_path, "a")
    with pytest.raises(ShardError, match="two records have the key a"):
        shards.write_shard(tmp_path / "out", "train", 0, [twice, twice])
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../a.json", "a/b.json", "/a.json"])
def test_a_shard_whose_members_have_paths_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(ShardError, match="not a plain file"):
        list(shards.read_shard(tmp_path / "x.tar"))


def test_a_shard_with_a_link_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        link = tarfile.TarInfo("a.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(ShardError, match="not a plain file"):
        list(shards.read_shard(tmp_path / "x.tar"))


@given(st.text(min_size=1), st.integers(1, 500))
def test_a_key_always_goes_to_the_same_existing_shard(key: str, count: int) -> None:
    assert 0 <= shards.shard_of(key, count) < count
    assert shards.shard_of(key, count) == shards.shard_of(key, count)


def test_splits_follow_their_ratios_and_ignore_other_groups() -> None:
    splits = [shards.split_of(f"film:{number}", "seed", 0.8, 0.1, 0.1) for number in range(4000)]
    assert 0.77 < splits.count("train") / 4000 < 0.83
    assert shards.split_of("film:7", "seed", 0.8, 0.1, 0.1) == splits[7]

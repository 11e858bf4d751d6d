import json
from pathlib import Path

import apache_beam as beam
import pytest

from cinedub import commit, config, manifest, shards
from schemas import Member, Record
from tests.cinedub import small_dataset
from transforms.write_shards import WriteShards


def record(folder: Path, film: int) -> Record:
    key, members = small_dataset.sample(film, 0, "Hello.")
    found = []
    for name, data in members.items():
        path = folder / f"{key}.{name}"
        path.write_bytes(data)
        found.append(Member(name, str(path), len(data)))
    return Record(key, "train", tuple(found), manifest.scalars(json.loads(members["json"])))


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ([], ["aaaa", "bbbb", "cccc"]),
        ([{"film": "bbbb"}], ["aaaa", "cccc"]),
        ([{"group": "film:aaaa", "speaker": "s001"}], ["bbbb", "cccc"]),
        ([{"group": "film:bbbb", "speaker": "s002"}], ["aaaa", "bbbb", "cccc"]),
    ],
)
def test_what_was_forgotten_stays_out_of_a_later_build(tmp_path: Path, names: list[dict[str, str]], kept: list[str]) -> None:
    out = tmp_path / "out"
    commit.begin(out, "")
    (out / commit.FORGOTTEN).write_text(json.dumps(names))
    with beam.Pipeline() as pipeline:
        records = [record(tmp_path, film) for film in range(3)]
        _ = pipeline | beam.Create(records).with_output_types(Record) | WriteShards(config.Pack(), out)
    (tar,) = (out / commit.BUILD / "shards").glob("*.tar")
    assert [key[:4] for key, _ in shards.read_shard(tar)] == kept

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from cinedub import dataset, export, shards, share, validate
from cinedub.errors import UsageError
from tests.cinedub import small_dataset


def test_without_video_every_pixel_is_gone_sound_and_text_stay_and_provenance_says_so(tmp_path: Path) -> None:
    out = small_dataset.make(tmp_path / "out")
    assert share.prove(out, ["video"])
    shared = export.export(out, "shards", tmp_path / "shared", ["video"])
    assert share.prove(shared, ["video"]) == []
    assert validate.validate(shared).faults == []
    made = dataset.load(shared)
    assert made.without == ("video",)
    for (_, before, members), (_, after, kept) in zip(dataset.load(out).samples(), made.samples(), strict=True):
        assert "mp4" not in kept and kept["vocals.flac"] == members["vocals.flac"]
        assert after["lines"] == before["lines"] and after["without"] == ["video"]
        assert after["provenance"]["stages"][-1]["backend"] == "without video"
        faces, lips = (np.load(io.BytesIO(kept[name])) for name in ("faces.npz", "lips.npz"))
        assert lips["crops"].size == 0 and lips["points"].size and faces["landmarks"].size and faces["embedding"].size
    assert small_dataset.silent_film()[:64] not in b"".join(path.read_bytes() for path in shared.rglob("*") if path.is_file())


def test_landmarks_and_vectors_can_be_left_out_too(tmp_path: Path) -> None:
    out = small_dataset.make(tmp_path / "out", clips=1)
    shared = export.export(out, "shards", tmp_path / "shared", ["video", "landmarks", "embeddings", "mix"])
    assert share.prove(shared, ["video", "landmarks", "embeddings", "mix"]) == []
    assert validate.validate(shared).faults == []
    _, record, kept = next(dataset.load(shared).samples())
    assert "mix.flac" not in kept and all(speaker["voice"] == [] for speaker in record["speakers"])


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("mp4", b"x", "member mp4 is there"),
        ("vocals.flac", b"\x00\x00\x00\x20ftypisom", "begins as a picture or film does"),
        ("extra.bin", b"\xff\xd8\xff\xe0", "begins as a picture or film does"),
        ("lips.npz", small_dataset.npz(crops=np.ones((1, 2, 96, 96), np.uint8)), "video should be gone"),
        ("faces.npz", small_dataset.npz(stowaway=np.ones((9, 9), np.uint8)), "may be pixels"),
    ],
)
def test_the_proof_finds_a_pixel_wherever_it_hides(tmp_path: Path, name: str, data: bytes, found: str) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for member, content in (("json", json.dumps({"speakers": []}).encode()), (name, data)):
            info = tarfile.TarInfo(f"a.{member}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    assert any(found in fault for fault in share.remains(tmp_path / "x.tar", ("video",)))


def test_an_unknown_part_or_form_is_refused_and_nothing_is_left_behind(tmp_path: Path) -> None:
    out = small_dataset.make(tmp_path / "out", clips=1)
    with pytest.raises(UsageError, match="unknown part 'teeth'"):
        export.export(out, "shards", tmp_path / "x", ["teeth"])
    with pytest.raises(UsageError, match="unknown form 'papyrus'"):
        export.export(out, "papyrus", tmp_path / "x")
    with pytest.raises(UsageError, match="is there already"):
        export.export(out, "csv", out)
    with pytest.raises(shards.ShardError, match="no finished dataset"):
        export.export(tmp_path, "csv", tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

"""SyncNet as published: its shapes, its figures, and the faces that it is shown. Its weights are in no package: here they are random."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cinedub.errors import WeightsError
from cinedub.film.sketch import write_video
from model import evaluate, syncnet
from model.of_record import of_sample
from tests.model import synthetic

pytest.importorskip("python_speech_features")


@pytest.fixture(scope="module")
def network() -> syncnet.SyncNet:
    torch.manual_seed(0)
    return syncnet.SyncNet().eval()


def test_a_second_has_windows_from_every_picture_on_but_the_last(network):
    chance = np.random.default_rng(0)
    seen = network.seen(chance.integers(0, 255, (8, 224, 224, 3), np.uint8))
    heard = network.heard(chance.normal(0, 0.1, 16_000).astype(np.float32))
    assert seen.shape == (4, 1024) and heard.shape == (20, 1024)
    assert network.heard(np.zeros(100, np.float32)).shape == (0, 1024)


@pytest.mark.parametrize("late", [-4, 0, 7])
def test_the_offset_of_sound_is_found_where_windows_agree(late):
    signal = torch.randn(200, 1024, generator=torch.Generator().manual_seed(1))
    found = syncnet.sync(signal[40:140], signal[40 - late : 140 - late])
    assert found is not None and found.late_ms == 40 * late
    assert found.distance < 0.3 * (found.distance + found.confidence)
    assert syncnet.sync(signal[:0], signal) is None


def test_the_longest_run_of_pictures_is_taken():
    assert syncnet.longest(np.array([1, 0, 1, 1, 1, 0, 1], bool)) == slice(2, 5)
    assert syncnet.longest(np.zeros(4, bool)) == slice(0, 0)


def test_a_face_fills_its_square_wherever_it_stands():
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[180:240, 260:320] = 255
    face = syncnet.Cropper(np.tile([260.0, 180.0, 320.0, 240.0], (3, 1)))(1, picture)
    assert face.shape == (224, 224, 3) and (face[40:110, 80:140] == 255).all()
    assert (face[-30:] == 110).all() and (face[:, -20:] == 110).all()  # beyond the picture


def test_weights_of_something_else_are_refused(tmp_path, network):
    torch.save(network.state_dict(), tmp_path / "right.model")
    assert torch.equal(syncnet.load(tmp_path / "right.model").netfclip[0].weight, network.netfclip[0].weight)
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.model")
    (tmp_path / "torn.model").write_bytes(b"\x80\x02")
    for name in ("other.model", "torn.model", "none.model"):
        with pytest.raises(WeightsError, match="SyncNet"):
            syncnet.load(tmp_path / name)


def test_lines_that_show_a_face_for_a_second_are_judged_and_others_are_not(tmp_path: Path, network):
    lines = [synthetic.line("a", 0, 1200, "quiet harbour"), synthetic.line("b", 1300, 1900, "yes"), synthetic.line("a", 1900, 3200, "old", False)]
    synthetic.record(tmp_path, "k", synthetic.annotations("k", 3200, lines))
    write_video([np.full((64, 64, 3), 90, np.uint8)] * 80, tmp_path / "k.mp4")
    sample = {name: (tmp_path / f"k.{name}").read_bytes() for name in ("json", "faces.npz", "lips.npz", "mp4", "vocals.flac")}
    arrays = dict(np.load(tmp_path / "k.faces.npz"))
    arrays["box"][:] = [10, 10, 50, 50]
    np.savez_compressed(tmp_path / "k.faces.npz", **arrays)
    sample["faces.npz"] = (tmp_path / "k.faces.npz").read_bytes()
    record = evaluate.record_of("k", sample)
    ((first, windows),) = evaluate.seen(of_sample(sample), sample, network)
    assert first == 0 and windows.shape == (26, 1024)
    told = evaluate.in_sync(evaluate.replace(record, faces=((first, windows),)), record.vocals, network)
    assert len(told) == 1 and len(told[0]) == 3 and np.isfinite(told).all()
    assert evaluate.in_sync(record, record.vocals, network) == []

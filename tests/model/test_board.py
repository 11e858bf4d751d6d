"""A run can be watched: its curves, and what its best checkpoint says to validation records."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cinedub import media, weights
from cinedub.config import Model
from cinedub.film.sketch import write_video
from cinedub.shards import write_shard
from model import config
from model.board import Board, picture
from model.train import train
from schemas import Member
from tests.model import synthetic

pytest.importorskip("hibari")
events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def valid(folder: Path) -> list[str]:
    """A shard of one record whose picture can be seen."""
    notes = synthetic.some_notes("shown", 3)
    record = synthetic.record(folder / "parts", "shown", notes)
    seen = folder / "parts" / "shown.mp4"
    write_video([np.full((64, 64, 3), 90, np.uint8)] * ((notes["span_ms"][1] - notes["span_ms"][0]) // 40), seen)
    members = tuple(replace(one, bytes=seen.stat().st_size) if one.name == "mp4" else one for one in record.members)
    assert all(isinstance(one, Member) for one in members)
    shard, _ = write_shard(folder / "shards", "valid", 0, [replace(record, members=members)])
    return [str(folder / shard.uri)]


def trained(tmp_path: Path, renderer: Model) -> Path:
    run, shards, shown = tmp_path / "run", synthetic.shards(tmp_path / "data", 1, 4), valid(tmp_path / "valid")
    settings = config.load("nano", ["data.workers=0", "data.frames=600", "train.threads=1", "train.steps=2", "train.log_every=1"])
    board = Board(run, shown, renderer)
    train(shards, run, settings, valid=shown, report=board.curves, renewed=board.samples)
    return run


def told(run: Path) -> "events.EventAccumulator":
    found = events.EventAccumulator(str(run / "board"), size_guidance={"images": 0, "audio": 0, "scalars": 0})
    found.Reload()
    return found


def test_curves_and_samples_of_a_run_are_there_for_tensorboard(tmp_path, capsys):
    run = trained(tmp_path, Model("hifigan", "nowhere"))
    assert "drawn, but not heard" in capsys.readouterr().err
    found = told(run)
    assert {"mean", "flow", "gradient_norm", "frames_per_second", "waiting", "rate", "valid", "valid_mean"} <= set(found.Tags()["scalars"])
    assert [event.step for event in found.Scalars("mean")] == [1, 2]
    assert len(found.Tags()["images"]) == 1 and not found.Tags()["audio"]
    assert (run / "samples" / "shown-0000002.png").is_file()


@pytest.mark.skipif(not weights.present("hifigan-universal"), reason="needs: cinedub weights fetch hifigan-universal")
def test_a_sample_is_seen_with_what_is_said_to_it(tmp_path):
    run = trained(tmp_path, Model("hifigan"))
    assert len(told(run).Tags()["audio"]) == 1
    streams = {stream["codec_type"]: stream for stream in media.probe(run / "samples" / "shown-0000002.mp4")["streams"]}
    assert abs(float(streams["video"]["duration"]) - float(streams["audio"]["duration"])) < 0.1


def test_the_picture_has_the_recording_above_and_a_mark_at_every_border():
    quiet, loud = torch.full((10, 80), -9.0), torch.full((10, 80), 1.0)
    drawn = picture(loud, quiet, [0, 4, 10])
    assert drawn.shape == (168, 10) and drawn[:80].min() > 200 and drawn[88:].max() < 100
    assert np.flatnonzero(drawn[84]).tolist() == [0, 4]

"""The evaluation from a dataset to its table."""

import json
from pathlib import Path

import pytest
import torch

from cinedub import cli, weights
from cinedub.shards import read_shard
from model import checkpoint, config
from model.checkpoint import Saved
from model.evaluate import choose, records
from model.network import Dubber
from tests.model import synthetic

NEEDED = ("whisper-base", "campplus", "dnsmos", "hibari", "hifigan-universal")
pytestmark = pytest.mark.skipif(not all(weights.present(name) for name in NEEDED), reason="weights are not here")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    notes = []
    for key, kind in (("f1-000000000-000002000", "dialogue"), ("f2-000000000-000002000", "monologue"), ("f2-000002000-000004000", "monologue")):
        lines = [synthetic.line("a", 100, 900, "the harbour was quiet"), synthetic.line("b", 1000, 1900, "nobody slept")][: 1 + (kind == "dialogue")]
        notes.append(synthetic.annotations(key, 2000, lines, kind=kind))
    return synthetic.dataset(tmp_path / "dataset", notes)


def test_records_of_every_kind_are_chosen_and_read(dataset: Path) -> None:
    assert len({key.split("-")[0] for key in choose(dataset, 2)}) == 2 and len(choose(dataset, 9)) == 3
    found = list(records(dataset, choose(dataset, 3)))
    assert len(found) == 3 and all(len(record.spoken) == len(record.order.lines) for record in found)
    assert len(list(read_shard(dataset / "shards" / "cinedub-test-00000.tar"))) == 3


def test_the_command_writes_every_system_beside_the_recording(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    settings = config.load("nano")
    checkpoint.save_best(tmp_path / "run", Saved(settings, 0), Dubber(settings.network).state_dict())
    asked = ["evaluate", str(dataset), "--checkpoint", str(tmp_path / "run" / "best"), "--limit", "2", "--baseline", "hibari", "--steps", "1"]
    assert cli.main([*asked, "--write", str(tmp_path / "scores.json")]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    rows = scores["groups"]["en"]
    assert list(rows) == ["truth", "vocoder", "stretched", "timed", "cinedub", "cinedub, lips hidden"]
    assert all(figures["exact_length"] == figures["clips"] == 2 for figures in rows.values())
    assert rows["cinedub"]["energy_outside"] == pytest.approx(0, abs=1e-3) and rows["stretched"]["energy_outside"] == pytest.approx(0, abs=1e-3)
    assert scores["speed"]["peak_mb"] > 0 and scores["scorers"]["recogniser"].startswith("faster-whisper:")
    assert "| cinedub |" in capsys.readouterr().out and (tmp_path / "scores.md").exists()


def test_without_the_baselines_the_model_still_stands_beside_the_recording(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    settings = config.load("nano")
    checkpoint.save_best(tmp_path / "run", Saved(settings, 0), Dubber(settings.network).state_dict())
    asked = ["evaluate", str(dataset), "--checkpoint", str(tmp_path / "run" / "best"), "--limit", "1", "--only", "--steps", "1", "--json"]
    assert cli.main(asked) == 0
    scores = json.loads(capsys.readouterr().out)
    assert list(scores["groups"]["en"]) == ["truth", "cinedub", "cinedub, lips hidden"] and list(scores["lips_gain"]) == ["shown against hidden"]

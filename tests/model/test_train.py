import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cinedub.errors import UsageError, WeightsError
from model import checkpoint, config
from model.config import Settings
from model.train import train
from tests.model import synthetic

pytest.importorskip("hibari")


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> list[str]:
    return synthetic.shards(tmp_path_factory.mktemp("train"), 1, 6)


def settings(**changes: object) -> Settings:
    nano = config.load("nano", ["data.workers=0", "data.pool=4", "data.frames=600", "train.threads=1", "train.log_every=1", "train.save_every=2"])
    return replace(nano, train=replace(nano.train, **changes))


def losses(run: Path) -> dict[int, tuple[float, float]]:
    notes = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return {note["step"]: (note["flow"], note["gradient_norm"]) for note in notes if "flow" in note}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_cut_off_and_resumed_has_the_same_loss_curve(shards: list[str], tmp_path: Path, precision: str) -> None:
    whole = settings(steps=6, precision=precision, warmup=3)
    train(shards, tmp_path / "whole", whole, report=lambda note: None)

    class Cut(Exception):
        pass

    def cut(note: dict) -> None:
        if note.get("step") == 5:
            raise Cut

    with pytest.raises(Cut):
        train(shards, tmp_path / "cut", whole, report=cut)
    (tmp_path / "cut" / "log.jsonl").unlink()
    train(shards, tmp_path / "cut", whole, init="resume", report=lambda note: None)
    resumed, wanted = losses(tmp_path / "cut"), losses(tmp_path / "whole")
    assert list(resumed) == [5, 6] and all(resumed[step] == wanted[step] for step in resumed)
    left, right = (checkpoint.tensors(tmp_path / name / "checkpoint-0000006" / "ema.safetensors") for name in ("cut", "whole"))
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_nano_learns_one_batch_by_heart(tmp_path: Path) -> None:
    shards = synthetic.shards(tmp_path / "data", 1, 1, seed=5)
    nano = settings(steps=140, rate=4e-3, warmup=10, precision="fp32", save_every=1000, validate_every=1000, binary_after=50)
    none = {name: 0.0 for name in ("text", "lips", "face", "voice", "labels", "clue")}
    nano = replace(nano, drop=config.Drop(**none), data=replace(nano.data, frames=2000))
    notes: list[dict] = []
    train(shards, tmp_path / "run", nano, report=notes.append)
    first, last = notes[0], notes[-1]
    assert last["mean"] < 0.4 * first["mean"] and last["listen"] < 0.7 * first["listen"] and last["duration"] < first["duration"]
    assert sum(note["flow"] for note in notes[-10:]) < 0.7 * sum(note["flow"] for note in notes[:10])


def test_finetuning_begins_with_the_weights_given(shards: list[str], tmp_path: Path) -> None:
    best = train(shards, tmp_path / "first", settings(steps=2))
    notes: list[dict] = []
    train(shards, tmp_path / "second", settings(steps=1, rate=0.0), init="finetune", source=best, report=notes.append)
    left, right = (checkpoint.load(tmp_path / name / "best")[0].state_dict() for name in ("first", "second"))
    assert all(torch.equal(left[name], right[name]) for name in left) and len(notes) == 1


def test_a_flow_taught_alone_leaves_everything_else_as_it_was(shards: list[str], tmp_path: Path) -> None:
    first = train(shards, tmp_path / "first", settings(steps=2, flow_after=2), report=lambda note: None)
    then = train(shards, tmp_path / "then", settings(steps=4, alone="flow"), "finetune", first, report=lambda note: None)
    train(shards, tmp_path / "then", settings(steps=6, alone="flow"), "resume", report=lambda note: None)
    before, after = (checkpoint.tensors(folder / "network.safetensors") for folder in (first, then))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("decoder.") for name in changed)
    with pytest.raises(UsageError, match="no flow"):
        without = settings(steps=2, alone="flow")
        train(shards, tmp_path / "without", replace(without, network=replace(without.network, flow_layers=0)))


def test_a_listener_taught_alone_leaves_everything_else_as_it_was(shards: list[str], tmp_path: Path) -> None:
    first = train(shards, tmp_path / "first", settings(steps=2, flow_after=2), report=lambda note: None)
    notes: list[dict] = []
    then = train(shards, tmp_path / "then", settings(steps=12, alone="listener", binary_after=0), "finetune", first, shards, notes.append)
    before, after = (checkpoint.tensors(folder / "network.safetensors") for folder in (first, then))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("listener.") for name in changed)
    losses = [note["binary"] for note in notes if "binary" in note]
    assert losses[0] > losses[-1] > 0


def test_the_best_is_the_one_that_scores_best_and_only_the_newest_are_kept(shards: list[str], tmp_path: Path) -> None:
    notes: list[dict] = []
    best = train(shards, tmp_path, settings(steps=8, validate_every=2, keep=2), valid=shards, report=notes.append)
    scores = {note["step"]: note["valid"] for note in notes if "valid" in note}
    saved = checkpoint.read(best)
    assert len(scores) == 4 and saved.score == min(scores.values()) and scores[saved.step] == saved.score
    assert [path.name for path in sorted(tmp_path.glob("checkpoint-*"))] == ["checkpoint-0000006", "checkpoint-0000008"]
    assert not list(tmp_path.glob(".*"))


def test_accumulated_batches_make_one_step(shards: list[str], tmp_path: Path) -> None:
    notes: list[dict] = []
    train(shards, tmp_path, settings(steps=2, accumulate=3), report=notes.append)
    state = json.loads((tmp_path / "checkpoint-0000002" / "data-0.json").read_text())
    assert len(notes) == 2 and state["positions"][0] != {"epoch": 0, "shard": 0, "sample": 0, "batch": 0, "skipped": 0, "bad_in_row": 0}


def test_a_run_is_not_overwritten_and_nothing_is_resumed_from_nothing(shards: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint to go on from"):
        train(shards, tmp_path, settings(steps=2), init="resume")
    train(shards, tmp_path, settings(steps=2))
    with pytest.raises(UsageError, match="lies here already"):
        train(shards, tmp_path, settings(steps=2))
    with pytest.raises(UsageError, match="other settings"):
        train(shards, tmp_path, replace(settings(steps=4), network=config.load("small").network), init="resume")


def test_damaged_weights_are_refused_in_one_line(shards: list[str], tmp_path: Path) -> None:
    best = train(shards, tmp_path, settings(steps=1))
    (best / "network.safetensors").write_bytes(b"no")
    with pytest.raises(WeightsError, match="no weights that can be read"):
        checkpoint.load(best)


@pytest.mark.slow
def test_two_processes_train_one_network(shards: list[str], tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(
        "import json, sys\nfrom pathlib import Path\nfrom model import config\nfrom model.train import train\n"
        "nano = config.load('nano', ['data.workers=0', 'data.pool=3', 'data.frames=600', 'train.threads=1', 'train.steps=2'])\n"
        "train(json.loads(sys.argv[1]), Path(sys.argv[2]), nano)\n"
    )
    root = str(Path(__file__).parents[2])
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        str(script),
        json.dumps(shards),
        str(tmp_path / "run"),
    ]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    folder = tmp_path / "run" / "checkpoint-0000002"
    assert {path.name for path in folder.glob("data-*.json")} == {"data-0.json", "data-1.json"}
    assert checkpoint.load(folder)[1].step == 2

"""Exports opened by the libraries they are for. Those live in an environment of their own (``make readers``), not to disturb the lock."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cinedub.export import export
from tests.cinedub import small_dataset

READERS = Path(__file__).parents[3] / ".venv-readers" / "bin" / "python"
pytestmark = pytest.mark.skipif(not READERS.exists(), reason="datasets, mlcroissant, lhotse, megatron-energon are not there: make readers")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset.make(tmp_path_factory.mktemp("dataset") / "out")


def read(folder: Path, program: str) -> Any:
    """What the program prints last, as JSON; it runs in the readers' environment, in the export's folder, without a network."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / ".hf"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([READERS, "-c", program], cwd=folder, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("without", [(), ("video", "embeddings")])
def test_datasets_loads_the_hub_folder(out: Path, tmp_path: Path, without: tuple[str, ...]) -> None:
    folder = export(out, "huggingface", tmp_path / "hub", without)
    found = read(
        folder,
        """
import io, json, os, datasets, soundfile
here = os.getcwd()
splits = datasets.load_dataset(here)
row = next(iter(datasets.load_dataset(here, split="train", streaming=True).decode(False)))
sound, rate = soundfile.read(io.BytesIO(row["vocals.flac"]["bytes"]))
film = json.loads(row["json"])["film"] if isinstance(row["json"], str) else row["json"]["film"]
print(json.dumps([{name: len(rows) for name, rows in splits.items()}, film["title"], len(sound), rate, sorted(row)]))
""",
    )
    assert found[:4] == [{"train": 4, "validation": 2, "test": 2}, "The Harbour", 24_000, 24_000]
    assert ("mp4" in found[4]) == (not without)


def test_mlcroissant_validates_the_metadata_and_reads_its_records(out: Path, tmp_path: Path) -> None:
    folder = export(out, "croissant", tmp_path / "croissant")
    found = read(
        folder,
        """
import json, mlcroissant
dataset = mlcroissant.Dataset(jsonld="croissant.json")
issues = dataset.metadata.ctx.issues
rows = list(dataset.records("clips"))
text = lambda value: value.decode() if isinstance(value, bytes) else value
print(json.dumps([sorted(issues.errors), len(rows), text(rows[0]["clips/key"]), int(rows[0]["clips/end_ms"])]))
""",
    )
    assert found == [[], 8, "cccc-000000000-000001000", 1000]


def test_lhotse_loads_the_cuts_with_sound_and_words(out: Path, tmp_path: Path) -> None:
    folder = export(out, "lhotse", tmp_path / "lhotse")
    found = read(
        folder,
        """
import json, lhotse
from lhotse.qa import validate
cuts = lhotse.CutSet.from_file("cuts-train.jsonl.gz")
validate(cuts, read_data=True)
cut = next(iter(cuts))
line = cut.supervisions[1]
print(json.dumps([len(list(cuts)), list(cut.load_audio().shape), list(cut.load_mix().shape), line.speaker, line.start, line.text,
                  line.alignment["word"][0].symbol, line.gender, cut.kind]))
""",
    )
    assert found == [4, [1, 24_000], [2, 48_000], "s002", 0.5, small_dataset.HOSTILE, "word", "male", "dialogue"]


def test_energon_reads_samples_of_every_split(out: Path, tmp_path: Path) -> None:
    folder = export(out, "energon", tmp_path / "energon")
    found = read(
        folder,
        """
import json
from megatron.energon import Cooker, DefaultTaskEncoder, WorkerConfig, basic_sample_keys, get_loader, get_val_dataset, stateless
@stateless
def cook(sample):
    film = sample["mp4"].get_video()
    return dict(**basic_sample_keys(sample), kind=sample["json"]["kind"], frames=len(film.video_clips[0]))
class Encoder(DefaultTaskEncoder):
    cookers = [Cooker(cook)]
    def __init__(self):
        super().__init__(raw_batch_type=None)
workers = WorkerConfig(rank=0, world_size=1, num_workers=0)
keys = {}
for split in ("train", "val", "test"):
    dataset = get_val_dataset(".", split_part=split, worker_config=workers, batch_size=None, task_encoder=Encoder())
    keys[split] = sorted([sample["__key__"], sample["kind"], sample["frames"]] for sample in get_loader(dataset))
print(json.dumps(keys))
""",
    )
    assert {split: len(keys) for split, keys in found.items()} == {"train": 4, "val": 2, "test": 2}
    assert found["val"][0] == ["bbbb-000000000-000001000", "monologue", 25]


def test_webvtt_reads_the_voices(out: Path, tmp_path: Path) -> None:
    folder = export(out, "vtt", tmp_path / "vtt")
    found = read(folder, "import json, webvtt; print(json.dumps([[c.start, c.voice, c.text] for c in webvtt.read('dddd.vtt')]))")
    assert found[0][:2] == ["00:00:00.100", "s001"]
    assert found[0][2].startswith("He said")

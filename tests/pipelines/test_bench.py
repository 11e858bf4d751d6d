"""What a benchmark says it measured is what happened."""

import json
import os
from pathlib import Path

import pytest

from cinedub import media
from pipelines import bench, benchtable, rivals
from schemas import Span
from tests.cinedub import small_dataset
from tests.pipelines.cards import card


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return card(tmp_path_factory.mktemp("film"))


def test_passes_over_the_source_are_those_that_ffmpeg_was_asked_for(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, log = bench.listener(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(path), prepend=":")
    assert len(list(media.pictures(film, Span(0, 6_000), (64, 36)))) == 60
    list(media.sound(film, Span(0, 12_000), 16_000, 1))
    list(media.filmed(film, Span(2_000, 5_000), (64, 36), tmp_path / "clip.mp4"))
    list(media.sound(film, Span(3_000, 6_000), 16_000, 1))
    list(media.pictures(tmp_path / "clip.mp4", Span(0, 3_000), (64, 36)))  # another file
    found = bench.passes(log.read_text(), film, 12.0)
    assert found["sound"] == 1.25
    assert found["picture"] == pytest.approx(0.5 + 3.32 / 12, abs=0.01)  # a clip is read from a little before it


def test_a_run_is_told_by_what_its_processes_used(tmp_path: Path) -> None:
    done = bench.measured(["timeit", "-n", "1", "-r", "1", "sum(range(10_000_000))"], tmp_path)
    assert done.core_s > 0.1 and done.wall_s > 0.1 and done.peak_mb > 5
    assert done.said.startswith("1 loop, best of 1")


def test_a_run_keeps_to_the_cores_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counting.py").write_text("import os; print(len(os.sched_getaffinity(0)))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert bench.measured(["counting"], tmp_path, cores=1).said == "1"
    assert bench.measured(["counting"], tmp_path).said == str(len(os.sched_getaffinity(0)))


def test_a_run_that_fails_ends_the_benchmark_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"ended with 2: .*no such file or folder"):
        bench.measured(["cinedub.cli", "build", str(tmp_path / "gone.mp4"), "--out", str(tmp_path / "out")], tmp_path)


def test_a_film_is_cut_in_pieces_that_are_all_of_it(film: Path, tmp_path: Path) -> None:
    parts = bench.pieces(film, tmp_path)
    lengths = [float(media.probe(part)["format"]["duration"]) for part in parts]
    assert len(parts) >= 2 and sum(lengths) == pytest.approx(12, abs=1)  # the sound of a piece ends with its last packet


def test_shards_and_loading_are_compared_on_the_same_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "_BYTES", 1_000_000)
    out = small_dataset.make(tmp_path / "out")
    written = rivals.shard_writing(out, "")
    assert written["bytes"] >= 1_000_000 and written["samples"] % 8 == 0
    assert all(written[name]["wall_s"] > 0 for name in ("CineDub", "webdataset.TarWriter", "webdataset.TarWriter, digested and brought to disk"))


def test_the_table_tells_the_share_that_is_no_stages_work(tmp_path: Path) -> None:
    stage = {"busy_s": 8.0, "cpu_s": 9.0, "in": 4, "load_cpu_s": 1.0}
    run = {"wall_s": 10.0, "core_s": 12.0, "peak_mb": 900.0, "written_mb": 5.0, "film_s": 5.0, "records": 3, "digest": "a", "stages": {"See": stage}}
    found = {
        "machine": {"cpu": "a CPU", "cores": 2}, "load_before": 0.1, "parts": 2, "passes": {"picture": 2.0}, "disk": {"cache": 1_000_000},
        "cold": run, "cached": run | {"wall_s": 0.5}, "elsewhere": run, "one process": run, "one core": run | {"wall_s": 9.0},
        "two processes": run | {"wall_s": 5.0},
        "script": {**run, "wall_s": 12.5, "said": "b"}, "rivals": {"asr": {"CineDub": {"wall_s": 1.0, "core_s": 2.0}, "bytes": 7}},
    }  # fmt: skip
    assert benchtable.derived(found) == pytest.approx(
        {
            "wall a film second": 2.0, "orchestration": 0.2, "cold / cached": 20.0, "one process on one core / two on two": 1.8,
            "the same, by seconds of cores": 2.0,
            "one process on two cores / two on two": 2.0, "build / script, wall": 0.8, "build / script, cores": 1.0,
        }
    )  # fmt: skip
    page = benchtable.table(json.loads(json.dumps(found)))
    assert "| See | 1.600 | 1.800 | 4 | 1.000 |" in page and "| asr | CineDub | 1.000 | 2.000 |  |" in page
    assert "The script's shards are those of the build: **no**" in page

"""The same graph on a Dask cluster of two worker processes: the same bytes, the same losses, from both of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cinedub import film

HOME = Path(__file__).parents[2]
RUNNERS = HOME / ".runners"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RUNNERS.is_dir(), reason="the runners' clients are not here: make runners"),
]

_CLUSTER = """
import subprocess, sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None) as cluster:
        address = "--dask_client_address=" + cluster.scheduler_address
        sys.exit(subprocess.run([sys.executable, "-m", "cinedub.cli", *sys.argv[1:], "--profile", "dask", "--", address]).returncode)
"""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two short films with different people, one of the two under a second name, and a file that is no film."""
    place = tmp_path_factory.mktemp("films")
    wanted = [film.FilmSettings(seed=seed, seconds=8, kinds=("monologue",), characters=1, height=180, fps="25") for seed in (4, 5)]
    made = [film.write(settings, place / f"film-{settings.seed}.mp4") for settings in wanted]
    (place / "none.mp4").write_text("no film")
    return [*made, Path(shutil.copy(made[0], place / "same.mp4")), place / "none.mp4"]


def build(films: list[Path], place: Path, *command: str) -> dict[str, Any]:
    environment = os.environ | {"CINEDUB_CACHE": str(place / "cache"), "PYTHONPATH": os.pathsep.join([str(RUNNERS), str(HOME)])}
    out = place / "out"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command, "build", *map(str, films), "--quiet", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=1200,
        env=environment,
    )
    assert (out / "_SUCCESS").exists(), done.stderr[-3000:]
    return {name: json.loads((out / f"{name}.json").read_bytes()) for name in ("dataset", "metrics")} | {"code": done.returncode}


def test_a_dask_cluster_of_two_workers_gives_what_the_local_runner_gives(films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "cluster.py").write_text(_CLUSTER)
    dask = build(films, tmp_path / "dask", str(tmp_path / "cluster.py"))
    local = build(films, tmp_path / "local", "-m", "cinedub.cli")
    assert dask["dataset"] == local["dataset"]
    assert dask["dataset"]["failures"] == {"Probe": 2} and dask["dataset"]["records"] >= 2
    assert dask["code"] == local["code"]
    told, counted = dask["metrics"]["stages"], local["metrics"]["stages"]
    # What a side input needs is asked for twice there; the second time it comes from the cache.
    assert {stage: facts["out"] - facts["out"] * facts["cached"] // facts["in"] for stage, facts in told.items() if stage != "Probe"} == {
        stage: facts["out"] for stage, facts in counted.items() if stage != "Probe"
    }

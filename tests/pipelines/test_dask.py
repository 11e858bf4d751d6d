"""The same graph on a Dask cluster of two worker processes: the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

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


def test_a_dask_cluster_of_two_workers_gives_the_bytes_of_the_local_runner(tmp_path: Path) -> None:
    footage = film.write(film.FilmSettings(seed=4, seconds=12, kinds=("monologue",), characters=1, height=180, fps="25"), tmp_path / "film.mp4")
    environment = os.environ | {"CINEDUB_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join([str(RUNNERS), str(HOME)])}
    build = ["build", str(footage), "--quiet", "--out"]
    (tmp_path / "cluster.py").write_text(_CLUSTER)
    subprocess.run([sys.executable, str(tmp_path / "cluster.py"), *build, str(tmp_path / "dask")], check=True, timeout=600, env=environment)
    environment["CINEDUB_CACHE"] = str(tmp_path / "fresh")
    subprocess.run([sys.executable, "-m", "cinedub.cli", *build, str(tmp_path / "local")], check=True, timeout=600, env=environment)
    digests = [json.loads((tmp_path / name / "dataset.json").read_text())["digest"] for name in ("dask", "local")]
    assert digests[0] == digests[1]

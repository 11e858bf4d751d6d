"""A real S3 server, when the environment that has one is there (``make stores``)."""

import hashlib
import json
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-stores" / "bin" / "python"


@pytest.mark.skipif(not PYTHON.exists(), reason="no S3 server: make stores")
def test_a_dataset_goes_to_s3_and_a_film_comes_from_it_though_every_third_request_fails(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(ROOT), sysconfig.get_paths()["purelib"]])
    done = subprocess.run([PYTHON, "-m", "tests.stores.s3", tmp_path], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths})
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["held"].keys() == {"set/shards/a.tar", "set/shards/c.tar", "set/dataset.json", "set/_SUCCESS"}
    assert told["a"] == hashlib.sha256(b"1" * 6_000_000).hexdigest() and told["fetched"] == 6_000_000
    assert told["second"] < 1000
    assert min(told["failed"].get(way, 0) for way in ("500", "503", "hang up", "hang up midway")) >= 2

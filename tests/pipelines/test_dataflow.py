"""The graph as Dataflow would get it: translated by Beam's own Dataflow runner, offline, its job description read."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.cloud import cloud

HOME = Path(__file__).parents[2]
RUNNERS = HOME / ".runners"
IMAGE = "example/cinedub-worker:gpu"

pytestmark = pytest.mark.skipif(not RUNNERS.is_dir(), reason="the runners' clients are not here: make runners")

_DESCRIBE = """
import json, sys
from pathlib import Path
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.dataflow.internal import apiclient
from cinedub import config
from pipelines import build, profile
from schemas import Source

settings = config.load(profile.find("dataflow"))
mine = ["--project=my-project", "--region=us-central1", "--temp_location=gs://bucket/t", "--staging_location=gs://bucket/s"]
options = PipelineOptions([*settings.run.flags, *mine, "--sdk_container_image=" + sys.argv[1], "--dry_run=True", "--job_name=films"])
pipeline = beam.Pipeline(options=options)
build.draw(pipeline, [Source("gs://bucket/film.mp4")], settings, Path("/mnt/out"))
graph = pipeline.run().job.proto_pipeline
places = dict(packages=[], environment_version="8", proto_pipeline_staged_url="gs://bucket/s/pipeline.pb", pipeline_proto_hash="0")
workers = apiclient.Environment(options=options, proto_pipeline=graph, **places).proto
parts = graph.components
print(json.dumps({
    "bytes": graph.ByteSize(),
    "closures": {step.unique_name: step.spec.ByteSize() for step in parts.transforms.values()},
    "hints": {step.unique_name: sorted(key.rsplit(":", 2)[-2] + "=" + value.decode() for key, value in
              parts.environments[step.environment_id].resource_hints.items()) for step in parts.transforms.values() if step.environment_id},
    "images": sorted({environment.payload.decode("latin1").strip() for environment in parts.environments.values()}),
    "workers": json.loads(type(workers).to_json(workers)),
}))
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with cloud(tmp_path_factory.mktemp("cloud")) as names:
        environment = os.environ | names | {"PYTHONPATH": os.pathsep.join([str(RUNNERS), str(HOME)])}
        command = [sys.executable, "-W", "ignore", "-c", _DESCRIBE, IMAGE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_graph_is_small_and_no_step_carries_a_large_closure(job: dict[str, Any]) -> None:
    assert job["bytes"] < 1 << 20
    assert max(job["closures"].values()) < 64 << 10


def test_stages_whose_models_run_on_a_gpu_ask_for_one_and_those_of_text_do_not(job: dict[str, Any]) -> None:
    asks = {name: any("accelerator" in hint for hint in hints) for name, hints in job["hints"].items() if name.endswith("/Run")}
    assert {name.removesuffix("/Run") for name, gpu in asks.items() if gpu} >= {"Separate", "Transcribe", "Hear", "See"}
    assert not any(asks[f"{stage}/Run"] for stage in ("CutReels", "CutClips", "FindScenes", "Recognise", "Pack"))


def test_every_worker_runs_the_image_and_the_machine_that_the_profile_names(job: dict[str, Any]) -> None:
    assert all(IMAGE in image for image in job["images"])
    pools = job["workers"]["workerPools"]
    assert all(pool["machineType"] == "g2-standard-8" and pool["diskSizeGb"] == 200 for pool in pools)

"""One dataset in every way of running it: the bytes must be the same.

    python -m tests.faults.modes FOLDER FILM… [--only MODE]

Each mode has a cache of its own, so that everything is computed in it. ``portable`` is Beam's portable runner with a local job service and a worker
pool, the way in which Flink and Spark are used.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

MODES = {
    "in memory": ["--direct_num_workers=1", "--direct_running_mode=in_memory"],
    "two threads": ["--direct_num_workers=2", "--direct_running_mode=multi_threading"],
    "two processes": ["--direct_num_workers=2", "--direct_running_mode=multi_processing"],
    "portable": [],
    "another order": [],
    "other threads": [],
}
#: Models on other numbers of threads than their settings say, on a machine that seems to have another number of cores.
_ONE = "probe.recogniser shots.detector separate.separator transcribe.recogniser see.landmarker see.face_encoder see.expression"
_THREADS = [
    *(f"--set={model}.threads=1" for model in (*_ONE.split(), "see.attributes", "correct.verifier")),
    *(f"--set={model}.threads=2" for model in ("hear.segmenter", "hear.voice_encoder", "see.face_detector")),
]
_CORES = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}


@contextmanager
def services() -> Iterator[list[str]]:
    """A job service and a pool of workers; gives the flags that use them."""
    jobs, pool = _port(), _port()
    commands = (
        ["apache_beam.runners.portability.local_job_service_main", f"--port={jobs}"],
        ["apache_beam.runners.worker.worker_pool_main", f"--service_port={pool}"],
    )
    # The pool starts whatever ``python`` comes first on its PATH; a worker without Beam dies at once, and the job waits for it for ever.
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    running = [subprocess.Popen([sys.executable, "-m", *command], **quiet) for command in commands]  # type: ignore[call-overload]
    try:
        for port in (jobs, pool):
            _wait(port)
        yield [
            "--runner=PortableRunner",
            f"--job_endpoint=localhost:{jobs}",
            "--environment_type=EXTERNAL",
            f"--environment_config=localhost:{pool}",
            "--job_server_timeout=600",
        ]
    finally:
        for process in running:
            process.terminate()
            process.wait()


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int) -> None:
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers at port {port}")


def build(folder: Path, films: list[str], flags: list[str], sets: Sequence[str] = (), environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """The digest of the dataset that the command makes."""
    command = [sys.executable, "-m", "cinedub.cli", "build", *films, "--out", str(folder / "out"), "--quiet", *sets, "--", *flags]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CINEDUB_CACHE": str(folder / "cache"), **environment})
    if done.returncode:
        return f"ended with {done.returncode}: {done.stderr[-500:]}"
    return str(json.loads((folder / "out" / "dataset.json").read_text())["digest"])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("films", nargs="+")
    parser.add_argument("--only", choices=list(MODES), action="append")
    options = parser.parse_args()
    digests = {}
    for mode in options.only or MODES:
        films = options.films[::-1] if mode == "another order" else options.films
        folder = options.folder.absolute() / mode.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        if mode == "portable":
            os.environ["CINEDUB_CACHE"] = str(folder / "cache")  # the pool's workers take theirs from here
            with services() as flags:
                digests[mode] = build(folder, films, flags)
        elif mode == "other threads":
            digests[mode] = build(folder, films, [], _THREADS, _CORES)
        else:
            digests[mode] = build(folder, films, MODES[mode])
        print(f"{mode}: {digests[mode]}", flush=True)
    return 0 if len(set(digests.values())) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())

"""Workers that die, and memory that runs out: one line, and the same command goes on. Needs root and the memory controller of cgroups for the latter.

python -m tests.faults.workers FOLDER [--only WORD]     (FOLDER: what tests.faults.kill has filled: films, undisturbed)
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.run import descendants
from tests.faults.kill import SEEDS, build, child, compare, leftovers, preload

_TWO = ("--", "--direct_num_workers=2", "--direct_running_mode=multi_processing")
_GROUP = Path("/sys/fs/cgroup/memory/cinedub-faults")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    folder = options.folder.absolute()
    preload()
    trials: dict[str, Callable[[Path, list[Path]], tuple[int, str]]] = {
        "a worker of two killed in Separate": partial(killed, stage="Separate"),
        "a worker of two killed in See": partial(killed, stage="See"),
        "workers with a gigabyte in all": partial(bounded, limit_mb=1000),
        "300 MB of address space more than at the start": partial(limited, more_mb=300),
        "900 MB of address space more than at the start": partial(limited, more_mb=900),
    }
    films, lost = [folder / f"film-{number}.mp4" for number in SEEDS], dict[str, str]()
    chosen = {name: work for name, work in trials.items() if options.only in name}
    for name, work in chosen.items():
        place = folder / "workers"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        os.environ["CINEDUB_CACHE"] = str(place / "cache")
        code, said = work(place, films)
        told = [line for line in said.splitlines() if line.startswith("cinedub:")]
        print(f"{name}: {code} {told}", flush=True)
        _, status = os.waitpid(child(lambda place=place: build(films, place / "out"), place / "again"), 0)
        faults = compare(place / "out", folder / "undisturbed") + leftovers(place / "cache", place / "out")
        # A native library that gets no memory may end the command without a word (docs/reliability.md); Beam's other worker may say more.
        silent = work.func is limited and code not in (0, 1, 2, 3)  # type: ignore[attr-defined]
        if not silent and (code not in (1, 2, 3) or not told or len(set(told)) > 1):
            faults.insert(0, f"ended with {code}: {said[-500:]}")
        if status:
            faults.append(f"again: {(place / 'again').read_text()[-300:]}")
        if faults:
            lost[name] = "; ".join(faults)
    print(json.dumps({"tried": len(chosen), "lost": lost}, indent=1))
    return 1 if lost else 0


def killed(place: Path, films: list[Path], stage: str) -> tuple[int, str]:
    """One of two workers is killed when a stage is at work."""
    process = command(place, films)
    while process.poll() is None and not list(place.glob(f"cache/stages/{stage}/*/.*.part")):
        time.sleep(0.02)
    workers = [one for one in descendants(process.pid) if b"sdk_worker" in Path(f"/proc/{one}/cmdline").read_bytes()]
    os.kill(max(workers, key=_size), signal.SIGKILL)
    return process.wait(600), process.stderr.read() if process.stderr else ""


def _size(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1])


def bounded(place: Path, films: list[Path], limit_mb: int) -> tuple[int, str]:
    """The kernel gives the command and its workers so much memory, and kills the largest of them when it is spent."""
    _GROUP.mkdir(exist_ok=True)
    (_GROUP / "memory.limit_in_bytes").write_text(str(limit_mb << 20))
    try:
        process = command(place, films, lambda: (_GROUP / "cgroup.procs").write_text(str(os.getpid())))
        return process.wait(600), process.stderr.read() if process.stderr else ""
    finally:
        _GROUP.rmdir()


def command(place: Path, films: list[Path], first: Callable[[], object] | None = None) -> subprocess.Popen[str]:
    """The command with two worker processes."""
    line = [sys.executable, "-m", "cinedub.cli", "build", *map(str, films), "--out", str(place / "out"), "--quiet", *_TWO]
    return subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, preexec_fn=first)


def limited(place: Path, films: list[Path], more_mb: int) -> tuple[int, str]:
    """The system refuses the command more than so much memory."""

    def work() -> int:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + (more_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        return build(films, place / "out")

    _, status = os.waitpid(child(work, place / "log"), 0)
    return os.waitstatus_to_exitcode(status), (place / "log").read_text()


if __name__ == "__main__":
    sys.exit(main())

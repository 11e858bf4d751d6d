"""Where the time of a build goes, and what it is beside a plain script and single tools: FILE.json and FILE.md.

    python -m pipelines.bench FILM FOLDER FILE      (make bench)

Everything is computed afresh under FOLDER, each build in a process of its own and with a cache of its own. Figures mean something on a machine that
does nothing else meanwhile; seconds of all cores (``core_s``) suffer least where it does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cinedub import __version__, media, storage
from pipelines import benchtable
from pipelines.rivals import RIVALS

_ONE = ("--", "--direct_num_workers=1", "--direct_running_mode=in_memory")
_TWO = ("--", "--direct_num_workers=2", "--direct_running_mode=multi_processing")
#: Stands before ffmpeg on the PATH: writes down what it is asked, and becomes it.
_FFMPEG = """#!/bin/sh
asked=$(printf '%s\\t' "$@")
printf '%s\\n' "$asked" >> '{log}'
exec '{ffmpeg}' "$@"
"""


@dataclass(frozen=True)
class Run:
    """One command: seconds of wall and of all cores, memory of its largest process, bytes that went to disk, the last line that it printed."""

    wall_s: float
    core_s: float
    peak_mb: float
    written_mb: float
    said: str


def measured(command: Sequence[str], cache: Path, path: Path | None = None, cores: int | None = None) -> Run:
    """Run a Python module with a stage cache of its own, on so many ``cores`` (all there are); what lies in ``path`` comes first on its PATH.

    Raises:
        SystemExit: it failed, with the last that it said.
    """
    place = os.environ["PATH"] if path is None else f"{path}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"CINEDUB_CACHE": str(cache), "PATH": place}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        began, before = time.monotonic(), _written()
        process = subprocess.Popen([sys.executable, "-m", *command], stdout=said, stderr=errors, env=environment, preexec_fn=_held_to(cores))
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        wall_s, written = time.monotonic() - began, _written() - before
        if process.returncode:
            errors.seek(0)
            sys.exit(f"bench: {' '.join(command)}: ended with {process.returncode}: {errors.read().decode().strip()[-2000:]}")
        said.seek(0)
        last = said.read().decode().strip().rpartition("\n")[2]
    return Run(round(wall_s, 2), round(used.ru_utime + used.ru_stime, 2), round(used.ru_maxrss / 1024, 1), round(written / 1e6, 1), last)


def _held_to(cores: int | None) -> Callable[[], None]:
    """What a process does before it becomes another program: it, and what it starts, keep to the first of the cores it may use."""
    return lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _written() -> int:
    """Bytes that this process, and those it has waited for, sent to a disk."""
    rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(rows["write_bytes"])


def listener(folder: Path) -> tuple[Path, Path]:
    """A folder for the PATH whose ffmpeg notes what it is asked, and the file that it notes it in."""
    folder.mkdir(parents=True, exist_ok=True)
    log, ffmpeg = folder / "asked.tsv", folder / "ffmpeg"
    ffmpeg.write_text(_FFMPEG.format(log=log, ffmpeg=shutil.which("ffmpeg")))
    ffmpeg.chmod(0o755)
    log.touch()
    return folder, log


def passes(asked: str, film: Path, film_s: float) -> dict[str, float]:
    """How often each second of the film's ``picture`` and ``sound`` was decoded, from the lines that ``listener`` wrote."""
    seconds = {"picture": 0.0, "sound": 0.0}
    for line in asked.splitlines():
        words = line.split("\t")
        source = f"file:{film}"
        if source not in words:
            continue
        before, after = words[: words.index(source)], words[words.index(source) :]
        length = next((float(words[place + 1]) for place, word in enumerate(before) if word == "-t"), film_s)
        graph = " ".join(after)
        kind = "picture" if any(sign in graph for sign in ("0:v", "[0:0]", "-vf", "-an")) else "sound"
        seconds[kind] += min(length, film_s)
    return {kind: round(total / film_s, 2) for kind, total in seconds.items()}


def pieces(film: Path, folder: Path) -> list[Path]:
    """The film in two or more files, cut at key frames without decoding."""
    folder.mkdir(parents=True, exist_ok=True)
    segments = ["-c", "copy", "-f", "segment", "-segment_time", str(_length_s(film) / 2 - 1), "-reset_timestamps", "1"]
    media.run(["-y", "-i", f"file:{film}", *segments, f"file:{folder}/part-%d.mkv"], 600.0, "COPY", film)
    return sorted(path for path in folder.glob("part-*.mkv") if _length_s(path) > 2)


def _length_s(film: Path) -> float:
    return float(media.probe(film)["format"]["duration"])


def bench(film: Path, folder: Path) -> dict[str, Any]:
    """Every figure, measured one after another; ``folder`` is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path, log = listener(folder / "ffmpeg")
    parts = pieces(film, folder / "parts")

    def build(name: str, films: Sequence[Path], cache: str, *flags: str, cores: int | None = None) -> dict[str, Any]:
        done = measured(["cinedub.cli", "build", *map(str, films), "--quiet", "--out", str(folder / name), *flags], folder / cache, path, cores)
        metrics, dataset = (json.loads((folder / name / f"{what}.json").read_bytes()) for what in ("metrics", "dataset"))
        facts = asdict(done) | {"stages": metrics["stages"], "film_s": dataset["film_s"], "records": dataset["records"], "digest": dataset["digest"]}
        return {key: value for key, value in facts.items() if key != "said"}

    found: dict[str, Any] = {"code": __version__, "machine": _machine(), "load_before": os.getloadavg()[0]}
    found["cold"] = build("cold", [film], "cache")
    found["passes"] = passes(log.read_text(), film, found["cold"]["film_s"])
    found["disk"] = {name: _size(folder / place) for name, place in (("cache", "cache"), ("dataset", "cold"))}
    found["cached"] = build("cold", [film], "cache")
    found["elsewhere"] = build("elsewhere", [film], "cache")
    found["script"] = asdict(measured(["pipelines.script", str(folder / "script"), str(film)], folder / "unused"))
    found["parts"] = len(parts)
    found["one process"] = build("one", parts, "cache-one", *_ONE)
    found["one core"] = build("one-core", parts, "cache-core", *_ONE, cores=1)
    found["two processes"] = build("two", parts, "cache-two", *_TWO)
    found["rivals"] = {}
    for name in RIVALS:
        done = measured(["pipelines.rivals", name, str(folder / "cold"), str(film)], folder / "cache")
        found["rivals"][name] = json.loads(done.said)
    return found


def _machine() -> dict[str, Any]:
    model = next((line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "threads": {key: os.environ[key] for key in ("OMP_NUM_THREADS",) if key in os.environ},
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    told = bench(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
    storage.write_atomic(Path(f"{sys.argv[3]}.json"), json.dumps(told, indent=1).encode() + b"\n")
    storage.write_atomic(Path(f"{sys.argv[3]}.md"), benchtable.table(told).encode())
    print(benchtable.table(told))

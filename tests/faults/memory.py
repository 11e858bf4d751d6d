"""Peak memory against a film's length: the same film builds at 2, 10 and 60 minutes, each from nothing, in a process of its own.

    python -m tests.faults.memory FOLDER FILM [--minutes 2 10 60]

The film is FILM (a few seconds of somebody talking) and then nothing to see or hear, over and over, four minutes each time: what a stage would keep
of a whole film grows with its length, and the work stays bearable.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

_EVERY_S, _RATE = 240, 10


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("film", type=Path)
    parser.add_argument("--minutes", type=int, nargs="+", default=[2, 10, 60])
    options = parser.parse_args()
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    once = folder / "once.mkv"
    if not once.exists():
        longer = ["-vf", f"fps={_RATE},tpad=stop_mode=add:stop_duration={_EVERY_S}", "-af", "apad", "-t", str(_EVERY_S), "-c:a", "flac", "-g", "50"]
        ffmpeg("-i", options.film.absolute(), *longer, once)
    found: dict[int, dict[str, float]] = {}
    for minutes in options.minutes:
        film = folder / f"{minutes}-minutes.mkv"
        if not film.exists():
            listed = folder / "list"
            listed.write_text(f"file '{once}'\n" * (-(-minutes * 60 // _EVERY_S)))
            ffmpeg("-f", "concat", "-safe", "0", "-i", listed, "-t", str(minutes * 60), "-c", "copy", film)
        found[minutes] = build(film, folder / f"{minutes}")
        print(minutes, json.dumps(found[minutes]), flush=True)
    peaks = [facts["peak_mb"] for facts in found.values()]
    return 0 if max(peaks) <= 1.15 * peaks[0] else 1


def build(film: Path, place: Path) -> dict[str, float]:
    """What a build says of itself: peak memory, clips, and seconds of all cores."""
    environment = os.environ | {"CINEDUB_CACHE": str(place / "cache")}
    command = [sys.executable, "-m", "cinedub.cli", "build", str(film), "--out", str(place / "out"), "--quiet"]
    subprocess.run(command, check=True, env=environment)
    dataset, metrics = (json.loads((place / "out" / name).read_bytes()) for name in ("dataset.json", "metrics.json"))
    cpu_s = sum(stage["cpu_s"] for stage in metrics["stages"].values())
    return {"peak_mb": metrics["peak_mb"], "film_s": dataset["film_s"], "clips": dataset["records"], "cpu_s": round(cpu_s)}


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *map(str, arguments)], check=True)


if __name__ == "__main__":
    sys.exit(main())

"""How time and memory grow with the work: longer films, and more of them. Writes FILE.json and FILE.md.

    python -m pipelines.growth FILM FOLDER FILE [--minutes 1 4 16] [--films 1 10 100]      (make growth)

Longer films are FILM over and over. More films are its first three seconds, each with another comment inside, so that each is another film. All is
computed afresh, with a cache for each size, and built once more into another folder, where every stage finds its results: what that takes is the
engine's, not the models'. An exponent is the slope between two sizes in logarithms: 1 is linear. Seconds of all cores suffer least on a machine that
does other things too. What is measured is written after every size.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinedub import __version__, media, storage
from pipelines.bench import measured

_PIECE_S = 3
_LIMIT_S = 600.0


def longer(film: Path, minutes: float, target: Path) -> Path:
    """The film again and again until it lasts so long; nothing is coded anew."""
    media.run(["-y", "-stream_loop", "-1", "-i", f"file:{film}", "-t", str(minutes * 60), "-c", "copy", f"file:{target}"], _LIMIT_S, "COPY", film)
    return target


def several(film: Path, count: int, folder: Path) -> list[Path]:
    """So many films of three seconds that show the same and are not the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / f"film-{number:03d}.mkv" for number in range(count)]
    for number, path in enumerate(made):
        piece = ["-y", "-i", f"file:{film}", "-t", str(_PIECE_S), "-map", "0:v:0", "-map", "0:a:0", "-c", "copy"]
        media.run([*piece, "-metadata", f"comment={number}", f"file:{path}"], _LIMIT_S, "COPY", film)
    return made


def built(films: Sequence[Path], folder: Path, size: float) -> dict[str, Any]:
    """One build from nothing, and one from the cache: their costs, and how alike the shards are."""
    run, again = (
        measured(["cinedub.cli", "build", *map(str, films), "--quiet", "--out", str(folder / name), "--set", "pack.shard_mb=8"], folder / "cache")
        for name in ("out", "again")
    )
    metrics, dataset = (json.loads((folder / "out" / f"{name}.json").read_bytes()) for name in ("metrics", "dataset"))
    busy_s = sum(facts["busy_s"] for facts in metrics["stages"].values())
    load_s = sum(facts["load_cpu_s"] for facts in metrics["stages"].values())
    shards = sorted(path.stat().st_size for path in (folder / "out" / "shards").glob("*-train-*.tar"))
    shutil.rmtree(folder)
    return {
        "size": size, "film_s": dataset["film_s"], "records": dataset["records"], "wall_s": run.wall_s, "core_s": run.core_s, "busy_s": busy_s,
        "load_s": load_s, "engine_wall_s": again.wall_s, "engine_core_s": again.core_s, "peak_mb": run.peak_mb,
        "engine_peak_mb": again.peak_mb, "shards": len(shards), "shard_mb": [round(each / 1e6, 2) for each in (*shards[:1], *shards[-1:])],
    }  # fmt: skip


def exponents(rows: Sequence[dict[str, Any]], key: str) -> list[float]:
    """Between each size and the next, the seconds for loading models left out where there were any."""
    load = "" if key.startswith("engine") else "load_s"
    return [
        round(math.log((two[key] - two.get(load, 0)) / (one[key] - one.get(load, 0))) / math.log(two["film_s"] / one["film_s"]), 3)
        for one, two in itertools.pairwise(rows)
    ]


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = [
        "# How it grows",
        "",
        f"`make growth`, one process, CineDub {found['code']}. Exponents: the slope to the size before, model loading left out. The engine: the same",
        "build into another folder, with every stage's results in the cache: imports, graph, cache, shards, tables, the page.",
        "",
    ]
    for name, title in (("minutes", "minutes of one film"), ("films", f"films of {_PIECE_S} s")):
        if not (rows := found[name]):
            continue
        lines += [
            f"| {title} | wall s | core s | exponent: wall, cores | peak MB | engine: core s | its exponent | its peak MB | records | shards, MB |",
            "|---:|---:|---:|---|---:|---:|---:|---:|---:|---|",
        ]
        slopes = [["", "", ""], *zip(*(exponents(rows, key) for key in ("wall_s", "core_s", "engine_core_s")), strict=True)]
        for row, (wall, cores, engine) in zip(rows, slopes, strict=True):
            sizes = f"{row['shards']}: {' to '.join(map(str, row['shard_mb']))}"
            lines.append(
                f"| {row['size']:g} | {row['wall_s']:.0f} | {row['core_s']:.0f} | {wall}{', ' if wall else ''}{cores} | {row['peak_mb']:.0f} |"
                f" {row['engine_core_s']:.1f} | {engine} | {row['engine_peak_mb']:.0f} | {row['records']} | {sizes} |"
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Measure one size after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("film", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file")
    parser.add_argument("--minutes", type=float, nargs="*", default=[1, 4, 16])
    parser.add_argument("--films", type=int, nargs="*", default=[1, 10, 100])
    options = parser.parse_args()
    folder = options.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, Any] = {"code": __version__, "minutes": [], "films": []}
    for count in options.films:
        found["films"].append(built(several(options.film.absolute(), count, folder / "films"), folder / "build", count))
        _tell(found, options.file)
    for minutes in options.minutes:
        film = longer(options.film.absolute(), minutes, folder / f"{minutes:g}.mkv")
        found["minutes"].append(built([film], folder / "build", minutes))
        film.unlink()
        _tell(found, options.file)
    print(table(found))


def _tell(found: dict[str, Any], name: str) -> None:
    storage.write_atomic(Path(f"{name}.json"), json.dumps(found, indent=1).encode() + b"\n")
    storage.write_atomic(Path(f"{name}.md"), table(found).encode())


if __name__ == "__main__":
    main()

"""Send hostile films through everything that decodes, and say which ended rightly.

    python -m tests.hostile.run [--only WORD] [--every N] [--part K] [--fuzz COUNT [--seed N]]

A film that is taken is decoded as the stages decode it: its sound at two rates, its pictures on the 25 Hz grid, a clip of it written anew. The
right ends are those that a case names, or, for mutated films, any code of the taxonomy. An end is wrong when it is another exception, takes longer
than its deadline, leaves a process or a file, or gives sound or pictures of the wrong length.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cinedub import config, media, storage
from cinedub.errors import MediaError
from schemas import Film, Source, Span
from tests.hostile.cases import TAKEN, Case, cases, plain
from transforms.probe import probe

#: Seconds on a quiet machine; a busy one gets more.
DEADLINE_S = 30.0


class Deaf:
    """Keeps the recogniser's promise for films whose language the manifest gives."""

    digest = "deaf"


def end(path: Path) -> str:
    """How a film ends: TAKEN, or the code of its dead letter."""
    try:
        with storage.Assets("Probe", storage.address(str(path))) as assets:
            film = probe(Source(str(path), "T", None, "en"), config.Probe(timeout_s=20), assets, Deaf())  # type: ignore[arg-type]
            decode(film, path, assets.path("mp4"))
    except MediaError as error:
        if "\n" in str(error):
            raise AssertionError(f"more than one line: {error}") from error
        return error.code
    return TAKEN


def decode(film: Film, path: Path, clip: Path) -> None:
    """As the stages do it."""
    span = Span(0, min(film.duration, 3000))
    for rate, channels in ((48_000, min(2, film.audio.channels)), (8_000, 1)):
        samples = sum(block.shape[1] for block in media.sound(path, span, rate, channels))
        assert samples == (span.duration * rate + 500) // 1000, f"{samples} samples at {rate} Hz for {span.duration} ms"
    scale = min(1.0, 1920 / film.video.width)
    size = (max(1, round(film.video.width * scale)), max(1, round(film.video.height * scale)))
    frames = sum(1 for _ in media.on_grid(media.filmed(path, span, size, clip), span))
    assert frames in (0, round(span.duration / 40)), f"{frames} pictures for {span.duration} ms"
    made = media.probe(clip)["streams"]
    assert [stream["codec_type"] for stream in made] == ["video"] and int(made[0]["nb_frames"]) == round(span.duration / 40), (
        "a clip of another length"
    )


def judge(case: Case, folder: Path) -> str:
    """What is wrong with a case's end; nothing when it is right."""
    try:
        path = case.make(folder)
    except (subprocess.SubprocessError, ValueError) as error:
        return f"can't be made: {str(error)[-300:]}"
    before, started = sorted(folder.iterdir()), time.process_time()
    try:
        found = end(path)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    if time.process_time() - started > DEADLINE_S:
        return f"{found} after {time.process_time() - started:.0f} s"
    if sorted(folder.iterdir()) != before:
        return f"left files: {sorted(set(folder.iterdir()) - set(before))}"
    if left := children():
        return f"left processes: {left}"
    return "" if found in case.ends else f"{found}; right would be {' or '.join(case.ends)}"


def children() -> list[str]:
    """Decoders under this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int((path / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append((path / "comm").read_text().strip())
        except (OSError, IndexError):
            continue
    return [name for name in found if name.startswith("ff")]


def mutated(count: int, seed: int) -> Iterator[Case]:
    """Good films of several kinds with bytes changed, lost, doubled or moved; the same seed gives the same films."""
    kinds = ("mp4", "mkv", "ts", "avi", "webm", "flv", "mov", "mpg")
    codes = ("PROBE_UNREADABLE", "PROBE_NO_VIDEO", "PROBE_NO_AUDIO", "PROBE_TRUNCATED", "PROBE_TOO_SHORT", "PROBE_TOO_LONG", "PROBE_TOO_LARGE")
    ends = (TAKEN, *codes, "PROBE_TIMEOUT", "DECODE_AUDIO", "DECODE_VIDEO", "DECODE_TIMEOUT")
    for number in range(count):
        kind = kinds[number % len(kinds)]

        def make(folder: Path, number: int = number, kind: str = kind) -> Path:
            data, chance = bytearray(plain(folder, kind)), random.Random(f"{seed}/{number}")
            for _ in range(chance.choice((1, 1, 2, 5, 20))):
                mutate(data, chance)
            path = folder / f"film.{kind}"
            path.write_bytes(data)
            return path

        yield Case(f"{kind} {seed}/{number}", make, ends)


def mutate(data: bytearray, chance: random.Random) -> None:
    """One change; half of them near the start, where headers are."""
    if len(data) < 64:
        return
    place = chance.randrange(min(2000, len(data)) if chance.random() < 0.5 else len(data))
    size = chance.choice((1, 2, 4, 8, 100, 1000))
    match chance.randrange(7):
        case 0:
            data[place] ^= 1 << chance.randrange(8)
        case 1:
            data[place : place + size] = chance.randbytes(size)
        case 2:
            data[place : place + size] = bytes(size)
        case 3:
            data[place : place + size] = b"\xff" * size
        case 4:
            del data[place : place + size]
        case 5:
            data[place:place] = data[place : place + size]
        case 6:
            other = chance.randrange(len(data))
            data[place : place + size], data[other : other + size] = data[other : other + size], data[place : place + size]


def run(chosen: list[Case]) -> dict[str, object]:
    """Judge every case; returns how many there were, and what was wrong."""
    wrong: dict[str, str] = {}
    ends: Counter[str] = Counter()
    for case in chosen:
        folder = Path(tempfile.mkdtemp(prefix="hostile-"))
        try:
            fault = judge(case, folder)
            ends["wrong" if fault else "right"] += 1
            if ends.total() % 20 == 0:
                print(f"{ends.total()} of {len(chosen)}", file=sys.stderr, flush=True)
            if fault:
                wrong[case.name] = fault
                print(f"{case.name}: {fault}", file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return {"tried": len(chosen), "right": ends["right"], "wrong": wrong}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--fuzz", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = list(mutated(options.fuzz, options.seed)) if options.fuzz else cases()
    result = run([case for case in every if options.only in case.name][options.part :: options.every])
    print(json.dumps(result, indent=1, ensure_ascii=False))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Kill the last phase of a build, from records to ``_SUCCESS``, at every one of its steps in turn; no model is needed.

    python -m tests.faults.commit FOLDER

An older dataset lies in the folder already, made of other records, of which some stay the same. After each kill there is either the old dataset,
whole, or none that readers take; the next run makes the new one, byte by byte the one of an undisturbed run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from tests.faults.kill import at_step, child, compare, leftovers

OLD, NEW = ("a", "b", "c"), ("b", "c", "d", "e")


def make(out: Path, media: Path, keys: tuple[str, ...]) -> int:
    """What is left of a build when all clips are packed."""
    from cinedub import cache, commit, config
    from cinedub.manifest import write_dropped
    from schemas import Record
    from transforms.write_shards import write

    settings = config.Settings(pack=config.Pack(seed="".join(keys)))
    with commit.at_work(out):
        commit.begin(out, settings)
        cache.tidy()
        split: dict[int, list[Record]] = {}
        for key in keys:
            split.setdefault(ord(key) % 3, []).append(record(media, key))
        shards = [write(out, "train", index, records) for index, records in sorted(split.items())]
        write_dropped([], out / commit.BUILD / "dropped.parquet")
        commit.finish(out, settings, shards, len(keys), 1.0, {"stages": {}, "wall_s": 1.0, "peak_mb": 1.0}, {})
    return 0


def record(folder: Path, key: str):
    from schemas import Member, Record
    from schemas.record import MEMBERS

    folder.mkdir(exist_ok=True)
    members = []
    for name in MEMBERS:
        path = folder / f"{key}-{name}"
        path.write_bytes(f"{key} {name}".encode() * 50)
        members.append(Member(name, str(path), path.stat().st_size))
    return Record(key, "train", tuple(members), {
        "film": key, "title": key, "series": None, "start_ms": 0, "end_ms": 1000, "language": "en", "kind": "monologue", "lines": 1, "speakers": 1,
        "text": key, "emotion": "neutral", "clue": "", "speech_ms": 900, "speaker_ids": ["s001"], "overlap_ms": 0, "corrections": 0,
    })  # fmt: skip


def main() -> int:
    folder = Path(sys.argv[1])
    os.environ["CINEDUB_CACHE"] = str(folder / "cache")
    import pyarrow.parquet

    import transforms.write_shards

    _ = pyarrow, transforms
    old, new = folder / "old", folder / "new"
    for out, keys in ((old, OLD), (old, OLD), (new, OLD), (new, NEW)):
        _, status = os.waitpid(child(lambda out=out, keys=keys: make(out, folder / "media", keys), folder / "log"), 0)
        assert status == 0, (folder / "log").read_text()
    step, faults, whole = 0, list[str](), 0
    while True:
        step, out = step + 1, folder / f"killed-{step + 1}"
        shutil.copytree(old, out)

        def killed(out: Path = out, step: int = step) -> int:
            at_step(step, folder, lambda: os.kill(os.getpid(), signal.SIGKILL))
            return make(out, folder / "media", NEW)

        _, status = os.waitpid(child(killed, folder / "log"), 0)
        if (out / "_SUCCESS").exists() and status:
            whole += 1
            if compare_digests(out, old) and compare_digests(out, new):
                faults.append(f"step {step}: _SUCCESS, and neither the old nor the new dataset is whole")
        _, again = os.waitpid(child(lambda out=out: make(out, folder / "media", NEW), folder / "log"), 0)
        faults += [
            f"step {step}: {fault}" for fault in ([f"ended with {again}"] if again else []) + compare(out, new) + leftovers(folder / "cache", out)
        ]
        shutil.rmtree(out)
        if status == 0:
            break
    print(json.dumps({"kills": step - 1, "old dataset whole after": whole, "lost": faults}))
    return 1 if faults else 0


def compare_digests(out: Path, like: Path) -> list[str]:
    names = ["dataset.json", "settings.toml", "manifest.parquet", *(str(path.relative_to(like)) for path in (like / "shards").glob("*"))]
    return [name for name in names if not (out / name).exists() or (out / name).read_bytes() != (like / name).read_bytes()]


if __name__ == "__main__":
    sys.exit(main())

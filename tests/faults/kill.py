"""Kill a build again and again until it is done, and compare what it made with what an undisturbed build makes.

    python -m tests.faults.kill FOLDER [--kills 50] [--seed 0]

This process imports what a build needs and forks: each child is the command, killed by SIGKILL at one of its own steps (a file opened for
writing, renamed or removed, a folder made, an ffmpeg started) or after some CPU time; or one of its ffmpegs is killed. The next child is the same
command. A chain of them goes on until one ends by itself; chains, until there were enough kills.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FILM = {"seed": 3, "seconds": 3, "height": 180, "kinds": ("monologue",), "characters": 1, "music": 0.0, "overlap": 0.0, "off_screen": 0.0}
_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "subprocess.Popen"}


@dataclass
class Tally:
    """Faults tried, by what was killed and by the stage that was at work."""

    tried: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return self.tried.total()


def preload() -> None:
    """Import what a build imports; no model is loaded, no thread started."""
    from cinedub import backends, cli, config
    from pipelines import build

    _ = cli, build
    settings = config.Settings()
    for stage in vars(type(settings))["__dataclass_fields__"]:
        for role, model in config.models(getattr(settings, stage)).items():
            importlib.import_module(f"cinedub.backends.{backends.BACKENDS[role][model.backend].partition(':')[0]}")


def child(work: Callable[[], int], log: Path) -> int:
    """Fork and work; returns the child's process id."""
    sys.stdout.flush()
    if process := os.fork():
        return process
    try:
        os.setsid()
        for descriptor in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), descriptor)
        os._exit(work())
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(70)


def build(films: list[Path], out: Path, *flags: str) -> int:
    """The command."""
    from cinedub import cli

    return cli.main(["build", *map(str, films), "--out", str(out), "--quiet", *flags])


def at_step(number: int, folder: Path, act: Callable[[], None]) -> None:
    """Act at this process's ``number``-th step under ``folder``."""
    count = 0

    def hook(event: str, details: tuple) -> None:
        nonlocal count
        opened = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
        ours = event == "subprocess.Popen" or any(str(folder) in str(detail) for detail in details[:2])
        if (opened or event in _STEPS) and ours:
            count += 1
            if count == number:
                act()

    sys.addaudithook(hook)


def kill_ffmpeg(parent: int, note: Path) -> None:
    """Kill an ffmpeg that ``parent`` runs, as soon as there is one, and note it."""
    while True:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                name, fields = (path / "comm").read_text().strip(), (path / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent and name == "ffmpeg" and fields[0] != "Z":
                    os.kill(int(path.name), signal.SIGKILL)
                    note.touch()
                    return
            except (OSError, IndexError):
                continue
        time.sleep(0.01)


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def finished(cache: Path) -> dict[str, tuple[int, int]]:
    """What is there for good: each result's inode and time, which a second computation would change."""
    return {str(path.relative_to(cache)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in cache.glob("stages/*/*/*/result.json")}


def listing(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def at_work(out: Path) -> str:
    """The stage that was at work: the one after the last that reported."""
    from cinedub.display import FEEDS

    notes = list(out.glob(".build/progress-*.jsonl"))
    lines = notes[0].read_text().splitlines() if notes else []
    done = [json.loads(line)[0] for line in lines if line.endswith("]")]
    if not done:
        return "Probe" if notes else "commit" if (out / ".build" / "shards.json").exists() else "start"
    order = [*FEEDS, "WriteShards and commit"]
    return order[max(order.index(name) for name in done) + 1]


class Trial:
    """One dataset, built by one chain of children."""

    def __init__(self, folder: Path, films: list[Path], like: Path, tally: Tally, chance: random.Random) -> None:
        self.folder, self.films, self.like, self.tally, self.chance = folder, films, like, tally, chance
        self.out, self.cache, self.log = folder / "out", folder / "cache", folder / "log"
        folder.mkdir(parents=True)

    def run(self, kills: int, steps: int = 70) -> None:
        """Kill at most so many times; then let it end, and look."""
        os.environ["CINEDUB_CACHE"] = str(self.cache)
        before: dict[str, tuple[int, int]] = {}
        while True:
            ended = self._once(steps) if kills > 0 else self._end()
            now = finished(self.cache)
            again = [name for name in before if now.get(name) != before[name]]
            if again:
                self.tally.lost.append(f"{self.folder.name}: computed again: {again[:3]}")
            before = now
            kills -= 1
            if ended:
                break
        self._look()

    def _end(self) -> bool:
        _, status = os.waitpid(child(lambda: build(self.films, self.out), self.log), 0)
        if status:
            self.tally.lost.append(f"{self.folder.name}: ended with {os.waitstatus_to_exitcode(status)}: {self.log.read_text()[-300:]}")
        return True

    def _once(self, steps: int) -> bool:
        """One child and one kill; True when it ended by itself."""
        how = self.chance.choice(["step"] * 4 + ["time"] * 3 + ["ffmpeg"])  # then the driver too, so that the chain goes on
        step, after = self.chance.randint(1, steps), self.chance.uniform(0.3, 6.0)

        def work() -> int:
            if how == "step":
                at_step(step, self.folder, lambda: os.kill(os.getpid(), signal.SIGKILL))
            elif how == "ffmpeg":
                threading.Thread(target=kill_ffmpeg, args=(os.getpid(), self.folder / "ffmpeg"), daemon=True).start()
            return build(self.films, self.out)

        process = child(work, self.log)
        while os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if how != "step" and cpu_s(process) >= after + 2 * (how == "ffmpeg"):
                os.kill(process, signal.SIGKILL)
                break
            time.sleep(0.05)
        _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        killed, ffmpeg = code == -signal.SIGKILL, (self.folder / "ffmpeg").exists()
        (self.folder / "ffmpeg").unlink(missing_ok=True)
        stage = at_work(self.out)
        self.tally.tried["driver"] += killed
        self.tally.tried["ffmpeg"] += ffmpeg
        self.tally.stages[stage] += killed
        print(f"{self.tally.kills}: {how} {step} {after:.2f} -> {code} {stage if killed else ''}{' ffmpeg' if ffmpeg else ''}", flush=True)
        if code and not killed:
            self.tally.lost.append(f"{self.folder.name}: {how} {step}: ended with {code}: {self.log.read_text()[-300:]}")
        return code == 0 and not list((self.out / "failures").glob("*"))

    def _look(self) -> None:
        faults = compare(self.out, self.like) + leftovers(self.cache, self.out)
        self.tally.lost += [f"{self.folder.name}: {fault}" for fault in faults]


def compare(out: Path, like: Path) -> list[str]:
    """In which files a dataset differs from another: shards, tables of clips, the films it says it holds."""
    if not (out / "_SUCCESS").exists():
        return ["no _SUCCESS"]
    if listing(out) != listing(like):
        return [f"other files: {sorted(set(listing(out)) ^ set(listing(like)))}"]
    names = [name for name in listing(like) if name.endswith((".tar", "manifest.parquet", "dropped.parquet", "dataset.json", "settings.toml"))]
    return [f"{name} differs" for name in names if (out / name).read_bytes() != (like / name).read_bytes()]


def leftovers(cache: Path, out: Path) -> list[str]:
    found = [path for folder in (cache, out) for path in folder.rglob(".*.part")]
    return [f"left behind: {path}" for path in found]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--each", type=int, default=20, help="kills at most in a chain")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally = kill(options.folder, options.kills, options.each, options.seed)
    print(json.dumps({"tried": tally.tried, "at work": tally.stages, "lost": tally.lost}, indent=1))
    return 1 if tally.lost else 0


def kill(folder: Path, kills: int, each: int, seed: int) -> Tally:
    """Build undisturbed, then in chains with so many kills in all."""
    chance, tally = random.Random(seed), Tally()
    film, like = folder / "film.mp4", folder / "undisturbed"
    preload()
    folder.mkdir(parents=True, exist_ok=True)
    if not film.exists():
        os.waitpid(child(lambda: make_film(film), folder / "log"), 0)
    if not (like / "_SUCCESS").exists():
        os.environ["CINEDUB_CACHE"] = str(folder / "cache")
        os.waitpid(child(lambda: build([film], like), folder / "log"), 0)
    number = 0
    while tally.kills < kills and not tally.lost:
        Trial(folder / f"{seed}-{number}", [film], like, tally, chance).run(min(each, kills - tally.kills))
        number += 1
    return tally


def make_film(path: Path) -> int:
    from cinedub import film

    film.write(film.FilmSettings(**FILM), path)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Kill a build again and again until it is done, and compare what it made with what an undisturbed build makes.

    python -m tests.faults.kill FOLDER [--kills 56] [--seed 0]

This process imports what a build needs and forks: each child is the command, killed by SIGKILL while a chosen stage is at work, at one of the
stage's own steps (a file opened for writing, renamed or removed, a folder made, an ffmpeg started) or after a part of its CPU time; or one of its
ffmpegs is killed, and the command when the next stage begins. The next child is the same command. Every stage in turn is struck, some twice; a chain
goes on until a child ends by itself, and chains until every stage has had its share.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
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

FILM = {"seconds": 3, "height": 180, "kinds": ("monologue",), "characters": 1, "music": 0.0, "overlap": 0.0, "off_screen": 0.0}
SEEDS = (3, 4)
_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "subprocess.Popen"}
_STAGES = [
    "Probe",
    "CutReels",
    "DetectShots",
    "Separate",
    "FindScenes",
    "Transcribe",
    "CutClips",
    "Hear",
    "See",
    "Recognise",
    "Correct",
    "Judge",
    "Pack",
]
#: What can be struck, in the order in which a build comes by.
PLACES = ("start", *_STAGES, "WriteShards", "commit")
_FFMPEG = {"Probe", "DetectShots", "Separate", "See"}
#: Kills of one place in one chain.
_EACH = 2


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
    logging.basicConfig(level=logging.CRITICAL)  # as the command does, before a library does otherwise
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


def is_step(event: str, details: tuple, folder: Path) -> bool:
    """Whether an audit event changes something under ``folder``, or starts a process."""
    if event == "subprocess.Popen":
        return True
    opened = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
    return bool((opened or event in _STEPS) and any(str(folder) in str(detail) for detail in details[:2]))


def at_step(number: int, folder: Path, act: Callable[[], None]) -> None:
    """Act at this process's ``number``-th step under ``folder``."""
    count = 0

    def hook(event: str, details: tuple) -> None:
        nonlocal count
        if is_step(event, details, folder):
            count += 1
            if count == number:
                act()

    sys.addaudithook(hook)


class Strike:
    """Kills this process while a place of the build is at work; installed in a child."""

    def __init__(self, place: str, how: str, amount: float, folder: Path) -> None:
        self.place, self.how, self.amount, self.folder = place, how, amount, folder
        self._now, self._begun, self._steps, self._leave = "start", place == "start", 0, False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, details: tuple) -> None:
        if not is_step(event, details, self.folder):
            return
        came = self._comes(event, [str(detail) for detail in details[:2]])
        if came and came != self._now:
            self._now = came
            if self._leave:
                self._kill()
        if self._now == self.place and not self._begun:
            self._begun = True
            if self.how == "time":
                threading.Thread(target=self._later, daemon=True).start()
            elif self.how == "ffmpeg":
                threading.Thread(target=self._ffmpeg, daemon=True).start()
        if self._begun and self.how == "step":
            if self._steps >= self.amount:
                self._kill()
            self._steps += 1

    def _comes(self, event: str, names: list[str]) -> str:
        """The place that a step says is beginning."""
        if event == "os.mkdir" and names[0].endswith(".part") and "/stages/" in names[0]:
            stage = names[0].partition("/stages/")[2].partition("/")[0]
            return stage if stage in PLACES else ""
        if event == "open" and "/.build/shards/" in names[0]:
            return "WriteShards"
        return "commit" if event == "os.rename" and names[1] == str(self.folder / "out" / "settings.toml") else ""

    def _kill(self) -> None:
        os.symlink(self._now, self.folder / "at")  # no step of its own
        os.kill(os.getpid(), signal.SIGKILL)

    def _later(self) -> None:
        began = time.process_time()
        while time.process_time() - began < self.amount:
            time.sleep(0.002)
        self._kill()

    def _ffmpeg(self) -> None:
        kill_ffmpeg(os.getpid())
        os.symlink(self._now, self.folder / "ffmpeg")
        self._leave = True


def kill_ffmpeg(parent: int) -> None:
    """Kill an ffmpeg that ``parent`` runs, as soon as there is one."""
    while True:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                name, fields = (path / "comm").read_text().strip(), (path / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent and name == "ffmpeg" and fields[0] != "Z":
                    os.kill(int(path.name), signal.SIGKILL)
                    return
            except (OSError, IndexError):
                continue
        time.sleep(0.01)


def finished(cache: Path) -> dict[str, tuple[int, int]]:
    """What is there for good: each result's inode and time, which a second computation would change."""
    results = [path for path in cache.glob("stages/*/*/*/result.json") if not path.parent.name.startswith(".")]
    return {str(path.relative_to(cache)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in results}


def listing(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


class Trial:
    """One dataset, built by one chain of children."""

    def __init__(self, folder: Path, films: list[Path], like: Path, tally: Tally, chance: random.Random) -> None:
        self.folder, self.films, self.like, self.tally, self.chance = folder, films, like, tally, chance
        self.out, self.cache, self.log = folder / "out", folder / "cache", folder / "log"
        stages = json.loads((like / "metrics.json").read_text())["stages"]
        self.cpu_s = {name: facts["cpu_s"] / facts["in"] for name, facts in stages.items()}
        self.all = {name: facts["in"] for name, facts in stages.items()}
        folder.mkdir(parents=True)

    def run(self, kills: int, share: int) -> None:
        """Kill at most so many times, each place at most ``share`` times in all chains; then let it end, and look."""
        os.environ["CINEDUB_CACHE"] = str(self.cache)
        before: dict[str, tuple[int, int]] = {}
        struck: Counter[str] = Counter()
        while True:
            place = next((p for p in PLACES if struck[p] < _EACH and self.tally.stages[p] < share and not self._done(p)), "") if kills > 0 else ""
            struck[place] += 1
            ended = self._once(place) if place else self._end()
            now = finished(self.cache)
            again = [name for name in before if now.get(name) != before[name]]
            if again:
                self.tally.lost.append(f"{self.folder.name}: computed again: {again[:3]}")
            before = now
            kills -= 1
            if ended:
                break
        faults = compare(self.out, self.like) + leftovers(self.cache, self.out)
        self.tally.lost += [f"{self.folder.name}: {fault}" for fault in faults]

    def _done(self, place: str) -> bool:
        """Whether a stage has nothing left to compute in this chain."""
        return place in self.all and sum(name.startswith(f"stages/{place}/") for name in finished(self.cache)) >= self.all[place]

    def _end(self) -> bool:
        _, status = os.waitpid(child(lambda: build(self.films, self.out), self.log), 0)
        if status:
            self.tally.lost.append(f"{self.folder.name}: ended with {os.waitstatus_to_exitcode(status)}: {self.log.read_text()[-300:]}")
        return True

    def _once(self, place: str) -> bool:
        """One child and one kill; True when it ended by itself."""
        how = self.chance.choice(["step", "step", "time"] if place in self.cpu_s else ["step"])
        if place in _FFMPEG and self.chance.random() < 0.2:
            how = "ffmpeg"
        most = {"start": 10, "WriteShards": 8, "commit": 30}.get(place, 6)
        amount = self.chance.uniform(0, self.cpu_s[place]) if how == "time" else float(self.chance.randrange(most))

        def work() -> int:
            Strike(place, how, amount, self.folder)
            return build(self.films, self.out)

        _, status = os.waitpid(child(work, self.log), 0)
        code = os.waitstatus_to_exitcode(status)
        killed, at = code == -signal.SIGKILL, self._note("at")
        self.tally.tried["driver"] += killed
        self.tally.tried["ffmpeg"] += bool(self._note("ffmpeg"))
        self.tally.stages[at] += killed
        print(f"{self.tally.kills}: {place} {how} {amount:.2f} -> {code} {at}", flush=True)
        if code and not killed:
            self.tally.lost.append(f"{self.folder.name}: {place} {how} {amount}: ended with {code}: {self.log.read_text()[-300:]}")
        return code == 0

    def _note(self, name: str) -> str:
        """What a child left word of."""
        path = self.folder / name
        said = os.readlink(path) if path.is_symlink() else ""
        path.unlink(missing_ok=True)
        return said


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
    parser.add_argument("--kills", type=int, default=56)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally = kill(options.folder.absolute(), options.kills, options.seed)
    print(json.dumps({"tried": tally.tried, "at work": tally.stages, "lost": tally.lost}, indent=1))
    return 1 if tally.lost else 0


def kill(folder: Path, kills: int, seed: int) -> Tally:
    """Build undisturbed, then in chains with so many kills in all."""
    chance, tally = random.Random(seed), Tally()
    films, like = [folder / f"film-{number}.mp4" for number in SEEDS], folder / "undisturbed"
    preload()
    folder.mkdir(parents=True, exist_ok=True)
    for number, film in zip(SEEDS, films, strict=True):
        if not film.exists():
            os.waitpid(child(lambda film=film, number=number: make_film(film, number), folder / "log"), 0)
    if not (like / "_SUCCESS").exists():
        os.environ["CINEDUB_CACHE"] = str(folder / "cache")
        os.waitpid(child(lambda: build(films, like), folder / "log"), 0)
    number = 0
    while tally.kills < kills and not tally.lost:
        Trial(folder / f"{seed}-{number}", films, like, tally, chance).run(kills - tally.kills, -(-kills // len(PLACES)))
        number += 1
    return tally


def make_film(path: Path, seed: int) -> int:
    from cinedub import film

    film.write(film.FilmSettings(seed=seed, **FILM), path)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())

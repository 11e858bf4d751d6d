"""Builds on a disk that is full, read-only or failing, on small file systems of their own. Needs root, for mounting.

    python -m tests.faults.disk FOLDER [--only WORD]     (FOLDER: what tests.faults.kill has filled: films, undisturbed, cache)

Each build must stop with one line that says what is wrong, leave no dead letter in place of the fault, and end with the bytes of an undisturbed
build when the same command runs again with the fault gone. The failing disk is a real one to the kernel: a file system on a loop device whose
file can't grow any more, so that what is written to it comes back as an input/output error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.kill import SEEDS, build, child, compare, leftovers, preload

#: Kilobytes left beside the results that are there already; a build wants a mebibyte to begin at all.
SIZES = (300, 1100, 1500, 2000, 2600, 3500)
_ROOM = "size=160m"


@dataclass(frozen=True)
class Fault:
    """``before`` brings it about in the parent, ``inside`` in the child, ``after`` takes it away; ``said`` is a word of the line it must give."""

    name: str
    before: Callable[[], object] = lambda: None
    inside: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None
    device: bool = False
    said: str = ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    folder = options.folder.absolute()
    preload()
    films, place = [folder / f"film-{number}.mp4" for number in SEEDS], folder / "disk"
    chosen = [fault for fault in faults(place) if options.only in fault.name]
    wrong: dict[str, str] = {}
    for fault in chosen:
        place.mkdir(exist_ok=True)
        with device(place) if fault.device else memory(place):
            ended = trial(fault, place, films, folder / "undisturbed", folder / "cache")
        print(f"{fault.name}: {ended or 'survived'}", flush=True)
        if ended:
            wrong[fault.name] = ended
    print(json.dumps({"tried": len(chosen), "survived": len(chosen) - len(wrong), "lost": wrong}, indent=1))
    return 1 if wrong else 0


def faults(place: Path) -> Iterator[Fault]:
    whole = lambda: mount(place, f"remount,rw,{_ROOM}")  # noqa: E731
    for size in SIZES:
        yield Fault(f"disk full after {size} kB", lambda size=size: mount(place, f"remount,size={used(place) + size}k"), after=whole, said="No space")
    yield Fault("read-only", lambda: mount(place, "remount,ro"), after=whole, said="Read-only")
    for number in (2, 30, 90):
        yield Fault(f"read-only from step {number} on", inside=lambda number=number: later(number, place), after=whole, said="Read-only")
    for size in (900, 1600, 2500, 4000):
        yield Fault(f"input/output errors after {size} kB", lambda size=size: starve(place, size), after=lambda: feed(place), device=True)
    for number in (3, 17, 40, 80):
        yield Fault(f"storage call {number} fails", inside=lambda number=number: failing(number))


@contextmanager
def memory(place: Path) -> Iterator[None]:
    """A file system in memory."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", _ROOM, "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def device(place: Path) -> Iterator[None]:
    """A file system on a loop device, whose file grows as it is written and lies in memory beside."""
    below = place.with_name("below")
    below.mkdir(exist_ok=True)
    with memory(below):
        subprocess.run(["truncate", "-s", "128M", below / "image"], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=0", below / "image"], check=True)
        subprocess.run(["mount", "-o", "loop", below / "image", place], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", place], check=True)


def starve(place: Path, kilobytes: int) -> None:
    """The device's file may grow so much more and no further."""
    os.sync()
    below = place.with_name("below")
    mount(below, f"remount,size={used(below) + kilobytes}k")


def feed(place: Path) -> None:
    """The device works again; its file system is looked over, as one does after such a fault."""
    below = place.with_name("below")
    subprocess.run(["umount", place], check=True)
    mount(below, f"remount,{_ROOM}")
    subprocess.run(["e2fsck", "-f", "-y", below / "image"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["mount", "-o", "loop", below / "image", place], check=True)


def mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", options, str(place)], check=True)


def used(place: Path) -> int:
    """Kilobytes used on the file system."""
    facts = os.statvfs(place)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize // 1024


def counted(number: int, act: Callable[[], None]) -> None:
    """Act at this process's ``number``-th rename or opening for writing on the disk."""
    count = 0

    def hook(event: str, details: tuple) -> None:
        nonlocal count
        opened = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
        if (opened or event == "os.rename") and "disk/" in str(details[0]):
            count += 1
            if count == number:
                act()

    sys.addaudithook(hook)


def failing(number: int) -> None:
    """One storage call fails, once."""

    def act() -> None:
        raise OSError(5, "Input/output error")

    counted(number, act)


def later(number: int, place: Path) -> None:
    """The disk becomes read-only while the build is at work. A file system with files open for writing is made so by a read-only mount over it."""
    counted(number, lambda: over(place))


def over(place: Path) -> None:
    libc_mount(place, 4096)  # MS_BIND
    libc_mount(place, 4096 | 32 | 1)  # MS_BIND | MS_REMOUNT | MS_RDONLY


def libc_mount(place: Path, flags: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).mount(str(place).encode(), str(place).encode(), None, flags, None):
        raise RuntimeError(os.strerror(ctypes.get_errno()))


def trial(fault: Fault, place: Path, films: list[Path], like: Path, warm: Path) -> str:
    """One fault. Most results are there already, others for each fault, so that it strikes at different stages."""
    out, log = place / "out", place.with_suffix(".log")
    os.environ["CINEDUB_CACHE"] = str(place / "cache")
    log.unlink(missing_ok=True)
    chance = random.Random(fault.name)
    for entry in warm.glob("stages/*/*/*"):
        if chance.random() < 0.8:
            shutil.copytree(entry, place / "cache" / entry.relative_to(warm))
    fault.before()

    def work() -> int:
        fault.inside()
        return build(films, out)

    _, status = os.waitpid(child(work, log), 0)
    said = [line for line in log.read_text().splitlines() if line.startswith("cinedub:")]
    code = os.waitstatus_to_exitcode(status)
    while place.is_mount() and Path("/proc/mounts").read_text().count(f" {place} ") > 1:
        subprocess.run(["umount", "-l", place], check=True)
    fault.after()
    print(f"{fault.name}: {code} {said}", flush=True)
    if code not in (0, 1, 2) or "Traceback" in log.read_text():
        return f"ended with {code}: {log.read_text()[-400:]}"
    if code and (len(said) != 1 or fault.said not in said[0]):
        return f"said {said}"
    _, status = os.waitpid(child(lambda: build(films, out), log), 0)
    return "; ".join(([f"again: {log.read_text()[-300:]}"] if status else []) + compare(out, like) + leftovers(place / "cache", out))


if __name__ == "__main__":
    sys.exit(main())

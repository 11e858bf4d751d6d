"""Builds on a disk that is full, read-only, or a storage call that fails; on a small file system of their own. Needs root, for mounting.

    python -m tests.faults.disk FOLDER      (FOLDER: what tests.faults.kill has filled: film.mp4, undisturbed, cache)

Each build must stop with one line that says what is wrong, leave no dead letter in place of the fault, and end with the bytes of an undisturbed
build when the same command runs again with the fault gone.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.kill import build, child, compare, leftovers, preload

#: Kilobytes left beside the results that are there already.
SIZES = (8, 64, 300, 600, 900, 1500, 2200)


def main() -> int:
    folder = Path(sys.argv[1]).absolute()
    preload()
    film, like, place = folder / "film.mp4", folder / "undisturbed", folder / "disk"
    wrong: dict[str, str] = {}
    tried = 0
    for name, before, after in _faults(place):
        tried += 1
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], check=True)
        try:
            fault = trial(name, place, film, like, folder / "cache", before, after)
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
        print(name, fault or "survived", flush=True)
        if fault:
            wrong[name] = fault
    print(json.dumps({"tried": tried, "survived": tried - len(wrong), "lost": wrong}, indent=1))
    return 1 if wrong else 0


def _faults(place: Path) -> list[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Name, what brings the fault about (in the parent, or as an audit hook in the child), and what takes it away."""

    def sized(kilobytes: int) -> Callable[[], object]:
        return lambda: mount(place, f"remount,size={used(place) + kilobytes}k")

    whole = lambda: mount(place, "remount,rw,size=64m")  # noqa: E731
    full = [(f"disk full after {size} kB", sized(size), whole) for size in SIZES]
    return [
        *full,
        ("read-only output", lambda: mount(place, "remount,ro"), whole),
        *((f"storage call {n} fails", lambda n=n: failing(n), lambda: None) for n in (3, 17, 40, 80)),
    ]


def mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", options, str(place)], check=True)


def used(place: Path) -> int:
    """Kilobytes used on the file system."""
    facts = os.statvfs(place)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize // 1024


def failing(number: int) -> Callable[[], None]:
    """A child's ``number``-th rename or opening for writing raises."""

    def install() -> None:
        count = 0

        def hook(event: str, details: tuple) -> None:
            nonlocal count
            opened = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
            if (opened or event == "os.rename") and "disk/" in str(details[0]):
                count += 1
                if count == number:
                    raise OSError(5, "Input/output error")

        sys.addaudithook(hook)

    return install


def trial(name: str, place: Path, film: Path, like: Path, warm: Path, before: Callable[[], object], after: Callable[[], object]) -> str:
    """One fault. Most results are there already, others for each fault, so that it strikes at different stages."""
    out, log = place / "out", place.with_suffix(".log")
    os.environ["CINEDUB_CACHE"] = str(place / "cache")
    log.unlink(missing_ok=True)
    chance = random.Random(name)
    for entry in warm.glob("stages/*/*/*"):
        if chance.random() < 0.8:
            target = place / "cache" / entry.relative_to(warm)
            shutil.copytree(entry, target)
    install = before()

    def work() -> int:
        if callable(install):
            install()
        return build([film], out)

    _, status = os.waitpid(child(work, log), 0)
    said = [line for line in log.read_text().splitlines() if line.startswith("cinedub:")]
    code = os.waitstatus_to_exitcode(status)
    after()
    if code not in (0, 1, 2) or "Traceback" in log.read_text():
        return f"ended with {code}: {log.read_text()[-400:]}"
    if code and len(said) != 1:
        return f"said {said}"
    _, status = os.waitpid(child(lambda: build([film], out), log), 0)
    return "; ".join(([f"again: {log.read_text()[-300:]}"] if status else []) + compare(out, like) + leftovers(place / "cache", out))


if __name__ == "__main__":
    sys.exit(main())

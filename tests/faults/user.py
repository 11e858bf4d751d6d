"""Builds by an ordinary user, who may not write or read everything. Started by root, who can become one.

    python -m tests.faults.user FOLDER      (FOLDER: what tests.faults.kill has filled: films, undisturbed, cache)

The whole chain runs for the user, with the weights read-only. Each build that can't go on must say so in one line and go on when it may.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.kill import SEEDS, build, child, compare, leftovers, preload

#: nobody.
USER = 65534


def main() -> int:
    from cinedub import weights

    if "--within" not in sys.argv:  # in a mount namespace of its own: what is mounted here ends with it
        return subprocess.run(["unshare", "--mount", sys.executable, "-m", "tests.faults.user", sys.argv[1], "--within"]).returncode
    folder = Path(sys.argv[1]).absolute()
    home, closed = folder / "home", folder / "closed"
    for path in (home, closed):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    os.environ |= {"CINEDUB_WEIGHTS": str(weights.root()), "HOME": str(home), "CINEDUB_CACHE": str(home / "cache")}
    reach([Path(sys.base_prefix), weights.root()])
    preload()
    films = [Path(shutil.copy(folder / f"film-{number}.mp4", home)) for number in SEEDS]
    for path in (home, *films):
        os.chown(path, USER, USER)
    lost = trials(home, closed, films, folder / "undisturbed")
    print(json.dumps({"lost": lost}, indent=1))
    return 1 if lost else 0


def reach(places: list[Path]) -> None:
    """Where Python or the weights lie in root's own home, an ordinary user gets there, and nowhere else in it."""
    hidden = [place for place in places if place.is_relative_to("/root")]
    with tempfile.TemporaryDirectory() as kept:
        for number, place in enumerate(hidden):
            mount("--bind", place, Path(kept, str(number)))
        if hidden:
            mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", Path("/root"))
        for number, place in enumerate(hidden):
            mount("--bind", "-o", "ro", Path(kept, str(number)), place)
            subprocess.run(["umount", Path(kept, str(number))], check=True)


def mount(*arguments: str | Path) -> None:
    Path(arguments[-1]).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *arguments], check=True)


def trials(home: Path, closed: Path, films: list[Path], like: Path) -> list[str]:
    """Every way in which something is denied; ``closed`` is root's. Returns what went wrong."""
    lost: list[str] = []
    out = home / "out"

    def check(name: str, right: bool, said: str) -> None:
        print(f"{name}: {'right' if right else 'WRONG'}: {said.strip()[-300:]}", flush=True)
        if not right:
            lost.append(name)

    code, said = run(films, closed / "out")
    check("a place that is not theirs", code == 2 and said.count("\n") == 1 and "Permission denied" in said, said)
    os.environ["CINEDUB_CACHE"] = str(closed / "cache")
    code, said = run(films, out)
    check("a cache that is not theirs", code == 2 and said.count("\n") == 1 and "Permission denied" in said, said)
    os.environ["CINEDUB_CACHE"] = str(home / "cache")
    films[0].chmod(0)
    code, said = run(films, out)
    letters = [json.loads(line) for path in (out / "failures").glob("*.jsonl") for line in path.read_text().splitlines()]
    told = [(letter["stage"], letter["code"]) for letter in letters]
    records = json.loads((out / "dataset.json").read_text())["records"] if (out / "dataset.json").exists() else 0
    check("a film that they may not read", code in (0, 3) and told == [("Probe", "PROBE_UNREADABLE")] and records == 1, f"{code} {said} {letters}")
    films[0].chmod(0o600)
    before = (out / "dataset.json").read_bytes()
    for path in (out, out / ".build"):
        path.chmod(0o500)
    code, said = run(films, out)
    check("a dataset that is read-only", code == 2 and said.count("\n") == 1 and (out / "dataset.json").read_bytes() == before, said)
    for path in (out, out / ".build"):
        path.chmod(0o700)
    code, said = run(films, out)
    faults = compare(out, like) + leftovers(home / "cache", out)
    owners = {path.stat().st_uid for folder in (out, home / "cache") for path in folder.rglob("*")}
    check("the same command, with nothing in the way", code == 0 and not faults and owners == {USER}, f"{code} {said} {faults} {owners}")
    return lost


def run(films: list[Path], out: Path) -> tuple[int, str]:
    """The command, as the user: its exit code and what it said."""
    log = out.parent.parent / "user.log"
    log.write_bytes(b"")
    log.chmod(0o666)

    def work() -> int:
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
        return build(films, out)

    _, status = os.waitpid(child(work, log), 0)
    return os.waitstatus_to_exitcode(status), log.read_text()


if __name__ == "__main__":
    sys.exit(main())

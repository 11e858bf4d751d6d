"""What a person sees while a build runs: one line per stage, and a table at the end."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from cinedub.progress import Reader, Tally

Item = TypeVar("Item")

#: Stages in order, and which stage's results each one works through.
FEEDS: dict[str, str] = {
    "Probe": "", "CutReels": "Probe", "DetectShots": "CutReels", "Separate": "DetectShots", "FindScenes": "Separate", "Transcribe": "FindScenes",
    "CutClips": "Transcribe", "Hear": "CutClips", "See": "CutClips", "Recognise": "", "Correct": "Recognise", "Amend": "", "Judge": "Correct",
    "Pack": "Judge",
}  # fmt: skip


class Watch:
    """Follows a build's progress folder in a thread and shows it: live on a terminal, a line per finished stage elsewhere, JSON when asked."""

    def __init__(self, path: Path, films: int, mode: str = "text", every_s: float = 1.0) -> None:
        self.reader, self.films, self.mode, self.every_s = Reader(path), films, mode, every_s
        self._started, self._done, self._shown = time.monotonic(), threading.Event(), dict[str, str]()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Watch:
        if self.mode != "quiet":
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()
        self.reader.update()

    @property
    def wall_s(self) -> float:
        """Seconds since the build began."""
        return time.monotonic() - self._started

    def _follow(self) -> None:
        if self.mode == "text" and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            with Live(console=Console(stderr=True), refresh_per_second=4) as live:
                while not self._done.wait(self.every_s):
                    live.update("\n".join(self.lines()))
                live.update("\n".join(self.lines()))
            return
        while not self._done.wait(self.every_s):
            self._print(final=False)
        self._print(final=True)

    def _print(self, final: bool) -> None:
        for name, tally in self.tallies().items():
            total = self.total(name)
            whole = final or tally.done + tally.failed >= total > 0
            line = self.line(name, tally)
            counts = f"{tally.done}/{tally.failed}"
            if whole and self._shown.get(name) != counts:
                self._shown[name] = counts
                if self.mode == "json":
                    line = json.dumps(self.facts(name, tally))
                print(line, file=sys.stdout if self.mode == "json" else sys.stderr, flush=True)

    def tallies(self) -> dict[str, Tally]:
        """The stages that have begun, in order."""
        begun = self.reader.update()
        return {name: begun[name] for name in FEEDS if name in begun}

    def total(self, stage: str) -> int:
        """Elements that a stage has to work through, as far as is known."""
        tally = self.reader.stages.get(stage, Tally())
        feed = FEEDS.get(stage, "")
        known = self.reader.stages[feed].out if feed in self.reader.stages else self.films if stage == "Probe" else 0
        if feed == "Probe":
            known -= self.reader.stages.get("Distinct", Tally()).failed
        return max(known, tally.done + tally.failed)

    def lines(self) -> list[str]:
        """One line per stage that has begun."""
        return [self.line(name, tally) for name, tally in self.tallies().items()]

    def facts(self, name: str, tally: Tally) -> dict[str, Any]:
        """A stage so far: elements, seconds of film and of work."""
        counts = {"stage": name, "done": tally.done, "total": self.total(name), "failed": tally.failed, "cached": tally.cached}
        return counts | {"media_s": tally.media_ms / 1000, "busy_s": tally.busy_ms / 1000}

    def line(self, name: str, tally: Tally) -> str:
        """``stage done/total, media seconds per second, failures, time left``."""
        total, finished = self.total(name), tally.done + tally.failed
        rate = tally.media_ms / max(tally.busy_ms, 1)
        left = (total - finished) * tally.busy_ms / max(finished, 1) / 1000
        text = f"{name:<12} {finished:>5}/{total:<5} {rate:8.2f} media s/s  {tally.failed:>3} failed"
        if tally.cached:
            text += f"  {tally.cached} from cache"
        return text + (f"  {left:.0f} s left" if left >= 1 else "")


def summary(dataset: dict[str, Any], metrics: dict[str, Any], out: str) -> str:
    """The table at the end of a build, as plain text."""
    rows = [
        ("films", str(dataset["films"])),
        ("clips kept", f"{dataset['records']} ({dataset['media_s']:.1f} s, {dataset['speech_s']:.1f} s of speech)"),
    ]
    rows += [(f"  {kind}", str(count)) for kind, count in sorted(dataset["kinds"].items())]
    rows += [("speakers", str(dataset["speakers"])), ("clips dropped", str(sum(dataset["dropped"].values())))]
    rows += [(f"  {code}", str(count)) for code, count in sorted(dataset["dropped"].items())]
    rows += [("failures", str(sum(dataset["failures"].values())))]
    rows += [(f"  {stage}", str(count)) for stage, count in sorted(dataset["failures"].items())]
    if said := dataset["edits"]["said"]:
        rows += [("people's edits", f"{said}, {dataset['edits']['lost']} of them of clips that are no more")]
    rows += [("time", f"{metrics['wall_s']:.0f} s for {dataset['film_s']:.0f} s of film, peak memory {metrics['peak_mb']:.0f} MB")]
    rows += [("shards", f"{len(dataset['shards'])} in {out.rstrip('/')}/shards"), ("report", f"{out.rstrip('/')}/report.html")]
    return "\n".join(f"{name:<16} {value}" for name, value in rows)


@contextmanager
def download_bars(quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each download on a terminal; a line every 25 % elsewhere; nothing when ``quiet``."""
    if quiet:
        yield lambda name, done, total: None
        return
    if not sys.stderr.isatty():
        shown: dict[str, int] = {}

        def line(name: str, done: int, total: int) -> None:
            quarter = 4 * done // max(total, 1)
            if shown.get(name, 0) < quarter:
                shown[name] = quarter
                print(f"  {name} {done >> 20}/{total >> 20} MB", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def bar(name: str, done: int, total: int) -> None:
            task = tasks.setdefault(name, None) or bars.add_task(name, total=total or None)
            tasks[name] = task
            bars.update(task, completed=done, total=total or None)

        yield bar


def steps(items: Iterable[Item], total: int, what: str, quiet: bool = False) -> Iterator[Item]:
    """Hand ``items`` on, with a progress bar on a terminal while there are more to come; silent elsewhere and when ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total, console=Console(stderr=True), transient=True)

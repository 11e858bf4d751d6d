"""Take the README's pictures of a dataset's report: ``python -m tests.browser.screenshots OUT FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.browser import Visit, chromium


def take(out: Path, folder: Path) -> None:
    """``report.png``, the page's head, and ``clip.png``, a clip in the middle of its second line, in dark."""
    with chromium() as browser:
        visit = Visit(browser).go(f"file://{out.absolute()}/report.html")
        visit.page.wait_for_selector(".cast img")
        visit.page.screenshot(path=folder / "report.png")
        visit = Visit(browser, dark=True).go(f"file://{out.absolute()}/report.html")
        visit.open(1)
        visit.page.wait_for_function("() => current.playback.video.readyState >= 2")
        visit.page.evaluate("() => current.playback.seek(current.words[Math.floor(current.words.length / 2)].start / 1000 + 0.1)")
        visit.page.wait_for_timeout(1000)
        visit.page.screenshot(path=folder / "clip.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))

"""``cinedub view`` in the browser: the same page over the shards, and edits."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cinedub import overlay
from cinedub.view.access import Access
from cinedub.view.server import Server
from cinedub.view.site import Site
from tests.browser.browser import Visit
from tests.cinedub import dataset_of

KEY = f"{dataset_of.ENGLISH}-000000000-000003200"


@contextmanager
def served(dataset: Path, editor: str) -> Iterator[Server]:
    shutil.rmtree(dataset / "edits", ignore_errors=True)
    with Server(Site(dataset, editor), Access("127.0.0.1"), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    visit = Visit(browser)
    yield visit
    assert visit.said == [], "nothing is said to the console"
    visit.page.context.close()


def test_clips_play_out_of_the_shards(visit: Visit, dataset: Path) -> None:
    with served(dataset, "") as server:
        visit.go(server.address)
        assert visit.page.url == f"http://127.0.0.1:{server.server_port}/"
        visit.page.wait_for_selector(".cast img")
        visit.open(1)
        visit.page.keyboard.press(" ")
        visit.page.wait_for_function("() => current.playback.time > 0.3 && current.playback.video.currentTime > 0.3")
        visit.page.evaluate("() => { current.playback.pause(); current.playback.seek(0.5); }")
        visit.page.get_by_text("Background", exact=True).click()
        visit.page.wait_for_function("() => current.playback.chosen === 'background' && Math.abs(current.playback.time - 0.5) < 0.1")
        visit.page.evaluate("() => current.playback.play()")
        visit.page.wait_for_function("() => current.playback.time > 1")
        assert visit.page.locator(".editor, .review").count() == 0
        assert all(url.startswith(f"http://127.0.0.1:{server.server_port}/") for url in visit.asked if not url.startswith("data:"))


def test_the_server_filters_as_the_page_does(visit: Visit, dataset: Path) -> None:
    with served(dataset, "") as server:
        page = visit.go(server.address).page
        page.locator("[name=text]").fill("onerror")
        page.wait_for_function("() => document.querySelector('#clips [role=status]').textContent === '1 clip'")
        assert page.get_by_text(dataset_of.HOSTILE).first.is_visible() and "taken" not in page.title()


def test_a_person_corrects_a_line_and_rejects_a_clip(visit: Visit, dataset: Path) -> None:
    with served(dataset, "anna") as server:
        page = visit.go(server.address).page
        dialog = visit.open(1)
        dialog.locator(".editor summary").nth(1).click()
        dialog.get_by_label("Text of line 2").fill("Nobody but <i>us</i>!")
        dialog.get_by_label("Speaker of line 2").select_option("s001")
        dialog.get_by_label("start of line 2 in ms").fill("1700")
        dialog.get_by_role("button", name="Save").click()
        page.wait_for_function("() => document.querySelectorAll('dialog .review li').length === 3")
        assert dialog.locator(".said").nth(1).inner_text() == "Nobody but <i>us</i>!"
        assert "waits for the next build" in dialog.locator(".review").inner_text()
        dialog.get_by_role("button", name="Reject this clip").click()
        page.wait_for_selector("dialog .badge.bad")
        said = next(iter(overlay.read(dataset).values()))
        assert [(review.kind, review.before, review.after) for review in said] == [
            ("text", "Nobody but us.", "Nobody but <i>us</i>!"), ("speaker", "s002", "s001"), ("time", "1600-3000", "1700-3000"), ("reject", "", ""),
        ]  # fmt: skip
        assert {review.by for review in said} == {"anna"}


def test_a_wrong_edit_is_explained_where_it_was_made(browser: Any, dataset: Path) -> None:
    visit = Visit(browser)
    with served(dataset, "anna") as server:
        visit.go(server.address)
        dialog = visit.open(0)
        dialog.locator(".editor summary").first.click()
        dialog.get_by_label("end of line 1 in ms").fill("100")
        dialog.get_by_role("button", name="Save").click()
        dialog.locator(".editor .warn").wait_for()
        assert "start before end" in dialog.locator(".editor .warn").inner_text()
        assert not overlay.place(dataset).exists()
    visit.page.context.close()

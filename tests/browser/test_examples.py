"""The examples page, opened from disk: films side by side with their figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from cinedub import shards
from pipelines.examples.__main__ import document
from tests.browser.browser import Visit
from tests.cinedub import dataset_of

FIGURES = {"error_rate": 0.25, "words": 8, "slot_ms": 20.0, "similarity": 0.71, "dnsmos": None}


@pytest.fixture(scope="session")
def examples(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("examples")
    _, members = next(iter(shards.read_shard(next((dataset / "shards").glob("*.tar")))))
    for name in ("silent", "ours", "original"):
        (out / f"{name}.mp4").write_bytes(members["mp4"])
    soundfile.write(out / "reference.wav", [0.0, 0.1] * 12_000, 24_000)
    line = {"speaker": "c01", "text": dataset_of.HOSTILE, "emotion": "neutral", "start_ms": 0, "on_screen": False}
    versions: list[dict[str, Any]] = [
        {"label": "Silent clip", "src": "silent.mp4"}, {"label": "Reference", "src": "reference.wav"},
        {"label": "CineDub", "src": "ours.mp4", "heard": ["<b>there are</b>"], "figures": FIGURES, "change": {"pitch": -1.25, "level": 2.0}},
        {"label": "Original", "src": "original.mp4", "heard": [], "figures": FIGURES | {"similarity": 0.9}},
    ]  # fmt: skip
    shown = [{"script": {"language": tongue, "lines": [line], "duration_ms": 3200}, "versions": versions} for tongue in ("en", "zh")]
    topics = [
        {"id": name, "title": title, "note": "", "examples": shown} for name, title in (("monologue", "Monologue"), ("hidden", "Hidden: faces"))
    ]
    totals = [{"language": "zh", "label": "CineDub", "clips": 2, **FIGURES}]
    data = {"topics": topics, "totals": totals, "checkpoint": "0" * 64, "shipped": True, "scorers": {"recogniser": "whisper:0"}, "code": "0"}
    (out / "index.html").write_text(document(data), "utf-8")
    return out


@pytest.fixture
def visit(browser: Any, examples: Path) -> Iterator[Visit]:
    visit = Visit(browser)
    visit.page.goto(f"file://{examples}/index.html")
    yield visit
    assert visit.said == [], "nothing is said to the console"
    assert all(url.startswith(f"file://{examples}/") or url == "data:," for url in visit.asked), "nothing is asked of a network"
    visit.page.context.close()


def test_versions_stand_side_by_side_with_their_figures(visit: Visit) -> None:
    page = visit.page
    assert page.locator("main > section > h2").all_inner_texts() == ["In figures", "Monologue", "Hidden: faces"]
    assert page.locator("#hidden .example").count() == 2 and page.locator("#hidden figure").count() == 8
    tops = page.locator("#monologue .example").first.locator("figure").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert len(tops) == 4 and len(set(tops)) == 1, "in one row"
    ours = page.locator("#monologue figure", has_text="CineDub").first.inner_text()
    assert "25.0 % of 8" in ours and "20 ms" in ours and "0.71" in ours and "−1.3 semitones" in ours
    assert "CER" in page.locator("#clips table").inner_text()


def test_a_film_plays_and_stops_the_one_before(visit: Visit) -> None:
    page = visit.page
    page.wait_for_function("() => [...document.querySelectorAll('video')].every((one) => one.readyState >= 1 && one.videoWidth > 0)")
    page.evaluate("() => document.querySelectorAll('video')[1].play()")
    page.wait_for_function("() => document.querySelectorAll('video')[1].currentTime > 0.2")
    page.evaluate("() => document.querySelectorAll('audio')[0].play()")
    page.wait_for_function("() => document.querySelectorAll('video')[1].paused && document.querySelectorAll('audio')[0].currentTime > 0.1")


def test_words_are_shown_as_text_and_never_run(visit: Visit) -> None:
    assert visit.page.get_by_text(dataset_of.HOSTILE).first.is_visible() and visit.page.get_by_text("<b>there are</b>").first.is_visible()
    assert visit.page.locator("main b, main img").count() == 0 and "taken" not in visit.page.title()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_it_is_accessible_and_fits(browser: Any, examples: Path, phone: bool, dark: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe

    visit = Visit(browser, phone, dark)
    visit.page.goto(f"file://{examples}/index.html")
    visit.page.wait_for_selector("figure")
    assert visit.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "nothing sticks out at the side"
    found = Axe().run(visit.page)
    assert found.violations_count == 0, found.generate_report()
    visit.page.context.close()

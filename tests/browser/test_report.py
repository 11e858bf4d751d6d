"""report.html, opened from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import Visit
from tests.cinedub import dataset_of

PLAYING = "() => current && current.playback.time > 0.4"
#: While it plays: picture and sound are near each other, and the word that is lit is the one that is spoken.
IN_STEP = """() => {
  const { time, video, playing } = current.playback, lit = current.words.find((word) => word.node.classList.contains("now"));
  return playing && time > 0.5 && Math.abs(video.currentTime - time) < 0.2 && lit && lit.start - 200 < time * 1000 && time * 1000 < lit.end + 200;
}"""


@pytest.fixture
def visit(browser: Any, dataset: Path) -> Any:
    visit = Visit(browser).go(f"file://{dataset}/report.html")
    yield visit
    assert visit.said == [], "nothing is said to the console"
    assert all(url.startswith(("file://", "data:")) for url in visit.asked), "nothing is asked of a network"
    visit.page.context.close()


def test_every_section_is_drawn(visit: Visit) -> None:
    titles = visit.page.locator("main > section > h2").all_inner_texts()
    assert titles == ["From footage to clips", "Films and cast", "Clips", "How it is spread", "Nearest to each gate", "The build"]
    assert visit.page.locator(".card").count() == 6
    assert visit.page.locator(".cast img").count() in (2, 3)
    assert visit.page.locator(".chart svg").count() == 5
    assert all(visit.page.eval_on_selector_all(".cast img, .card img", "all => all.map((one) => one.complete && one.naturalWidth > 0)"))


def test_what_was_said_is_shown_as_text_and_never_runs(visit: Visit) -> None:
    assert visit.page.get_by_text(dataset_of.HOSTILE).first.is_visible()
    assert visit.page.get_by_text("</script><script>").first.is_visible()
    visit.open(2)
    visit.page.keyboard.press(" ")
    visit.page.wait_for_function(PLAYING)
    assert dataset_of.HOSTILE in visit.page.locator("dialog .said").inner_text()
    shown = visit.page.evaluate("document.querySelector('video').textTracks[0].activeCues[0].getCueAsHTML().textContent")
    assert shown == dataset_of.HOSTILE and "taken" not in visit.page.title()
    assert visit.page.locator("main img[src=x], main b, dialog img").count() == 0


def test_a_clip_plays_picture_and_sound_together_and_words_light_up(visit: Visit) -> None:
    visit.open(0)
    visit.page.keyboard.press(" ")
    visit.page.wait_for_function(IN_STEP)
    visit.page.evaluate("() => current.playback.seek(0.3)")
    visit.page.get_by_text("Voices", exact=True).click()
    visit.page.wait_for_function("() => current.playback.chosen === 'vocals' && current.playback.time > 0.2")
    visit.page.evaluate("() => current.playback.pause()")
    visit.page.get_by_role("button", name="Play", exact=True).click()
    visit.page.get_by_role("button", name="Pause").wait_for()
    visit.page.evaluate("() => current.playback.pause()")
    visit.page.locator("dialog .w").first.click()
    visit.page.wait_for_function("() => Math.abs(current.playback.time - 0.2) < 0.05 && Math.abs(current.playback.video.currentTime - 0.2) < 0.05")
    assert visit.page.locator("dialog .w.now").inner_text() == "There"


def test_corrections_are_a_diff_with_evidence_and_verdict(visit: Visit) -> None:
    dialog = visit.open(0)
    assert dialog.locator(".heard del").all_inner_texts() == ["to house "] and dialog.locator(".heard ins").all_inner_texts() == ["two houses "]
    assert dialog.locator(".corrections li.accepted .badge").inner_text() == "accepted"
    dialog.locator(".corrections li.rejected summary").click()
    assert "verifier" in dialog.locator(".corrections li.rejected dl").first.inner_text()


def test_searching_and_filtering_narrow_the_clips(visit: Visit) -> None:
    page, status = visit.page, visit.page.get_by_role("status")

    def shown(words: str) -> None:
        page.wait_for_function("(words) => document.querySelector('#clips [role=status]').textContent === words", arg=words)

    page.keyboard.press("/")
    page.keyboard.type("天气")
    shown("1 clip")
    page.get_by_role("button", name="Clear").click()
    shown("6 clips")
    page.locator("[name=kind]").select_option("dialogue")
    shown("2 clips")
    page.locator("[name=language]").select_option("zh")
    shown("1 clip")
    page.get_by_role("button", name="Clear").click()
    page.locator("[name=outcome]").select_option("LOW_SNR")
    shown("1 clip")
    assert page.locator(".card.gone").count() == 1
    page.get_by_role("button", name="Clear").click()
    page.locator("[name=speaker]").fill("s002")
    shown("2 clips")
    page.locator("[name=text]").fill("no such words")
    shown("No clip matches.")
    page.get_by_role("button", name="Clear").click()
    shown("6 clips")
    page.get_by_title("Show clips: monologue").click()
    shown("2 clips")
    assert status.is_visible()


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit.page
    page.locator(".card").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog .clip")
    first = page.url
    page.keyboard.press("n")
    page.wait_for_function("(first) => location.href !== first", arg=first)
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => current.playback.time > 0.9")
    page.keyboard.press("3")
    page.wait_for_function("() => current.playback.chosen === 'background'")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !dialog.open && document.activeElement.classList.contains('card')")


def test_a_refused_clip_says_why(visit: Visit) -> None:
    visit.page.locator("[name=outcome]").select_option("LOW_SNR")
    visit.page.wait_for_selector(".card.gone")
    visit.page.wait_for_function("() => document.querySelectorAll('.card').length === 1")
    assert "LOW_SNR, -24 where -20 is the limit" in visit.open(0).inner_text()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_it_is_accessible_and_fits(browser: Any, dataset: Path, phone: bool, dark: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe

    visit = Visit(browser, phone, dark).go(f"file://{dataset}/report.html")
    for place in (None, 0):
        if place is not None:
            visit.open(place)
        assert visit.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "nothing sticks out at the side"
        found = Axe().run(visit.page)
        assert found.violations_count == 0, found.generate_report()
    visit.page.context.close()

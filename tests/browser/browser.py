"""A real browser for tests: Debian's Chromium, driven by Playwright. ``make test-browser`` installs both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def missing() -> str:
    """Why no browser can be driven here; "" when one can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no playwright: make test-browser installs it"
    return "" if _chromium() else "no chromium: make test-browser installs it"


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, without a window; sound may play without a click before."""
    from playwright.sync_api import sync_playwright

    arguments = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=_chromium(), args=arguments, timeout=120_000)
        try:
            yield opened
        finally:
            opened.close()


class Visit:
    """A page, and everything that it said to the console, threw, or asked of the network."""

    def __init__(self, browser: Any, phone: bool = False, dark: bool = False) -> None:
        context = browser.new_context(viewport=PHONE if phone else WIDE, color_scheme="dark" if dark else "light", reduced_motion="reduce")
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"thrown: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def go(self, address: str) -> Visit:
        """Open an address and wait for the clips."""
        self.page.goto(address)
        self.page.wait_for_selector(".card")
        return self

    def open(self, place: int = 0) -> Any:
        """Open a clip of the list; the dialog."""
        self.page.locator(".card").nth(place).click()
        self.page.wait_for_selector("dialog .clip, dialog .absent")
        return self.page.locator("dialog")

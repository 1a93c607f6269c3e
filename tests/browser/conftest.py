"""A real browser, in which pages are opened as people open them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from tests.support.chromium import chromium, need_chromium, patient_context


@dataclass
class Seen:
    """What a page said on its console and asked for while it was open."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window, or a table than its place in the page."""
        within = (
            "Math.max(0, ...Array.from(document.querySelectorAll('.scroll'), at => at.scrollWidth - at.clientWidth))"
        )
        return int(self.page.evaluate(f"Math.max(document.documentElement.scrollWidth - innerWidth, {within})"))


Open = Callable[..., "Seen"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; tests are skipped where it is not installed."""
    need_chromium()
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens an address at a width and in a colour scheme."""
    opened = ExitStack()

    def opening(url: str, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Seen:
        context = patient_context(
            browser,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
        )
        page = opened.enter_context(context).new_page()
        seen = Seen(page)
        page.on("console", lambda message: seen.console.append(message.text))
        page.on("pageerror", lambda error: seen.console.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(url)
        return seen

    with opened:
        yield opening

"""A real browser: Debian's Chromium, driven by Playwright. Tests that need it are skipped where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium")
_ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def need_chromium() -> None:
    """Skips the test where there is no Chromium."""
    if not EXECUTABLE.exists():
        pytest.skip("chromium is not installed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, ended afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()

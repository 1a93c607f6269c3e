"""A real browser: Debian's Chromium, driven by Playwright. Tests that need it are skipped where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.support.patience import PATIENCE_SECONDS

_PATIENCE_MILLISECONDS = PATIENCE_SECONDS * 1000.0
# Playwright gives up after 5 seconds (`expect`) or 30 (all else).
expect.set_options(timeout=_PATIENCE_MILLISECONDS)
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
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE, args=_ARGUMENTS, timeout=_PATIENCE_MILLISECONDS
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def patient_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A context, whose pages wait as long as a busy machine takes; it trusts any certificate. Closed afterwards."""
    with browser.new_context(ignore_https_errors=True, **options) as context:
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        yield context

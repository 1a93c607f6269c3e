"""MSAL for browsers, unchanged, in a real Chromium: a page of another origin signs somebody in and asks the service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import expect

from osimages.entra.emulator.default_directory import AZURE_CLI, DEFAULT_TENANT, DEFAULT_USER_PRINCIPAL_NAME
from tests.support.api import IMAGES
from tests.support.chromium import chromium, need_chromium, patient_context
from tests.support.server import Server

LIBRARY = Path(__file__).parents[1] / "node/node_modules/@azure/msal-browser/lib/msal-browser.min.js"
PAGE = Path(__file__).with_name("spa.html")

pytestmark = pytest.mark.skipif(not LIBRARY.exists(), reason="MSAL for browsers is not installed")


class _Files(BaseHTTPRequestHandler):
    """Serves the page and its library."""

    def do_GET(self) -> None:
        is_library = urlsplit(self.path).path.endswith(".js")
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_library else "text/html")
        self.end_headers()
        self.wfile.write((LIBRARY if is_library else PAGE).read_bytes())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def application() -> Iterator[str]:
    """The address of the application."""
    with HTTPServer(("127.0.0.1", 0), _Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_signs_somebody_in_and_asks_the_service(secure: Server, application: str) -> None:
    need_chromium()
    addresses = {"authority": f"{secure.url}/{DEFAULT_TENANT}", "service": f"{secure.url}{IMAGES}"}
    asked = quote(json.dumps({"client": AZURE_CLI, **addresses}))
    with chromium() as browser, patient_context(browser) as context:
        page = context.new_page()
        page.goto(f"{application}/?asked={asked}")
        page.get_by_role("button", name="Megan Bowen").click()
        expect(page.locator("#told")).to_contain_text(f"{DEFAULT_USER_PRINCIPAL_NAME} 200 ")

"""The pages in a real browser over HTTPS: signing in, consent, devices; small and dark screens; keyboards."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from osimages.entra.emulator.default_directory import AZURE_CLI, GRAPH_COMMAND_LINE
from tests.support.api import IMAGES, READ
from tests.support.chromium import chromium, need_chromium, patient_context
from tests.support.identity import DEFAULT_SCOPE, Pkce, authorize_url, claims_of, exchange, redeem, tokens
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, running

NARROW = {"width": 400, "height": 700}


class Landing(HTTPServer):
    """An application on a port of its own, which takes what browsers bring to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Landed)
        self.brought: Queue[dict[str, str]] = Queue()

    @property
    def uri(self) -> str:
        """Its redirect URI."""
        return f"http://localhost:{self.server_port}"


class _Landed(BaseHTTPRequestHandler):
    server: Landing

    def do_GET(self) -> None:
        self._take(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._take(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _take(self, form: str) -> None:
        found = {name: values[0] for name, values in parse_qs(form).items()}
        if found:
            self.server.brought.put(found)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Welcome back</h1>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with HTTPS."""
    need_chromium()
    with running(tmp_path_factory.mktemp("chromium"), "--empty") as server:
        yield server


@pytest.fixture(scope="module")
def browser(secure: Server) -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def landing() -> Iterator[Landing]:
    with Landing() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A profile without cookies. The certificate is judged by other tests: a browser keeps its own list."""
    with patient_context(browser) as found:
        yield found


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A window in which nothing may go wrong silently: what the policy forbids is an error in the console."""
    found = context.new_page()
    errors: list[str] = []
    found.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    assert [each for each in errors if "favicon" not in each and "404" not in each] == []


@pytest.fixture
def http(secure: Server) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=str(secure.data_dir / "ca.pem"))
    with httpx.Client(base_url=secure.url, verify=trusted) as client:
        yield client


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_somebody_signs_in_consents_and_lands_back_with_a_code(
    page: Page, secure: Server, landing: Landing, http: httpx.Client, mode: str
) -> None:
    pkce = Pkce()
    asked = {"client_id": GRAPH_COMMAND_LINE, "redirect_uri": landing.uri, "response_mode": mode, "prompt": "consent"}
    challenge = {"code_challenge": pkce.challenge, "code_challenge_method": "S256"}
    page.goto(secure.url + authorize_url(**asked, **challenge))
    page.get_by_role("button", name="Megan Bowen").click()
    expect(page.get_by_role("heading", name="Permissions requested")).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    brought = landing.brought.get(timeout=PATIENCE_SECONDS)
    assert brought["state"] == "a state & more"
    client = {"client_id": GRAPH_COMMAND_LINE, "client_secret": None, "redirect_uri": landing.uri}
    body = tokens(redeem(http, brought["code"], **client, code_verifier=pkce.verifier))
    assert claims_of(body["access_token"])["scp"] == READ
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    # The second time there is nothing to ask.
    page.goto(secure.url + authorize_url(client_id=GRAPH_COMMAND_LINE, redirect_uri=landing.uri))
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert "code" in landing.brought.get(timeout=PATIENCE_SECONDS)


def test_with_the_keyboard_alone(page: Page, secure: Server, landing: Landing) -> None:
    page.goto(secure.url + authorize_url(redirect_uri=landing.uri))
    page.get_by_label("Another account").focus()
    page.keyboard.type("nobody@contoso.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("nobody@contoso.example does not exist")
    field = page.get_by_label("Another account")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("adele.vance@contoso.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_a_device(page: Page, secure: Server, http: httpx.Client) -> None:
    form = {"client_id": AZURE_CLI, "scope": DEFAULT_SCOPE}
    device = http.post("/organizations/oauth2/v2.0/devicecode", data=form).json()
    page.goto(device["verification_uri"])
    page.get_by_label("Code").fill(device["user_code"].lower())
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Megan Bowen").click()
    expect(page.get_by_role("heading", name="Are you trying to sign in to Microsoft Azure CLI?")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="You have signed in to Microsoft Azure CLI")).to_be_visible()
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    given = {"client_id": AZURE_CLI, "client_secret": None, "device_code": device["device_code"]}
    tokens(exchange(http, "organizations", grant_type=grant, **given))


def test_a_form_goes_back_without_scripts_too(browser: Browser, secure: Server, landing: Landing) -> None:
    with patient_context(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(secure.url + authorize_url(redirect_uri=landing.uri, response_mode="form_post"))
        page.get_by_role("button", name="Megan Bowen").click()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert "code" in landing.brought.get(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_screens_in_both_colour_schemes(browser: Browser, secure: Server, scheme: str) -> None:
    consent = {"client_id": GRAPH_COMMAND_LINE, "prompt": "consent"}
    with patient_context(browser, viewport=NARROW, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(secure.url + authorize_url(**consent))
        seen = [_look(page, "Pick an account")]
        page.get_by_role("button", name="Megan Bowen").click()
        seen.append(_look(page, "Permissions requested"))
        page.goto(f"{secure.url}/devicelogin")
        page.get_by_label("Code").fill("x" * 32)
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("alert")).to_be_visible()
        seen.append(_look(page, "Enter the code"))
        page.goto(secure.url + authorize_url(redirect_uri=f"https://evil.example/{'x' * 200}"))
        seen.append(_look(page, "trouble signing you in"))
    for contrasts, is_wider in seen:
        assert not is_wider, "nothing sticks out"
        # WCAG 2.2, success criterion 1.4.3.
        assert min(contrasts) >= 4.5


def _look(page: Page, heading: str) -> tuple[list[float], bool]:
    """The contrast of each piece of text with what it stands on, and whether the page is wider than the window."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    pairs = page.evaluate(
        """() => [...document.querySelectorAll('h1, p, label, button, small, li, dt, dd, input')].map(each => {
             let below = each;
             while (getComputedStyle(below).backgroundColor.startsWith('rgba(0, 0, 0, 0')) below = below.parentElement;
             return [getComputedStyle(each).color, getComputedStyle(below).backgroundColor];
           })"""
    )
    wider = bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
    return [_contrast(_luminance(front), _luminance(back)) for front, back in pairs], wider


def _luminance(colour: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)

"""Odd values in every field of every form: each is answered or refused in the documented shape, none gets through."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.entra.emulator.client_authentication import JWT_BEARER
from osimages.entra.emulator.default_directory import AZURE_CLI, DEFAULT_CLIENT_SECRET, DEFAULT_PASSWORD, DEFAULT_TENANT
from tests.support.api import READ
from tests.support.identity import GRAPH, REDIRECT, Browser, authorize_url

ODD = (
    *("", " ", "\0", "\x7f", "\r\nSet-Cookie: evil=1", "<script>alert(1)</script>", '"><img src=x>', "{{7*7}}", "%00"),
    *("' OR 1=1 --", "../../etc/passwd", "ä" * 50, "\U0001f600", "\u202e", "\ufeff", "-1", "1e999", "null", "[]", "{}"),
    *("x" * 9000, "a b" * 500, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
)
TOKEN_FORMS = (
    {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"},
    {"grant_type": "password", "scope": READ, "username": "megan.bowen@contoso.example", "password": DEFAULT_PASSWORD},
    {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT, "code_verifier": "x" * 43},
    {"grant_type": "refresh_token", "refresh_token": "x", "scope": READ},
    {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
    {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "requested_token_use": "on_behalf_of",
        "assertion": "a.b.c",
        "scope": READ,
    },
)
CREDENTIALS: dict[str, str] = {
    "client_id": "b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6",
    "client_secret": DEFAULT_CLIENT_SECRET,
    "claims": '{"access_token": {"xms_cc": {"values": ["CP1"]}}}',
    "client_info": "1",
}
ASSERTION = {"client_assertion": "a.b.c", "client_assertion_type": JWT_BEARER}


def sound(reply: httpx.Response) -> None:
    """An answer that a client can understand, and nothing that came in unescaped."""
    assert reply.status_code in (200, 303, 400, 401, 413), (reply.status_code, reply.text[:500])
    assert "evil" not in reply.headers.get("set-cookie", "")
    kind = reply.headers.get("content-type", "")
    if kind.startswith("text/html"):
        assert "<script>alert" not in reply.text
        assert "<img" not in reply.text
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", reply.text)[0]
    elif reply.status_code in (400, 401):
        body = reply.json()
        assert body["error_description"].startswith("AADSTS")
        assert "\n" not in body["error_description"]
        assert len(body["error_description"]) < 2000
        assert DEFAULT_CLIENT_SECRET not in reply.text
        assert DEFAULT_PASSWORD not in reply.text
    if "location" in reply.headers:
        assert urlsplit(reply.headers["location"]).netloc == urlsplit(REDIRECT).netloc


@pytest.mark.parametrize("form", TOKEN_FORMS, ids=lambda form: form["grant_type"].rpartition(":")[2])
def test_every_field_of_the_token_endpoint(http: httpx.Client, form: dict[str, str]) -> None:
    whole = CREDENTIALS | form
    for name in (*whole, *ASSERTION, "resource", "unknown"):
        for value in ODD:
            more = ASSERTION if name in ASSERTION else {}
            sound(http.post("/common/oauth2/v2.0/token", data=whole | more | {name: value}))


def test_every_parameter_of_an_authorization_request(browser: Browser) -> None:
    parameters = parse_qs(urlsplit(authorize_url()).query)
    optional = (
        "response_mode",
        "prompt",
        "login_hint",
        "code_challenge",
        "code_challenge_method",
        "claims",
        "client_info",
    )
    for name in (*parameters, *optional, "unknown"):
        for value in ODD:
            sound(browser.get(authorize_url(**{name: value})))


def test_every_field_of_the_pages(browser: Browser, http: httpx.Client) -> None:
    page = browser.get(authorize_url())
    step = re.findall(r'name="step" value="([^"]+)"', page.text)[0]
    for path, field in (("account", "user"), ("account", "name"), ("code", "code"), ("consent", "decision")):
        for value in ODD:
            for form in ({"step": step, field: value}, {"step": value, field: "x"}):
                sound(browser.http.post(f"/{DEFAULT_TENANT}/signin/{path}", data=form))
    for value in ODD:
        # Longer addresses are refused before anybody reads them.
        query = urlencode(dict.fromkeys(("post_logout_redirect_uri", "state", "otc"), value[:3000]))
        sound(browser.get(f"/common/oauth2/v2.0/logout?{query}"))
        sound(browser.get(f"/common/oauth2/deviceauth?{query}"))
        for form in ({"client_id": value, "scope": READ}, {"client_id": AZURE_CLI, "scope": value}):
            sound(http.post("/common/oauth2/v2.0/devicecode", data=form))


def test_odd_cookies_are_none(browser: Browser) -> None:
    port = browser.http.base_url.port
    for value in ODD:
        raw = f"osimages-{port}-browser={value}; osimages-{port}-session={value}".encode("utf-8", "surrogatepass")
        clean = bytes(each for each in raw if each >= 32 and each != 127)[:8000] + b"; x=y"
        sound(browser.http.get(authorize_url(), headers=[(b"cookie", clean)]))


def test_odd_tenants(http: httpx.Client) -> None:
    for value in ODD:
        if len(value) > 3000 or "/" in value:
            continue
        tenant = "".join(f"%{each:02x}" for each in value.encode()) or "%20"
        for rest in ("oauth2/v2.0/authorize", "v2.0/.well-known/openid-configuration", "oauth2/deviceauth"):
            sound(http.get(f"/{tenant}/{rest}"))


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(
            ("client_id", "redirect_uri", "scope", "state", "response_type", "prompt", "nonce", "claims", "login_hint")
        ),
        st.text(max_size=80),
    )
)
def test_any_authorization_request(browser: Browser, changes: dict[str, str]) -> None:
    sound(browser.get(authorize_url(**changes)))

"""Pages of other origins at the token endpoint: those of a registered application get tokens, for their own grants."""

from __future__ import annotations

import httpx
import pytest

from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_PASSWORD,
)
from osimages.entra.emulator.default_directory import DEFAULT_TENANT as TENANT
from osimages.entra.emulator.grants import DEVICE_CODE, ON_BEHALF_OF
from tests.support.api import READ
from tests.support.identity import GRAPH, OPENID, REDIRECT, Browser, Pkce, authorize_url, refused_with, tokens

TOKEN = f"/{TENANT}/oauth2/v2.0/token"
EVIL = "https://evil.example"
CREDENTIALS = {"client_id": DEFAULT_APPLICATION, "client_secret": DEFAULT_CLIENT_SECRET}
OTHER_GRANTS: tuple[dict[str, str], ...] = (
    {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"},
    {"grant_type": "password", "scope": READ, "username": "megan.bowen@contoso.example", "password": DEFAULT_PASSWORD},
    {"grant_type": DEVICE_CODE, "device_code": "x"},
    {"grant_type": ON_BEHALF_OF, "assertion": "x", "requested_token_use": "on_behalf_of", "scope": READ},
    {"grant_type": "x"},
    {},
)


def readers(reply: httpx.Response) -> str | None:
    """The origin whose scripts may read a reply; nothing else may allow one anything."""
    found: str | None = reply.headers.get("access-control-allow-origin")
    if found is None:
        assert not [name for name in reply.headers if name.startswith("access-control")]
    return found


def page_of(http: httpx.Client, origin: str, path: str = TOKEN, **form: str) -> httpx.Response:
    return http.post(path, data=form, headers={"Origin": origin})


def signed_in(browser: Browser, redirect: str = REDIRECT) -> dict[str, str]:
    """The form that a single-page application sends after somebody signed in."""
    pkce = Pkce()
    asked = {"client_id": AZURE_CLI, "code_challenge": pkce.challenge, "code_challenge_method": "S256"}
    code = browser.sign_in(authorize_url(scope=f"{GRAPH}/{READ} {OPENID}", redirect_uri=redirect, **asked))["code"]
    return {
        "grant_type": "authorization_code",
        "client_id": AZURE_CLI,
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": pkce.verifier,
    }


def test_a_page_of_a_registered_origin_reads_its_tokens(http: httpx.Client, browser: Browser) -> None:
    reply = page_of(http, REDIRECT, **signed_in(browser))
    body = tokens(reply)
    assert readers(reply) == REDIRECT
    assert "Origin" in reply.headers["vary"]
    renewed = {"grant_type": "refresh_token", "client_id": AZURE_CLI, "refresh_token": body["refresh_token"]}
    for origin in (REDIRECT, "http://localhost:3000", "http://127.0.0.1:8080"):
        again = page_of(http, origin, **renewed)
        assert tokens(again)["access_token"]
        assert readers(again) == origin
    failed = page_of(http, REDIRECT, **{**renewed, "refresh_token": "x"})
    assert failed.status_code == 400
    assert readers(failed) == REDIRECT, "a page has to know that it must sign its user in again"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", "http://localhost.evil.example", "https://localhost:3000", "http://[::1]"]
)
def test_a_page_of_another_origin_gets_nothing_and_uses_nothing_up(
    http: httpx.Client, browser: Browser, origin: str
) -> None:
    form = signed_in(browser)
    reply = page_of(http, origin, **form)
    refused_with(reply, 9002326, "invalid_request")
    assert readers(reply) is None
    assert f"'{origin}'" in reply.json()["error_description"]
    tokens(page_of(http, REDIRECT, **form))


@pytest.mark.parametrize("form", OTHER_GRANTS, ids=lambda form: form.get("grant_type", "none").rpartition(":")[2])
@pytest.mark.parametrize("origin", [EVIL, REDIRECT])
@pytest.mark.parametrize("path", [TOKEN, f"/{TENANT}/oauth2/token", f"/{TENANT}//oauth2/v2.0/token/"])
def test_no_page_gets_tokens_for_what_is_public(
    http: httpx.Client, form: dict[str, str], origin: str, path: str
) -> None:
    reply = page_of(http, origin, path, **CREDENTIALS, **form)
    refused_with(reply, 9002326, "invalid_request")
    assert readers(reply) is None


def test_programs_and_own_pages_are_not_cross_origin(http: httpx.Client) -> None:
    form = {**CREDENTIALS, **OTHER_GRANTS[0]}
    own = str(http.base_url).rstrip("/")
    for headers in ({}, {"Origin": own}):
        reply = http.post(TOKEN, data=form, headers=headers)
        assert tokens(reply)
        assert readers(reply) is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", TOKEN, 405),
        ("POST", "/common/oauth2/v2.0/devicecode", 200),
        ("GET", "/common/userrealm/megan.bowen@contoso.example", 200),
        ("GET", authorize_url(), 200),
        ("GET", "/common/oauth2/deviceauth", 200),
        ("GET", "/dashboard/", 200),
    ],
)
def test_what_is_for_people_and_programs_no_page_reads(http: httpx.Client, method: str, path: str, status: int) -> None:
    data = {"client_id": AZURE_CLI, "scope": READ} if method == "POST" else None
    reply = http.request(method, path, data=data, headers={"Origin": REDIRECT})
    assert (reply.status_code, readers(reply)) == (status, None)


def test_a_form_that_is_too_long_tells_no_page(http: httpx.Client) -> None:
    reply = page_of(http, REDIRECT, scope="x" * 70_000)
    assert (reply.status_code, readers(reply)) == (413, None)


@pytest.mark.parametrize("rest", ["v2.0/.well-known/openid-configuration", "discovery/v2.0/keys", "discovery/instance"])
def test_every_page_reads_metadata_and_public_keys(http: httpx.Client, rest: str) -> None:
    assert readers(http.get(f"/common/{rest}", headers={"Origin": EVIL})) == "*"
    assert readers(http.options(f"/common/{rest}", headers={"Origin": EVIL})) == "*"


@pytest.mark.parametrize(("origin", "allowed"), [(REDIRECT, REDIRECT), (EVIL, None), ("null", None)])
def test_a_preflight_of_the_token_endpoint(http: httpx.Client, origin: str, allowed: str | None) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-client-sku",
    }
    reply = http.options(TOKEN, headers=asked)
    assert (reply.status_code, readers(reply)) == (204, allowed)
    if allowed is not None:
        assert reply.headers["access-control-allow-methods"] == "POST"
        assert reply.headers["access-control-allow-headers"] == "x-client-sku"
    assert readers(http.options("/common/oauth2/v2.0/devicecode", headers=asked)) is None

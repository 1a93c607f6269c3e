"""Signing in as browsers and applications do, over HTTP: forms, redirects, codes and tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from osimages.entra.emulator.default_directory import (
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_TENANT,
    EVERY_PERMISSION,
)
from tests.support.api import READ, Json, body_of

GRAPH = "https://graph.microsoft.com"
DEFAULT_SCOPE = f"{GRAPH}/.default"
# What the default applications may do, in the order of tokens.
EVERYTHING = sorted(EVERY_PERMISSION)
# An application that listens on a port of its own, as public clients do.
REDIRECT = "http://localhost:5123"
OPENID = "openid profile offline_access"


@dataclass(frozen=True)
class Pkce:
    """A code verifier and its challenge (RFC 7636)."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        """What the authorization request carries."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")


def authorize_url(tenant: str = DEFAULT_TENANT, /, **changes: str | None) -> str:
    """The path of an authorization request that is good, with some changes; None leaves a parameter out."""
    good: dict[str, str | None] = {
        "client_id": DEFAULT_APPLICATION,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": f"{GRAPH}/{READ} {OPENID}",
        "state": "a state & more",
        "nonce": "a nonce",
    }
    asked = {name: value for name, value in (good | changes).items() if value is not None}
    return f"/{tenant}/oauth2/v2.0/authorize?{urlencode(asked)}"


class Browser:
    """A browser without scripts: it keeps cookies, fills in forms, and stops where it is sent to another address."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str) -> httpx.Response:
        """Opens an address of the authority."""
        return self.http.get(path, headers={"Authorization": ""})

    def submit(self, page: httpx.Response, button: str = "", **fields: str) -> httpx.Response:
        """Sends the form that has the button with that text in it (the last one of the page by default)."""
        forms = LexborHTMLParser(page.text).css("form")
        form = next(each for each in reversed(forms) if button in each.text() and (fields.keys() <= _names(each)))
        values = {each.attributes["name"]: each.attributes.get("value") or "" for each in form.css("input")}
        for each in form.css("button"):
            if button and button in each.text() and each.attributes.get("name"):
                values[each.attributes["name"]] = each.attributes.get("value") or ""
        sent = {str(name): value for name, value in (values | fields).items()}
        return self.http.post(str(form.attributes["action"]), data=sent, headers={"Authorization": ""})

    def sign_in(self, path: str, who: str = "Megan Bowen") -> dict[str, str]:
        """Picks somebody, agrees to what is asked, and returns what the application is told."""
        page = self.get(path)
        if page.status_code == 200:
            page = self.submit(page, who)
        if page.status_code == 200:
            page = self.submit(page, "Accept")
        return returned(page)


def _names(form: LexborNode) -> set[str]:
    return {str(each.attributes.get("name")) for each in form.css("input, button")}


def returned(reply: httpx.Response, redirect: str = REDIRECT) -> dict[str, str]:
    """The parameters in the address that a browser is sent back to, or in the form that it sends by itself."""
    if reply.status_code == 200:
        form = LexborHTMLParser(reply.text).css_first("form")
        assert form is not None, reply.text
        assert form.attributes["action"] == redirect, reply.text
        return {str(each.attributes["name"]): str(each.attributes["value"]) for each in form.css("input")}
    assert reply.status_code == 303, reply.text
    parts = urlsplit(reply.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == redirect
    found = parse_qs(parts.query or parts.fragment, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


def headline(page: httpx.Response) -> str:
    """The heading of a page."""
    heading = LexborHTMLParser(page.text).css_first("h1")
    assert heading is not None, page.text
    return str(heading.text(strip=True))


def problem(page: httpx.Response) -> str:
    """What a page says is wrong."""
    found = LexborHTMLParser(page.text).css_first(".problem")
    assert found is not None, page.text
    return str(found.text(strip=True))


def exchange(http: httpx.Client, tenant: str = DEFAULT_TENANT, /, **changes: str | None) -> httpx.Response:
    """The token endpoint's reply to the default application; None leaves a field out."""
    good: dict[str, str | None] = {"client_id": DEFAULT_APPLICATION, "client_secret": DEFAULT_CLIENT_SECRET}
    form = {name: value for name, value in (good | changes).items() if value is not None}
    return http.post(f"/{tenant}/oauth2/v2.0/token", data=form, headers={"Authorization": ""})


def redeem(http: httpx.Client, code: str, tenant: str = DEFAULT_TENANT, /, **changes: str | None) -> httpx.Response:
    """The reply to an authorization code."""
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    return exchange(http, tenant, **(given | changes))


def tokens(reply: httpx.Response) -> Json:
    """The body of a reply with tokens."""
    assert reply.status_code == 200, reply.text
    body = body_of(reply)
    assert body["token_type"] == "Bearer"
    return body


def claims_of(token: str) -> dict[str, Any]:
    """What a token says; whether it is signed well is another question."""
    payload = token.split(".")[1]
    found: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def refused_with(reply: httpx.Response, number: int, error: str | None = None, status: int = 400) -> Json:
    """The error of a refused request for a token, which must have Entra's shape."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    body = body_of(reply)
    assert body["error_codes"] == [number], body
    assert error is None or body["error"] == error, body
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert "access_token" not in reply.text
    return body

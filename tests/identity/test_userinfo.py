"""The UserInfo endpoint: the claims about the user of an access token."""

from __future__ import annotations

import uuid
from pathlib import Path

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_USER_PRINCIPAL_NAME
from tests.identity.conftest import command
from tests.support.api import READ, body_of
from tests.support.identity import DEFAULT_SCOPE, GRAPH, Browser, authorize_url, claims_of, exchange, redeem, tokens

PATH = "/oidc/userinfo"


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token}"}


def test_the_claims_are_those_of_the_id_token(http: httpx.Client, browser: Browser) -> None:
    scope = f"{GRAPH}/{READ} openid profile email"
    found = tokens(redeem(http, browser.sign_in(authorize_url(scope=scope), "Adele Vance")["code"]))
    for reply in (
        http.get(PATH, headers=bearer(found["access_token"])),
        http.post(PATH, headers=bearer(found["access_token"])),
    ):
        assert reply.status_code == 200, reply.text
        assert "no-store" in reply.headers["cache-control"]
        claims = body_of(reply)
        identity = claims_of(found["id_token"])
        assert {name: claims[name] for name in ("sub", "name", "email")} == {
            name: identity[name] for name in ("sub", "name", "email")
        }
        assert (claims["given_name"], claims["family_name"]) == ("Adele", "Vance")


def test_it_is_in_the_metadata(http: httpx.Client) -> None:
    for path in ("/common/v2.0/.well-known/openid-configuration", "/adfs/.well-known/openid-configuration"):
        assert body_of(http.get(path))["userinfo_endpoint"] == f"{http.base_url}".rstrip("/") + PATH


def test_a_token_of_the_command_line(http: httpx.Client, data_dir: Path) -> None:
    token = command(data_dir, "token", "--user").strip()
    assert body_of(http.get(PATH, headers=bearer(token)))["email"] == DEFAULT_USER_PRINCIPAL_NAME


def test_tokens_that_are_none_of_a_user_here(http: httpx.Client, data_dir: Path) -> None:
    application = tokens(exchange(http, grant_type="client_credentials", scope=DEFAULT_SCOPE))["access_token"]
    own = {
        "grant_type": "password",
        "username": DEFAULT_USER_PRINCIPAL_NAME,
        "password": "osimages-development-password",
    }
    other = tokens(exchange(http, **own, scope="api://b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6/access_as_user"))
    expired = command(data_dir, "token", "--user", "--expires-in", "0").strip()
    for headers, reason in (
        ({}, "send it as Authorization: Bearer"),
        ({"Authorization": "Basic eDp5"}, "send it as Authorization: Bearer"),
        (bearer("nonsense"), "no token of this authority"),
        (bearer(f"{application}x"), "no token of this authority"),
        (bearer("x" * 14_000), "no token of this authority"),
        (bearer(application), "an application's"),
        (bearer(other["access_token"]), "it is for api://"),
        (bearer(expired), "it has expired"),
    ):
        reply = http.get(PATH, headers=headers)
        assert (reply.status_code, body_of(reply)["error"]) == (401, "invalid_token"), reply.text
        assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert reason in body_of(reply)["error_description"]


def test_a_user_who_is_gone(http: httpx.Client, data_dir: Path) -> None:
    name = f"{uuid.uuid4()}@contoso.example"
    command(data_dir, "user", "add", name)
    token = command(data_dir, "token", "--as", name).strip()
    assert body_of(http.get(PATH, headers=bearer(token)))["email"] == name
    command(data_dir, "user", "remove", name)
    assert http.get(PATH, headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_methods_that_there_are_not(http: httpx.Client, method: str) -> None:
    reply = http.request(method, PATH)
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")


def test_scripts_of_every_origin_may_ask(http: httpx.Client) -> None:
    page = {"Origin": "https://app.example"}
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert http.options(PATH, headers=page | asks).headers["access-control-allow-origin"] == "*"
    assert http.get(PATH, headers=page).headers["access-control-allow-origin"] == "*"

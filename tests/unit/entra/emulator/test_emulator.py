"""The emulator as an ASGI application of its own, without the service around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from osimages.entra import DEFAULT_TENANT, GLOBAL, EntraEmulator, TokenError, TokenProblem, TokenVerifier
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET
from osimages.entra.emulator.emulator import route_of

ORIGIN = "https://entra.test"
TOKEN = f"/{DEFAULT_TENANT}/oauth2/v2.0/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": DEFAULT_APPLICATION,
    "client_secret": DEFAULT_CLIENT_SECRET,
    "scope": "https://graph.microsoft.com/.default",
}
Asked = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> EntraEmulator:
    return EntraEmulator(tmp_path_factory.mktemp("entra"))


def answer(emulator: EntraEmulator, asked: Asked, root_path: str = "") -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(emulator.app, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await asked(client)

    return asyncio.run(run())


def test_its_tokens_pass_the_verifier(emulator: EntraEmulator) -> None:
    reply = answer(emulator, lambda client: client.post(TOKEN, data=FORM))
    header = f"Bearer {reply.json()['access_token']}".encode()
    found = TokenVerifier(emulator.keys, GLOBAL.issuers, GLOBAL.audiences).verify(header)
    assert (found.tenant, found.application, found.user) == (DEFAULT_TENANT, DEFAULT_APPLICATION, None)


def test_the_time_may_be_another_one(tmp_path: Path) -> None:
    emulator = EntraEmulator(tmp_path, now=lambda tenant: datetime(2020, 1, 1, tzinfo=UTC))
    token = answer(emulator, lambda client: client.post(TOKEN, data=FORM)).json()["access_token"]
    with pytest.raises(TokenError) as rejected:
        TokenVerifier(emulator.keys, GLOBAL.issuers, GLOBAL.audiences).verify(f"Bearer {token}".encode())
    assert rejected.value.problem is TokenProblem.EXPIRED


def test_a_path_in_front_of_it(emulator: EntraEmulator) -> None:
    path = "/entra/common/v2.0/.well-known/openid-configuration"
    reply = answer(emulator, lambda client: client.get(path), "/entra")
    assert reply.json()["token_endpoint"] == f"{ORIGIN}/entra/common/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//common//discovery/keys/", 200),
        ("/common/discovery%2Fkeys", 404),
        ("/common/userrealm/a%2Fb@contoso.example", 200),
        ("/common/userrealm/a/b", 404),
        ("/DeviceLogin", 200),
        ("/Common/Discovery/Keys", 404),
        ("/common", 404),
        ("/", 404),
    ],
)
def test_paths(emulator: EntraEmulator, path: str, status: int) -> None:
    assert answer(emulator, lambda client: client.get(f"{ORIGIN}{path}")).status_code == status
    assert (route_of(path) is None) == (status == 404)


def test_methods(emulator: EntraEmulator) -> None:
    assert answer(emulator, lambda client: client.head("/common/discovery/keys")).status_code == 200
    reply = answer(emulator, lambda client: client.put(TOKEN, data=FORM))
    assert (reply.status_code, reply.headers["allow"], reply.text) == (405, "POST", "Method Not Allowed")
    reply = answer(emulator, lambda client: client.options("/common/discovery/keys"))
    assert (reply.status_code, reply.headers["allow"]) == (204, "GET")


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_that_is_too_long(emulator: EntraEmulator, is_declared: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"a=1&" * 1000

    content: Any = b"a=1&" * 100_000 if is_declared else parts()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = answer(emulator, lambda client: client.post(TOKEN, content=content, headers=headers))
    assert (reply.status_code, reply.text) == (413, "The body has more than 65536 bytes.")


def test_a_client_that_leaves_inside_its_body(emulator: EntraEmulator) -> None:
    sent: list[dict[str, Any]] = []
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": TOKEN,
        "query_string": b"",
        "headers": [(b"host", b"entra.test"), (b"content-type", b"application/x-www-form-urlencoded")],
    }
    asyncio.run(emulator.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 400


@pytest.mark.parametrize("origin", ["https://page.example", "null"])
def test_pages_of_other_origins(emulator: EntraEmulator, origin: str) -> None:
    headers = {"Origin": origin}
    reply = answer(emulator, lambda client: client.get("/common/discovery/keys", headers=headers))
    assert reply.headers["access-control-allow-origin"] == "*"
    reply = answer(emulator, lambda client: client.post(TOKEN, data=FORM, headers=headers))
    assert reply.json()["error_codes"] == [9002326]
    assert "access-control-allow-origin" not in reply.headers
    reply = answer(emulator, lambda client: client.options(TOKEN, headers=headers))
    assert "access-control-allow-origin" not in reply.headers


def test_the_client_names_its_request(emulator: EntraEmulator) -> None:
    headers = {"client-request-id": "mine"}
    reply = answer(emulator, lambda client: client.post(TOKEN, data=FORM | {"scope": ""}, headers=headers))
    assert reply.headers["client-request-id"] == reply.json()["correlation_id"] == "mine"
    assert reply.headers["x-ms-request-id"] == reply.json()["trace_id"]

"""Headers of proxies are believed from trusted addresses alone, and only the form that the settings name."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.graph.forwarded import ForwardedHeaders, networks
from osimages.odata.service.request import Scope, request_of

PROXY, STRANGER = "10.0.0.5", "203.0.113.9"
TRUSTED = networks("10.0.0.0/24, ::1")
HOST = {b"host": b"localhost:8443"}


@dataclass
class Seen:
    """The external URL of a request, its path prefix, and the address of its client."""

    origin: str
    prefix: str
    client: str


def seen(headers: dict[str, str], peer: str = PROXY, form: str = "x-forwarded", public_url: str = "") -> Seen:
    raw = HOST | {name.lower().encode(): value.encode("latin-1") for name, value in headers.items()}
    scope = {"scheme": "http", "method": "GET", "raw_path": b"/", "query_string": b"", "client": (peer, 4711)}
    passed: list[Scope] = []

    async def app(scope: Scope, _receive: object, _send: object) -> None:
        passed.append(scope)

    middleware = ForwardedHeaders(app, public_url, TRUSTED, form)
    with contextlib.suppress(StopIteration):
        middleware({**scope, "headers": list(raw.items())}, receive, send).send(None)
    assert passed[0]["peer"] == (peer, 4711)
    request = request_of(passed[0])
    return Seen(request.origin, passed[0]["root_path"], request.client)


async def receive() -> NoReturn:
    raise AssertionError("nothing is received")


async def send(_: object) -> NoReturn:
    raise AssertionError("nothing is sent")


FULL = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "catalogue.example",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/graph",
    "X-Forwarded-For": STRANGER,
}


def test_a_trusted_proxy_is_believed() -> None:
    assert seen(FULL) == Seen("https://catalogue.example:444/graph", "/graph", STRANGER)


@pytest.mark.parametrize("peer", [STRANGER, "10.0.1.5", "", "unix:", "10.0.0.5.example", "::2"])
def test_nobody_else_is(peer: str) -> None:
    assert seen(FULL, peer) == Seen("http://localhost:8443", "", peer)


@pytest.mark.parametrize("peer", ["10.0.0.255", "::1", "::ffff:10.0.0.5", "::1%eth0"])
def test_addresses_are_compared_whatever_their_spelling(peer: str) -> None:
    assert seen(FULL, peer).prefix == "/graph"


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, "http://localhost:8443"),
        ({"X-Forwarded-Proto": "https"}, "https://localhost:8443"),
        ({"X-Forwarded-Proto": "HTTPS"}, "https://localhost:8443"),
        ({"X-Forwarded-Proto": "javascript"}, "http://localhost:8443"),
        (
            {"X-Forwarded-Host": "a.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"},
            "https://a.example",
        ),
        ({"X-Forwarded-Host": "a.example", "X-Forwarded-Port": "80"}, "http://a.example"),
        ({"X-Forwarded-Host": "a.example:8080", "X-Forwarded-Port": "81"}, "http://a.example:8080"),
        ({"X-Forwarded-Host": "[::1]", "X-Forwarded-Port": "81"}, "http://[::1]:81"),
        ({"X-Forwarded-Host": "[::1]:82", "X-Forwarded-Port": "81"}, "http://[::1]:82"),
        ({"X-Forwarded-Host": "evil.example, a.example"}, "http://a.example"),
        ({"X-Forwarded-Host": "a.example/evil"}, ""),
        ({"X-Forwarded-Host": 'a"b'}, ""),
        ({"X-Forwarded-Prefix": "/a/b/"}, "http://localhost:8443/a/b"),
        ({"X-Forwarded-Prefix": "/"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "//evil.example"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a?b"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "a"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/../x"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a/.."}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/./a"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a/%2e%2e"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a//b"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a\\b"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a#b"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a\tb"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/a\n/b"}, "http://localhost:8443"),
        ({"X-Forwarded-Prefix": "/.well-known/...a"}, "http://localhost:8443/.well-known/...a"),
    ],
)
def test_each_header_by_itself(headers: dict[str, str], origin: str) -> None:
    assert seen(headers).origin == origin


@pytest.mark.parametrize(
    ("clients", "client"),
    [
        (STRANGER, STRANGER),
        (f"1.2.3.4, {STRANGER}", STRANGER),
        (f"1.2.3.4, {STRANGER}, 10.0.0.9", STRANGER),
        ("10.0.0.7, 10.0.0.9", "10.0.0.7"),
        ("<script>", ""),
        ("", PROXY),
    ],
)
def test_the_client_is_the_nearest_that_is_no_proxy(clients: str, client: str) -> None:
    assert seen({"X-Forwarded-For": clients}).client == client


@pytest.mark.parametrize(
    ("value", "origin", "client"),
    [
        ('for=203.0.113.9;proto=https;host="a.example:444"', "https://a.example:444", STRANGER),
        ("For=203.0.113.9;Proto=https;Host=a.example", "https://a.example", STRANGER),
        ('for="[2001:db8::7]:4711";proto=https', "https://localhost:8443", "2001:db8::7"),
        ('for="203.0.113.9:80"', "http://localhost:8443", STRANGER),
        ("host=evil.example, for=203.0.113.9;host=a.example", "http://a.example", STRANGER),
        ("for=unknown", "http://localhost:8443", ""),
        ("for=_hidden;proto=ftp", "http://localhost:8443", ""),
        ("garbage", "http://localhost:8443", PROXY),
        ("", "http://localhost:8443", PROXY),
    ],
)
def test_the_standard_header(value: str, origin: str, client: str) -> None:
    found = seen({"Forwarded": value}, form="forwarded")
    assert (found.origin, found.client) == (origin, client)


def test_only_one_form_is_read() -> None:
    assert seen({"Forwarded": "host=a.example"}).origin == "http://localhost:8443"
    assert seen(FULL, form="forwarded").origin == "http://localhost:8443"


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_the_public_url_stands_whatever_is_said(peer: str) -> None:
    found = seen(FULL, peer, public_url="https://public.example/base/")
    assert (found.origin, found.prefix) == ("https://public.example/base", "/base")


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "10.0.0.5/24", "10.0.0"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.replace(".", r"\.")):
        networks(f"10.0.0.1 {text}")


@given(st.dictionaries(st.sampled_from([*FULL, "Forwarded", "Host"]), st.text(st.characters(max_codepoint=255))))
def test_whatever_headers_say_an_origin_is_one_or_empty(headers: dict[str, str]) -> None:
    for form in ("x-forwarded", "forwarded"):
        found = seen(headers, form=form)
        assert found.origin == "" or found.origin.startswith(("http://", "https://"))
        assert not set(found.origin) & set(" \"'<>\\\r\n?#@")
        assert not {".", "..", ""} & set(found.prefix.split("/")[1:])

"""Requests, read from ASGI scopes."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from osimages.odata.errors import BODY_ENCODING, BODY_TOO_LARGE, Condition, ODataError
from osimages.odata.service.request import ApiRequest, new_request_id, read_body, request_of


def scope(**changes: Any) -> dict[str, Any]:
    """The scope of a plain GET."""
    return {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "raw_path": b"/beta",
        "query_string": b"",
        "headers": [(b"host", b"localhost:8443")],
    } | changes


def with_headers(**headers: str) -> ApiRequest:
    """A request with these headers (underscores stand for hyphens)."""
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return request_of(scope(headers=raw))


def receiving(*parts: bytes, broken: bool = False) -> Callable[[], Awaitable[dict[str, Any]]]:
    """An ASGI receive function that hands out these parts, and then ends the connection where it is `broken`."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append(
        {"type": "http.disconnect"} if broken else {"type": "http.request", "body": b"", "more_body": False}
    )

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    return receive


def test_a_head_request_is_a_get() -> None:
    assert request_of(scope(method="HEAD")).method == "GET"


@pytest.mark.parametrize(
    ("target", "origin", "path"),
    [
        (b"http://other.example:99/beta", "https://other.example:99", "/beta"),
        (b"HTTPS://other.example", "https://other.example", "/"),
        (b"http://", "", "/"),
        (b"http://user@other.example/beta", "", "/beta"),
        (b"*", "https://localhost:8443", "*"),
    ],
)
def test_the_authority_of_an_absolute_target_counts(target: bytes, origin: str, path: str) -> None:
    request = request_of(scope(raw_path=target))
    assert (request.origin, request.path) == (origin, path)


def test_cookies_that_http_2_split_are_one_again() -> None:
    split = [(b"host", b"localhost"), (b"cookie", b"a=1"), (b"cookie", b"b=2, 3"), (b"prefer", b"a"), (b"prefer", b"b")]
    request = request_of(scope(headers=split))
    assert (request.header(b"cookie"), request.header(b"prefer")) == ("a=1; b=2, 3", "a, b")


def test_bytes_that_should_have_been_encoded_are_now() -> None:
    request = request_of(scope(raw_path="/beta/é%20".encode(), query_string=b"a=\xff&b=%41+'"))
    assert request.path == "/beta/%C3%A9%20"
    assert request.query == "a=%FF&b=%41+'"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "https://localhost"),
        ("images.example:8443", "https://images.example:8443"),
        ("[::1]:8443", "https://[::1]:8443"),
        ("127.0.0.1:1", "https://127.0.0.1:1"),
        ("", ""),
        ("a b", ""),
        ("a/b", ""),
        ('a"b', ""),
        ("user@a", ""),
        ("a:b", ""),
        ("a\nb", ""),
        ("é", ""),
    ],
)
def test_the_origin_is_the_host_header_where_that_names_a_host(host: str, origin: str) -> None:
    assert with_headers(host=host).origin == origin


@pytest.mark.parametrize(
    ("path", "below"),
    [("/base/beta", "/beta"), ("/beta/base", "/beta/base"), ("/bases/beta", "/bases/beta"), ("/beta", "/beta")],
)
def test_a_path_prefix_belongs_to_the_origin(path: str, below: str) -> None:
    request = request_of(scope(root_path="/base", raw_path=path.encode()))
    assert (request.origin, request.path) == ("https://localhost:8443/base", below)


def test_request_ids_are_guids() -> None:
    made = {new_request_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(uuid.UUID(each).version == 4 and str(uuid.UUID(each)) == each for each in made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_has_request_ids_of_its_own() -> None:
    code = """
import os
from osimages.odata.service.request import new_request_id
new_request_id()
child = os.fork()
if child:
    os.waitpid(child, 0)
print(new_request_id(), flush=True)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = ran.stdout.split()
    assert first[:24] != second[:24]


def test_the_clients_id_is_taken_where_it_can_be_a_header() -> None:
    assert with_headers(client_request_id="mine").client_request_id == "mine"
    for bad in ("", "a b", "x" * 129, "é"):
        request = with_headers(client_request_id=bad)
        assert request.client_request_id == request.request_id


def refused(request: ApiRequest, *parts: bytes, broken: bool = False) -> Condition:
    """The row of the error that reading the body, of at most 100 bytes, leads to."""
    with pytest.raises(ODataError) as raised:
        asyncio.run(read_body(request, receiving(*parts, broken=broken), 10, 100, ""))
    return raised.value.condition


def test_bodies() -> None:
    request = with_headers()
    assert asyncio.run(read_body(request, receiving(b"ab", b"", b"c"), 10, 100, "")) == b"abc"
    assert asyncio.run(read_body(request, receiving(b"x" * 100), 10, 100, "")) == b"x" * 100
    zipped = with_headers(content_encoding="GZIP")
    assert asyncio.run(read_body(zipped, receiving(gzip.compress(b"x" * 100)), 10, 100, "")) == b"x" * 100


def test_others_are_served_while_a_body_is_decompressed() -> None:
    plain = b"x" * 2**20
    passes = 0

    async def count() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    async def read() -> bytes:
        counting = asyncio.create_task(count())
        zipped = with_headers(content_encoding="gzip")
        found = await read_body(zipped, receiving(gzip.compress(plain)), 10, 2**20, "")
        counting.cancel()
        return found

    assert asyncio.run(read()) == plain
    assert passes >= 4


def test_bodies_that_are_too_large() -> None:
    assert refused(with_headers(), b"x" * 60, b"x" * 41) is BODY_TOO_LARGE
    assert refused(with_headers(content_length="101")) is BODY_TOO_LARGE
    zipped = with_headers(content_encoding="gzip")
    assert refused(zipped, gzip.compress(b"x" * 101)) is BODY_TOO_LARGE
    assert refused(zipped, gzip.compress(b"x" * 10**7)[:100]) is BODY_TOO_LARGE


def test_bodies_that_cannot_be_read() -> None:
    assert refused(with_headers(content_encoding="br"), b"x") is BODY_ENCODING
    assert refused(with_headers(content_encoding="gzip"), b"x") is BODY_ENCODING
    assert refused(with_headers(content_encoding="gzip"), gzip.compress(b"x")[:-1]) is BODY_ENCODING
    assert refused(with_headers(), b"x", broken=True) is BODY_ENCODING


def test_the_limit_is_told_in_megabytes_where_it_is_a_whole_number_of_them() -> None:
    for most, told in ((4 * 1024 * 1024, "4MB"), (100, "100 bytes")):
        with pytest.raises(ODataError, match=re.escape(told)):
            asyncio.run(read_body(with_headers(content_length=str(most + 1)), receiving(), 10, most, "max_body_bytes"))


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ODataError, match="did not arrive within"):
        asyncio.run(read_body(with_headers(), never, 0.01, 100, ""))

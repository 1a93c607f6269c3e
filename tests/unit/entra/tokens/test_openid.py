"""An authority that answers whatever it likes: the keys are told to be unavailable, soon and at little cost."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from threading import Event

import pytest

from osimages.entra.tokens.errors import KeysUnavailableError
from osimages.entra.tokens.openid import fetch_jwks
from tests.support.entra import Entra, entra

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Entra]:
    with entra(tmp_path) as stand_in:
        yield stand_in


def fetched(authority: Entra, most_seconds: float = 30) -> bytes:
    return asyncio.run(fetch_jwks(authority.url, str(authority.ca_file), most_seconds))


def refused(authority: Entra, most_seconds: float = 30) -> str:
    with pytest.raises(KeysUnavailableError) as error:
        fetched(authority, most_seconds)
    return str(error.value)


def test_keys_come_as_they_are_sent(authority: Entra) -> None:
    assert fetched(authority).startswith(b'{"keys": [{"n": ')


@pytest.mark.parametrize("start", [b"", OK, OK + b"\r\n"], ids=["nothing", "headers", "body"])
def test_who_sends_a_byte_now_and_then_is_not_waited_for(authority: Entra, start: bytes) -> None:
    given_up = Event()

    def trickle(client: BufferedIOBase) -> None:
        client.write(start)
        while not given_up.wait(0.05):
            client.write(b"X-More: 1\r\n" if start else b"")

    authority.instead = trickle
    try:
        assert refused(authority, most_seconds=0.5) == f"{authority.url} did not answer within 0.5 seconds"
    finally:
        given_up.set()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip"])
def test_nothing_is_decompressed(authority: Entra, coding: str) -> None:
    body = gzip.compress(bytes(2**20))
    authority.instead = lambda client: _write(client, OK + f"Content-Encoding: {coding}\r\n\r\n".encode() + body)
    assert refused(authority).endswith(f"answered in the encoding {coding}, which was not asked for")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (OK + b"\r\n" + b'{"jwks_uri":"https://a","b":' + b"[" * 500_000, "the metadata cannot be read"),
        (OK + b'\r\n{"jwks_uri":"https://\xff"}', "the metadata cannot be read"),
        (OK + b'\r\n{"jwks_uri":["https://a"]}', "the metadata cannot be read"),
        (OK + b'\r\n{"jwks_uri":"https://\\ud800"}', "the metadata cannot be read"),
        (OK + b'\r\n{"jwks_uri":"http://localhost/keys"}', "the metadata name keys that are not on HTTPS"),
        (OK + b'\r\n{"jwks_uri":"https://a\\u0000b"}', "cannot be reached"),
        (OK + b'\r\n{"jwks_uri":"https://[::1"}', "cannot be reached"),
        (OK + b"\r\n" + b" " * (2**20 + 1), "answered more than 1048576 bytes"),
        (OK + b"Content-Length: 100\r\n\r\n{}", "cannot be reached"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\n\r\n", "answered 302"),
        (OK + b"X: " + b"a" * 500_000 + b"\r\n\r\n", "cannot be reached"),
        (bytes(1000), "cannot be reached"),
        (b"", "cannot be reached"),
    ],
    ids=lambda each: "" if isinstance(each, bytes) else each,
)
def test_an_answer_that_is_none(authority: Entra, answer: bytes, reason: str) -> None:
    authority.instead = lambda client: _write(client, answer)
    assert reason in refused(authority)


def _write(client: BufferedIOBase, answer: bytes) -> None:
    client.write(answer)

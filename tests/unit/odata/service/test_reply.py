"""Headers of replies, and when their bodies are compressed."""

from __future__ import annotations

import gzip

import pytest

from osimages.odata.service.reply import JSON, ODATA_JSON, TEXT, Reply, compressed, headers_of, preflight
from osimages.odata.service.request import ApiRequest


def request(origin: str = "https://localhost", **headers: str) -> ApiRequest:
    """A request with these headers (underscores stand for hyphens)."""
    raw = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return ApiRequest("GET", "/beta", "", raw, origin, "R", "C")


def test_every_reply_has_them() -> None:
    headers = dict(headers_of(Reply(200, b"{}", ODATA_JSON, ((b"etag", b'W/"1"'),)), request()))
    assert headers[b"request-id"] == b"R"
    assert headers[b"client-request-id"] == b"C"
    assert headers[b"content-type"] == ODATA_JSON
    assert headers[b"etag"] == b'W/"1"'
    assert headers[b"odata-version"] == b"4.0"
    assert headers[b"strict-transport-security"] == b"max-age=31536000"
    assert b"access-control-allow-origin" not in headers


def test_errors_and_plain_http_have_less() -> None:
    headers = dict(headers_of(Reply(404, b"{}", JSON, odata=False), request("http://localhost")))
    assert b"odata-version" not in headers
    assert b"strict-transport-security" not in headers


def test_scripts_of_other_origins_may_read() -> None:
    headers = dict(headers_of(Reply(200), request(origin_="x")))
    assert b"access-control-allow-origin" not in headers
    asked = ApiRequest("GET", "/", "", {b"origin": b"https://a"}, "https://localhost", "R", "C")
    assert dict(headers_of(Reply(200), asked))[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("gzip;q=0.01", True),
        ("br", False),
        ("", False),
    ],
)
def test_what_the_client_takes(accepted: str, zipped: bool) -> None:
    reply = Reply(200, b"x" * 100, JSON)
    found = compressed(reply, request(accept_encoding=accepted), 100)
    assert (found is not None) is zipped
    if found is not None:
        assert gzip.decompress(found) == reply.body


def test_what_is_not_worth_it() -> None:
    taker = request(accept_encoding="gzip")
    assert compressed(Reply(200, b"x" * 99, JSON), taker, 100) is None
    assert compressed(Reply(200, b"x" * 100, TEXT), taker, 100) is None


def test_preflight() -> None:
    plain = dict(preflight(frozenset(("GET", "POST")), request()).headers)
    assert plain == {b"allow": b"GET, POST"}
    asked = ApiRequest("OPTIONS", "/", "", {b"origin": b"a", b"access-control-request-headers": b"x"}, "o", "R", "C")
    assert dict(preflight(frozenset(("GET",)), asked).headers)[b"access-control-allow-headers"] == b"x"

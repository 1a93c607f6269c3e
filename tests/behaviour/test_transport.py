"""Headers, verbs for browsers, compression and the limits of bodies, against a real server."""

from __future__ import annotations

import gzip
import json
import uuid

import pytest

from tests.support.api import IMAGES, Api, body_of, refused

pytestmark = pytest.mark.real_server


def test_every_reply_carries_graphs_headers(api: Api) -> None:
    api.create(id="a")
    for reply in (api.get(IMAGES), api.get(f"{IMAGES}/b"), api.http.delete(f"{IMAGES}/a"), api.get("/v2/x")):
        assert str(uuid.UUID(reply.headers["request-id"])) == reply.headers["request-id"]
        assert reply.headers["client-request-id"] == reply.headers["request-id"]
        assert json.loads(reply.headers["x-ms-ags-diagnostic"])["ServerInfo"]["DataCenter"]
        assert reply.headers["cache-control"] == "no-cache"
        assert "strict-transport-security" not in reply.headers, "this server has no TLS"
        assert reply.headers.get("odata-version") == ("4.0" if reply.status_code < 400 else None)


def test_the_clients_own_id_comes_back(api: Api) -> None:
    own = "63425837-1eb9-456b-ac28-6ee81d0627f5"
    reply = api.get(f"{IMAGES}/none", **{"client-request-id": own})
    assert reply.headers["client-request-id"] == own
    error = refused(reply, 404, "ResourceNotFound")
    assert error["innerError"]["request-id"] != own
    assert f"Activity ID: {own}" in json.loads(error["message"])["Message"]


@pytest.mark.parametrize("own", ["", "with space", "x" * 129, "é"])
def test_an_id_that_is_none_is_not_repeated(api: Api, own: str) -> None:
    reply = api.http.get(IMAGES, headers={b"client-request-id": own.encode("latin-1")})
    assert reply.headers["client-request-id"] == reply.headers["request-id"]


def test_head_is_get_without_the_body(api: Api) -> None:
    api.create(id="a")
    for path in (IMAGES, f"{IMAGES}/a", f"{IMAGES}/$count", "/beta/$metadata", "/-/health"):
        got, head = api.get(path), api.http.head(path)
        assert head.status_code == got.status_code == 200
        assert head.content == b""
        for name in ("content-type", "etag", "odata-version"):
            assert head.headers.get(name) == got.headers.get(name)
    assert api.http.head(f"{IMAGES}/b").status_code == 404


def test_browsers_may_ask_from_any_origin(api: Api) -> None:
    preflight = api.http.options(
        f"{IMAGES}/a",
        headers={
            "Origin": "https://portal.example",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization, content-type, if-match",
            "Authorization": "",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "authorization, content-type, if-match"
    got = api.get(IMAGES, Origin="https://portal.example")
    assert got.headers["access-control-allow-origin"] == "*"
    assert "request-id" in got.headers["access-control-expose-headers"]
    refused_one = api.get("/v3/", Origin="https://portal.example")
    assert refused_one.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in api.get(IMAGES).headers


def test_options_tells_the_methods(api: Api) -> None:
    reply = api.http.options(IMAGES)
    assert reply.status_code == 204
    assert {"GET", "POST", "PATCH", "DELETE"} <= set(reply.headers["allow"].split(", "))


def test_large_answers_are_compressed_for_those_who_take_it(api: Api) -> None:
    for number in range(30):
        api.create(id=f"Windows {number}")
    plain = api.get(IMAGES, **{"Accept-Encoding": "identity"})
    zipped = api.get(IMAGES, **{"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.headers["vary"] == "Accept-Encoding, Authorization"
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert zipped.json() == plain.json()
    assert "content-encoding" not in api.get(IMAGES, **{"Accept-Encoding": "gzip;q=0, identity"}).headers
    assert "content-encoding" not in api.get(f"{IMAGES}/$count", **{"Accept-Encoding": "gzip"}).headers


def test_bodies_may_be_compressed(api: Api) -> None:
    body = gzip.compress(json.dumps({"id": "zipped"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert api.http.post(IMAGES, content=body, headers=headers).status_code == 201
    assert api.ids() == ["zipped"]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"{}", "gzip"),
        (gzip.compress(b"{}", mtime=0)[:-4], "gzip"),
        (gzip.compress(b"{}", mtime=0) + b"more", "gzip"),
        (b"", "gzip"),
        (b"{}", "br"),
    ],
)
def test_a_body_that_cannot_be_decompressed(api: Api, body: bytes, encoding: str) -> None:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    refused(api.http.post(IMAGES, content=body, headers=headers), 400, "BadRequest")


def test_a_body_that_is_too_large_before_or_after_decompression(api: Api) -> None:
    large = b'{"id":"' + b"x" * (4 * 1024 * 1024) + b'"}'
    kind = {"Content-Type": "application/json"}
    for reply in (
        api.http.post(IMAGES, content=large, headers=kind),
        api.http.post(IMAGES, content=iter([large]), headers=kind),
        api.http.post(IMAGES, content=gzip.compress(large), headers=kind | {"Content-Encoding": "gzip"}),
        api.http.post(IMAGES, content=gzip.compress(b"\0" * 2**30, 9), headers=kind | {"Content-Encoding": "gzip"}),
    ):
        error = refused(reply, 413, "BadRequest")
        assert error["message"] == "The maximum request length supported is 4MB (setting 'max_body_bytes')."
    assert api.ids() == []


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        (None, "Write requests (excluding DELETE) must contain the Content-Type header declaration."),
        ("text/plain", "Entity only allows writes with a JSON Content-Type header."),
        ("application/jsonp", "Entity only allows writes with a JSON Content-Type header."),
        ("application/json;charset=utf-16", "The request body cannot be decoded: JSON is sent in UTF-8"),
    ],
)
def test_a_body_of_another_type(api: Api, content_type: str | None, message: str) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    error = refused(api.http.post(IMAGES, content=b"{}", headers=headers), 400, "BadRequest")
    assert error["message"].startswith(message)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;odata.metadata=minimal;charset="utf-8"'],
)
def test_json_in_its_usual_spellings(api: Api, content_type: str) -> None:
    assert api.http.post(IMAGES, content=b"{}", headers={"Content-Type": content_type}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'id':1}",
        b'{"id":NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"id":"\xff"}',
        b'{"id":"\\ud800"}',
        b'{"id":"a"} more',
        b"\xff\xfe{\x00}\x00",
        b'{"id":%b}' % (b"9" * 5000),
        b'{"id":1e%b}' % (b"9" * 30),
        b'{"id":-0.1e-%b}' % (b"9" * 5000),
    ],
)
def test_a_body_that_is_no_json(api: Api, body: bytes) -> None:
    reply = api.http.post(IMAGES, content=body, headers={"Content-Type": "application/json"})
    refused(reply, 400, "BadRequest")
    assert api.ids() == []


def test_a_byte_order_mark_does_no_harm(api: Api) -> None:
    body = b'\xef\xbb\xbf{"id":"a"}'
    assert api.http.post(IMAGES, content=body, headers={"Content-Type": "application/json"}).status_code == 201


@pytest.mark.parametrize("host", ["bad host", "a/b", "user@host", "x\\y", "a:b:c", "a:123456"])
def test_a_host_header_that_names_no_host(api: Api, host: str) -> None:
    reply = api.get(IMAGES, Host=host)
    assert reply.status_code == 400
    if reply.headers.get("content-type") == "application/json":
        assert body_of(reply)["error"]["message"] == "The Host header does not name a host."


@pytest.mark.parametrize("path", ["/beta/%", "/beta/%zz", "/beta/deviceManagement/%FF", "/beta/a%00b"])
def test_a_path_that_is_malformed(api: Api, path: str) -> None:
    error = refused(api.http.request("GET", path), 400, "BadRequest")
    assert error["message"].startswith("Invalid request path: ")

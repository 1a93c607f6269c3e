"""Costs that anonymous clients, and tokens without permissions, can cause."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET
from osimages.graph import catalogue_exports, control_plane
from osimages.graph.auxiliary_routes import AUXILIARY_APP
from osimages.graph.mounted_apps import mounted_reply
from osimages.odata.service.request import ApiRequest
from osimages.windows.facts import bundled
from osimages.windows.feeds.export import FORMATS
from tests.support.api import IMAGES, connected, refused, token
from tests.support.server import Server, running

LIMIT = 5
PROBES = ("/-/health", "/-/ready", "/-/metrics")
DOCUMENTS = ("/-/openapi.json", "/-/permissions", "/-/version", "/-/catalogue/export.json", "/dashboard/", "/-/nothing")


def asked(server: Server, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}{path}", headers=headers)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Server]:
    """A server behind a proxy on this machine that lets an address read few documents."""
    limits = {"anonymous_requests_per_minute": str(LIMIT), "trusted_proxies": "127.0.0.1"}
    with running(tmp_path, "--http", "--empty", **limits) as server:
        yield server


def test_public_documents_are_limited_for_each_address_and_probes_are_not(strict: Server) -> None:
    statuses = [asked(strict, path).status_code for path in DOCUMENTS[:LIMIT]]
    assert statuses == [200] * LIMIT
    for path in DOCUMENTS:
        error = asked(strict, path)
        assert (error.status_code, error.json()["error"]["code"]) == (429, "TooManyRequests")
        assert 1 <= int(error.headers["retry-after"]) <= 60
        other = asked(strict, "/-/version", **{"X-Forwarded-For": "198.51.100.7"})
        assert other.status_code == (200 if path in DOCUMENTS[:LIMIT] else 429)
    for path in PROBES * (LIMIT + 1):
        assert asked(strict, path).status_code == 200


def test_the_emulator_on_loopback_and_the_api_are_not_limited(strict: Server) -> None:
    tenant = str(uuid.uuid4())
    form = {
        "grant_type": "client_credentials",
        "client_id": DEFAULT_APPLICATION,
        "client_secret": DEFAULT_CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    for _ in range(2 * LIMIT):
        assert httpx.post(f"{strict.url}/{tenant}/oauth2/v2.0/token", data=form).status_code == 200
        assert asked(strict, "/common/discovery/v2.0/keys").status_code == 200
        assert asked(strict, "/beta/$metadata").status_code == 200
    with connected(strict.url, tenant, strict.data_dir) as api:
        assert [api.get(IMAGES).status_code for _ in range(2 * LIMIT)] == [200] * 2 * LIMIT


def test_an_exposed_emulator_is_limited(tmp_path: Path) -> None:
    options = ("--empty", "--host", "0.0.0.0", "--expose-development")
    with running(tmp_path, *options, anonymous_requests_per_minute=str(LIMIT)) as server:
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with httpx.Client(base_url=server.url, verify=trust) as client:
            statuses = [client.get("/common/discovery/v2.0/keys").status_code for _ in range(LIMIT + 1)]
        assert statuses == [200] * LIMIT + [429]


async def nothing_read(_most: int, _setting: str) -> bytes:
    return b""


def test_exports_are_written_once_whatever_host_is_named() -> None:
    service: Any = SimpleNamespace(current=SimpleNamespace(catalogue=bundled()))
    catalogue_exports._written.cache_clear()
    for form in FORMATS:
        bodies = set()
        for number in range(20):
            origin = f"https://host{number}.example"
            for query in ("", "release=Windows%2011%2024H2", "release=windows+11+24h2"):
                path = f"/-/catalogue/export.{form}"
                request = ApiRequest("GET", path, query, {}, origin, "r", "c")
                reply = asyncio.run(mounted_reply(AUXILIARY_APP, request, nothing_read, 0, {"service": service}))
                bodies.add(reply.body)
                assert (f'"{origin}{path}"'.encode() in reply.body) == (form == "atom")
        assert len(bodies) == (40 if form == "atom" else 2)
    assert catalogue_exports._written.cache_info().misses == 2 * len(FORMATS)


def test_the_feed_names_the_host_that_the_client_named(server: Server) -> None:
    for host in ("localhost", "127.0.0.1"):
        url = server.url.replace("localhost", host)
        feed = httpx.get(f"{url}/-/catalogue/export.atom").text
        assert f'href="{url}/-/catalogue/export.atom"' in feed
        assert "export.invalid" not in feed


def test_names_of_one_release_are_one_document(server: Server) -> None:
    paths = [f"/-/catalogue/export.json?release={name}" for name in ("Windows 11 24H2", "windows 11 24h2", "24H2")]
    first, *others = [asked(server, path).content for path in paths]
    assert others == [first, first]


@pytest.mark.parametrize("path", ["/-/openapi.json", "/-/catalogue/export.csv", "/beta/$metadata"])
def test_compressed_documents_are_the_same(server: Server, path: str) -> None:
    plain = asked(server, path, **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with httpx.stream("GET", f"{server.url}{path}", headers={"Accept-Encoding": "gzip"}) as zipped:
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(zipped.iter_raw())) == plain.content


def test_documents_are_compressed_once() -> None:
    document = control_plane._version_document()
    assert document.zipped is document.zipped
    assert control_plane._version_document() is document


def test_nothing_is_read_of_a_stranger(server: Server) -> None:
    """A wrong token is the first fault that is reported, whatever else is wrong with path, query and body."""
    long_path = f"{IMAGES}/{'(' * 8000}"
    for path in (
        long_path,
        f"{IMAGES}(@key)?@key=((((",
        "/beta/$entity?$id=((",
        f"{IMAGES}/$filter(@a)?@a=(((",
        "/beta/x/y",
    ):
        refused(asked(server, path), 401, "InvalidAuthenticationToken")
    for path in ("/beta/$batch", IMAGES, f"{IMAGES}/$query"):
        broken = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        refused(
            httpx.post(f"{server.url}{path}", content=b"\x1f\x8b[[[[", headers=broken),
            401,
            "InvalidAuthenticationToken",
        )


def test_nothing_is_read_of_who_may_do_nothing(server: Server) -> None:
    powerless = token(server.data_dir, str(uuid.uuid4()), ("User.Read.All",))
    headers = {"Authorization": f"Bearer {powerless}", "Content-Encoding": "gzip", "Content-Type": "application/json"}
    for path in (IMAGES, f"{IMAGES}/$query", f"{IMAGES}/microsoft.graph.checkBuilds"):
        reply = httpx.post(f"{server.url}{path}", content=b"no gzip", headers=headers)
        assert reply.status_code == 403, (path, reply.text)


def test_a_path_that_is_too_long_is_not_resolved(server: Server) -> None:
    for path in (f"{IMAGES}{'/a' * 20_000}", f"{IMAGES}{'/a' * 20_000}?$skiptoken=x", f"/-/{'a' * 20_000}"):
        error = refused(asked(server, path), 400, "BadRequest")
        assert "max_url_bytes" in error["message"]

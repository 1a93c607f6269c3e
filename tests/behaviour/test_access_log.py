"""The access log of a real server: client, tenant, application and route of each request, in both formats."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION
from tests.support.api import IMAGES, Json, connected
from tests.support.server import Server, running

ROUTES = (
    (f"{IMAGES}?$filter=id eq 'secret'", IMAGES),
    (f"{IMAGES}/$count", f"{IMAGES}/$count"),
    (f"{IMAGES}/a%2Fb", f"{IMAGES}/{{id}}"),
    (f"{IMAGES}('a')", f"{IMAGES}/{{id}}"),
    ("/BETA//devicemanagement/manageddevicewindowsosimages/a/supportedEditions/$count", None),
    (f"{IMAGES}/a/supportedEditions", f"{IMAGES}/{{id}}/supportedEditions"),
    (f"{IMAGES}/a/getAllManagedDeviceWindowsOSImages()", f"{IMAGES}/{{id}}/getAllManagedDeviceWindowsOSImages"),
    (f"{IMAGES}/delta()", f"{IMAGES}/delta()"),
    ("/beta/deviceManagement", "/beta/deviceManagement"),
    ("/beta/$metadata", "/beta/$metadata"),
    ("/beta/nothing/of/that/kind", "/beta/*"),
    ("/-/health", "/-/health"),
    ("/-/catalogue/facts.json", "/-/catalogue/"),
    ("/-/catalogues", "other"),
    ("/dashboard/releases/Windows%2011", "/dashboard/"),
    (f"/{uuid.uuid4()}/discovery/v2.0/keys", "/{tenant}/discovery/v2.0/keys"),
    (f"/{uuid.uuid4()}/nothing", "other"),
)


def lines_of(server: Server) -> list[Json]:
    """The lines of the access log."""
    lines = map(json.loads, server.errors.read_text(encoding="utf-8").splitlines())
    return [each for each in lines if each["event"] == "request"]


def test_access_log_lines_name_client_tenant_application_and_route(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    with running(tmp_path, "--http", "--empty", "--access-log", log_format="json") as server:
        with connected(server.url, tenant, tmp_path) as api:
            replies = [api.get(path) for path, _ in ROUTES]
            created = api.http.post(IMAGES, json={"id": "a"})
            batch = api.http.post("/beta/$batch", json={"requests": [{"id": "1", "method": "GET", "url": "/"}]})
            rejected = api.get(IMAGES, Authorization="Bearer a.b.c")
        assert server.stop() == 0
    *gets, post, batched, other = lines_of(server)
    for line, reply, (path, route) in zip(gets, replies, ROUTES, strict=True):
        assert line["path"] == httpx.URL(path).raw_path.partition(b"?")[0].decode()
        assert line["route"] == (route or f"{IMAGES}/{{id}}/supportedEditions/$count")
        assert (line["method"], line["status"]) == ("GET", reply.status_code)
        assert line["request_id"] == reply.headers["request-id"]
        assert (line["client"], line["tenant"], line["application"]) == ("127.0.0.1", tenant, DEFAULT_APPLICATION)
        assert line["duration_ms"] > 0
    assert (post["method"], post["route"], post["status"]) == ("POST", IMAGES, created.status_code)
    assert (batched["route"], batched["status"]) == ("/beta/$batch", batch.status_code)
    assert (other["status"], other["tenant"], other["application"]) == (rejected.status_code, "", "")
    assert "secret" not in server.errors.read_text(encoding="utf-8")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_trusted_proxy_names_the_client(tmp_path: Path, log_format: str) -> None:
    settings = {"trusted_proxies": "127.0.0.1", "log_format": log_format}
    with running(tmp_path, "--http", "--empty", "--access-log", **settings) as server:
        httpx.get(f"{server.url}/-/health", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
        assert server.stop() == 0
    log = server.errors.read_text(encoding="utf-8")
    for part in ("198.51.100.7", "/-/health", "duration_ms", "request_id", "tenant", "application"):
        assert part in log


def test_without_the_option_there_is_none(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", log_format="json") as server:
        httpx.get(f"{server.url}/-/health")
        assert server.stop() == 0
    assert lines_of(server) == []

"""Names that a page in a browser may have given this machine's address (DNS rebinding): known ones alone are served."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET
from tests.cli.running import complaint, osimages
from tests.support.api import IMAGES, Api, body_of, refused
from tests.support.server import Server, running

FORM = {
    "grant_type": "client_credentials",
    "client_id": DEFAULT_APPLICATION,
    "client_secret": DEFAULT_CLIENT_SECRET,
    "scope": "https://graph.microsoft.com/.default",
}
EVERYWHERE = (
    *(IMAGES, "/beta/$metadata", "/", "/dashboard/", "/-/openapi.json", "/-/faults", "/common/oauth2/deviceauth"),
    *("/common/discovery/v2.0/keys", "/nowhere", "/-/version"),
)


def port_of(server: Server) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


def test_nothing_but_probes_is_served_under_a_foreign_name(api: Api, server: Server) -> None:
    foreign = f"evil.example:{port_of(server)}"
    for path in EVERYWHERE:
        error = refused(api.get(path, Host=foreign), 421, "BadRequest")
        assert "'evil.example'" in error["message"]
        assert "--allowed-host" in error["message"]
        assert api.http.options(path, headers={"Host": foreign}).status_code == 421
    refused(api.http.post("/common/oauth2/v2.0/token", data=FORM, headers={"Host": foreign}), 421, "BadRequest")
    refused(api.http.post(IMAGES, json={"id": "a"}, headers={"Host": foreign}), 421, "BadRequest")
    assert api.ids() == []
    for path in ("/-/health", "/-/ready", "/-/metrics"):
        assert api.get(path, Host="10.1.2.3:8443").status_code == 200


def test_local_names_are_served_on_every_port(api: Api) -> None:
    for host in ("localhost", "localhost:1", "127.0.0.1:9000", "[::1]:8443", "LOCALHOST:8443"):
        assert api.get(IMAGES, Host=host).status_code == 200


def test_the_items_of_a_batch_may_name_any_host(api: Api) -> None:
    item = {"id": "1", "method": "GET", "url": IMAGES.removeprefix("/beta"), "headers": {"Host": "evil.example"}}
    [answer] = body_of(api.http.post("/beta/$batch", json={"requests": [item]}))["responses"]
    assert answer["status"] == 200


@pytest.mark.parametrize("http2", [False, True])
def test_names_are_checked_and_certified_over_tls(tmp_path: Path, http2: bool) -> None:
    names = ("--allowed-host", "graph.example", "--allowed-host", "10.9.8.7", "--public-url", "https://public.example")
    with running(tmp_path, "--empty", *names) as server:
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with httpx.Client(http2=http2, verify=trust, base_url=server.url) as client:
            for host in ("graph.example", "GRAPH.example:9", "10.9.8.7", "public.example", "localhost", "127.0.0.1"):
                reply = client.get("/beta/", headers={"Host": host})
                assert (reply.status_code, reply.http_version) == (200, "HTTP/2" if http2 else "HTTP/1.1"), host
            for host in ("evil.example", "a.graph.example", "10.9.8.6"):
                refused(client.get("/beta/", headers={"Host": host}), 421, "BadRequest")
            # The certificate is for the names, too.
            answer = client.get("/beta/", extensions={"sni_hostname": "graph.example"})
            assert answer.status_code == 200


def test_an_invalid_host_name_is_an_error_at_start(tmp_path: Path) -> None:
    result = osimages("serve", "--http", "--allowed-host", "https://a.example", "--data-dir", tmp_path)
    assert complaint(result).startswith("allowed_host: 'https://a.example' is no host: ")

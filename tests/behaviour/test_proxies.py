"""Behind a real nginx: links lead through it, path prefix included, and only trusted proxies are believed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.api import IMAGES, Api, connected, token
from tests.support.processes import until
from tests.support.server import Server, running

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    {locations}
  }}
}}
"""
HEADERS = """
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""
# It takes the prefix away, or hands it on.
STRIPPING = """
    location /graph/ {{
      proxy_pass {url}/;
      proxy_set_header X-Forwarded-Prefix /graph;{headers}
    }}
"""
PASSING = """
    location /graph/ {{
      proxy_pass {url};
      proxy_set_header X-Forwarded-Prefix /graph;{headers}
    }}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not here")


@contextmanager
def nginx(folder: Path, locations: str) -> Iterator[str]:
    """The address of an nginx with these locations."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, locations=locations), encoding="utf-8")
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(file)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port), "nginx")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that trusts proxies on this machine."""
    with running(tmp_path_factory.mktemp("behind"), "--http", "--empty", trusted_proxies="127.0.0.1") as server:
        yield server


@pytest.fixture(params=[STRIPPING, PASSING], ids=["stripping", "passing"])
def public(behind: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the service as clients of the proxy see it."""
    with nginx(tmp_path / "nginx", request.param.format(url=behind.url, headers=HEADERS)) as url:
        yield f"{url}/graph"


@pytest.fixture
def api(behind: Server, public: str) -> Iterator[Api]:
    with connected(public, str(uuid.uuid4()), behind.data_dir) as client:
        yield client


def test_every_link_leads_through_the_proxy(api: Api, public: str) -> None:
    created = api.http.post(IMAGES, json={"id": "a b"})
    assert created.status_code == 201
    assert created.headers["location"] == f"{public}{IMAGES}/a%20b"
    assert created.json()["@odata.context"].startswith(f"{public}/beta/$metadata#")
    assert api.http.get(created.headers["location"]).json()["id"] == "a b"
    for number in range(4):
        api.create(id=str(number))
    found, page = [], api.get(IMAGES, Prefer="odata.maxpagesize=2").json()
    while "@odata.nextLink" in page:
        assert page["@odata.nextLink"].startswith(f"{public}{IMAGES}?")
        found += page["value"]
        page = api.http.get(page["@odata.nextLink"], headers={"Prefer": "odata.maxpagesize=2"}).json()
    assert len(found) + len(page["value"]) == 5
    assert api.get("/beta/").json()["@odata.context"] == f"{public}/beta/$metadata"


def test_a_batch_takes_absolute_addresses_of_the_proxy(api: Api, public: str) -> None:
    api.create(id="a")
    item = {"id": "1", "method": "GET", "url": f"{public}{IMAGES}/a"}
    [answer] = api.http.post("/beta/$batch", json={"requests": [item]}).json()["responses"]
    assert (answer["status"], answer["body"]["id"]) == (200, "a")


def test_the_authority_is_found_through_the_proxy(api: Api, public: str) -> None:
    found = api.get("/common/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"].startswith(f"{public}/")
    assert httpx.get(found["jwks_uri"]).json()["keys"]


def test_a_client_cannot_say_what_the_proxy_says(api: Api, public: str) -> None:
    lies = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example"}
    assert api.get("/beta/", **lies).json()["@odata.context"] == f"{public}/beta/$metadata"


def test_the_audit_names_the_client_of_the_proxy(api: Api) -> None:
    api.http.post(IMAGES, json={"id": "a"}, headers={"X-Forwarded-For": "198.51.100.7"})
    auditor = api.with_token(token(api.data_dir, api.tenant, ("DeviceManagementApps.Read.All",)))
    [event] = auditor.get("/beta/deviceManagement/auditEvents").json()["value"]
    # Both the proxy and its client are on this machine, which is trusted: what came before them is the client.
    assert event["actor"]["ipAddress"] == "198.51.100.7"


def test_who_is_not_trusted_is_not_believed(server: Server) -> None:
    said = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil"}
    for headers in (said, {"Forwarded": "host=evil.example;proto=https"}):
        assert httpx.get(f"{server.url}/beta/", headers=headers).json()["@odata.context"].startswith(server.url)


@pytest.mark.parametrize("prefix", ["", "/graph"])
def test_a_public_url_needs_no_headers(tmp_path: Path, prefix: str) -> None:
    public = f"https://catalogue.example{prefix}"
    with running(tmp_path, "--http", "--empty", "--public-url", public) as server:
        for path in {"", prefix}:
            context = httpx.get(f"{server.url}{path}/beta/").json()["@odata.context"]
            assert context == f"{public}/beta/$metadata"
        assert urlsplit(server.url).hostname == "localhost"

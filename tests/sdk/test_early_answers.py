"""Answers that are ready while the client still sends (401, 403, 404, 413): every client gets them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests
from msgraph_core import APIVersion, GraphClientFactory  # type: ignore[import-untyped]

from tests.behaviour.test_proxies import NGINX, nginx
from tests.support.api import IMAGES, READ, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, running

Send = Callable[[str, Mapping[str, str], bytes, str], int]

# More than the buffers of both ends of a connection hold, and more than the largest body (`max_body_bytes`).
LARGE = b" " * 12_000_000
NODE_PROGRAM = """
const [url, headers, size] = [process.argv[1], JSON.parse(process.argv[2]), Number(process.argv[3])];
const answer = await fetch(url, { method: "POST", headers, body: Buffer.alloc(size, 32) });
await answer.text();
console.log(answer.status);
"""


def with_requests(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    return int(requests.post(url, data=body, headers=dict(headers), verify=roots, timeout=PATIENCE_SECONDS).status_code)


def with_urllib(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    request = urllib.request.Request(url, data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, context=trust(roots), timeout=PATIENCE_SECONDS) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def with_httpx(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    return httpx.post(url, content=body, headers=headers, verify=trust(roots), timeout=PATIENCE_SECONDS).status_code


def with_httpx_2(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    with httpx.Client(http2=True, verify=trust(roots), timeout=PATIENCE_SECONDS) as client:
        return client.post(url, content=body, headers=headers).status_code


def with_httpx_chunks(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    parts = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    return httpx.post(url, content=parts, headers=headers, verify=trust(roots), timeout=PATIENCE_SECONDS).status_code


def with_aiohttp(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    async def send() -> int:
        connector = aiohttp.TCPConnector(ssl=trust(roots))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(url, data=io.BytesIO(body), headers=headers) as reply,
        ):
            await reply.read()
            return reply.status

    return asyncio.run(send())


def with_msgraph_core(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    async def send() -> int:
        async with (
            httpx.AsyncHTTPTransport(http2=True, verify=trust(roots)) as connections,
            httpx.AsyncClient(transport=connections, timeout=PATIENCE_SECONDS) as client,
        ):
            GraphClientFactory.create_with_default_middleware(APIVersion.beta, client)
            return (await client.post(url, content=body, headers=headers)).status_code

    return asyncio.run(send())


def with_node(url: str, headers: Mapping[str, str], body: bytes, roots: str) -> int:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        ["node", "--input-type=module", "-e", NODE_PROGRAM, url, json.dumps(headers), str(len(body))],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=os.environ | {"NODE_EXTRA_CA_CERTS": roots},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


CLIENTS: Mapping[str, Send] = {
    "requests": with_requests,
    "urllib": with_urllib,
    "httpx": with_httpx,
    "httpx-2": with_httpx_2,
    "httpx-chunks": with_httpx_chunks,
    "aiohttp": with_aiohttp,
    "msgraph-core": with_msgraph_core,
    "node": with_node,
}


def trust(roots: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=roots)


def answers(send: Send, url: str, data_dir: Path) -> dict[int, int]:
    """The statuses of early answers, by those that they should have."""
    tenant, roots = str(uuid.uuid4()), str(data_dir / "ca.pem")
    bearers = {401: "none", 403: token(data_dir, tenant, (READ,)), 404: "none", 413: token(data_dir, tenant)}
    return {
        status: send(
            f"{url}/v3/nothing" if status == 404 else f"{url}{IMAGES}",
            {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
            LARGE,
            roots,
        )
        for status, bearer in bearers.items()
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_early_answers_arrive(secure: Server, client: str) -> None:
    found = answers(CLIENTS[client], secure.url, secure.data_dir)
    assert found == {status: status for status in found}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without TLS, which trusts proxies on this machine."""
    with running(tmp_path_factory.mktemp("plain"), "--http", "--empty", trusted_proxies="127.0.0.1") as server:
        (server.data_dir / "ca.pem").touch()
        yield server


@pytest.mark.parametrize("client", ["urllib", "msgraph-core", "node"])
def test_early_answers_arrive_without_tls(plain: Server, secure: Server, client: str) -> None:
    (plain.data_dir / "ca.pem").write_bytes((secure.data_dir / "ca.pem").read_bytes())
    found = answers(CLIENTS[client], plain.url, plain.data_dir)
    assert found == {status: status for status in found}


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("buffering", ["on", "off"])
def test_early_answers_arrive_behind_nginx(plain: Server, secure: Server, tmp_path: Path, buffering: str) -> None:
    (plain.data_dir / "ca.pem").write_bytes((secure.data_dir / "ca.pem").read_bytes())
    location = f"""
    client_max_body_size 0;
    location / {{
      proxy_pass {plain.url}; proxy_http_version 1.1; proxy_request_buffering {buffering};
      proxy_set_header Host $http_host;
    }}
    """
    with nginx(tmp_path / "nginx", location) as url:
        for name, send in CLIENTS.items():
            found = answers(send, url, plain.data_dir)
            assert found == {status: status for status in found}, name


def test_a_longer_body_is_answered_at_once(tmp_path: Path) -> None:
    """The bound: nothing is read of a body that is declared to be longer."""
    with running(tmp_path, "--http", "--empty", max_discarded_bytes="1000") as server:
        head = f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n"
        assert status_of(server, head.encode()) == b"401"
        # A body without a declared length is read up to the limit.
        chunk = b"200\r\n" + b"x" * 512 + b"\r\n"
        head = f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert status_of(server, head.encode() + 2 * chunk) == b"401"


def test_a_body_that_does_not_arrive_is_waited_for_so_long(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", max_body_seconds="0.2") as server:
        head = f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"
        assert status_of(server, head.encode()) == b"401"


def test_a_client_that_expects_100_continue_gets_the_answer(plain: Server) -> None:
    head = f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
    assert status_of(plain, head.encode()) == b"401"


def status_of(server: Server, sent: bytes) -> bytes:
    """Return the status of the answer to an incomplete request."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(sent)
        return connection.recv(4096).split(b" ", 2)[1]

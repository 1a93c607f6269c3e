"""SIGTERM beside clients of HTTP/2, which hold connections that they do not use and read answers when they like."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier, Event

import httpx
import pytest

from osimages.cli.draining import QUIET_SECONDS, connections_are_busy
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.support.api import IMAGES, connected, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import until
from tests.support.server import Server, running

posix = pytest.mark.skipif(os.name != "posix", reason="Windows ends processes without a signal they could answer")
# Far longer than a test may take: a server that ends in time has not waited for it.
HOUR = "3600"


@contextmanager
def speaking_http2(server: Server) -> Iterator[httpx.Client]:
    """A client of HTTP/2 with a token of the default tenant."""
    context = ssl.create_default_context(cafile=server.data_dir / "ca.pem")
    headers = {"Authorization": f"Bearer {token(server.data_dir, DEFAULT_TENANT)}", "Accept-Encoding": "identity"}
    with httpx.Client(
        http2=True, verify=context, base_url=server.url, headers=headers, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@posix
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_idle_connections_of_http2_do_not_keep_a_server(tmp_path: Path, workers: str, stop: signal.Signals) -> None:
    with running(tmp_path, "--empty", "--workers", workers, drain_seconds=HOUR) as server, ExitStack() as held:
        for _ in range(4):
            client = held.enter_context(speaking_http2(server))
            assert client.get(IMAGES).http_version == "HTTP/2"
        server.process.send_signal(stop)
        assert server.process.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in server.errors.read_text(encoding="utf-8")


@posix
def test_a_request_under_way_over_http2_gets_its_answer(tmp_path: Path) -> None:
    with running(tmp_path, "--empty", drain_seconds=HOUR) as server, speaking_http2(server) as client:
        assert client.get(IMAGES).status_code == 200

        def body() -> Iterator[bytes]:
            yield b'{"id": '
            # Frames are handled in order: with this answer, the server has the request of before, too.
            assert client.get(IMAGES).status_code == 200
            server.process.send_signal(signal.SIGTERM)
            Event().wait(5 * QUIET_SECONDS)  # however long it is, the connection must not be ended meanwhile
            yield b'"late"}'

        reply = client.post(IMAGES, content=body(), headers={"Content-Type": "application/json"})
        assert (reply.status_code, reply.http_version) == (201, "HTTP/2")
        assert server.process.wait(PATIENCE_SECONDS) == 0


@posix
def test_every_request_under_way_on_a_connection_of_http2_gets_its_answer(tmp_path: Path) -> None:
    count = 6
    begun, stopped = Barrier(count + 1), Barrier(count + 1)

    def create(client: httpx.Client, number: int) -> tuple[int, str]:
        def body() -> Iterator[bytes]:
            yield b'{"id": '
            begun.wait(PATIENCE_SECONDS)
            stopped.wait(PATIENCE_SECONDS)
            yield f'"late {number}"}}'.encode()

        reply = client.post(IMAGES, content=body(), headers={"Content-Type": "application/json"})
        return reply.status_code, reply.json()["id"]

    with (
        running(tmp_path, "--empty", drain_seconds=HOUR) as server,
        speaking_http2(server) as client,
        ThreadPoolExecutor(count) as pool,
    ):
        assert client.get(IMAGES).status_code == 200
        replies = [pool.submit(create, client, number) for number in range(count)]
        begun.wait(PATIENCE_SECONDS)
        assert client.get(IMAGES).status_code == 200  # behind the requests on the same connection
        server.process.send_signal(signal.SIGTERM)
        stopped.wait(PATIENCE_SECONDS)
        assert [each.result() for each in replies] == [(201, f"late {number}") for number in range(count)]
        assert server.process.wait(PATIENCE_SECONDS) == 0


@posix
def test_new_requests_over_http2_do_not_keep_a_server(tmp_path: Path) -> None:
    with running(tmp_path, "--empty", drain_seconds=HOUR) as server, speaking_http2(server) as client:
        assert client.get(IMAGES).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.ConnectError):
            while True:
                with contextlib.suppress(httpx.ProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError):
                    client.get(IMAGES)
        assert server.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports how much a client has read")
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_a_client_that_pauses_gets_its_whole_answer(tmp_path: Path, version: str) -> None:
    update = {"buildVersion": "10.0.1.1", "releaseMonth": 1}
    updates = [update | {"releaseYear": year} for year in range(1, 1001)]
    options = ("--empty",) if version == "HTTP/2" else ("--http", "--empty")
    with running(tmp_path, *options, drain_seconds=HOUR, max_page_bytes="100000000") as server, ExitStack() as opened:
        if version == "HTTP/2":
            client = opened.enter_context(speaking_http2(server))
        else:
            client = opened.enter_context(connected(server.url, DEFAULT_TENANT, tmp_path)).http
        for number in range(100):
            assert client.post(IMAGES, json={"id": str(number), "availableUpdates": updates}).status_code == 201
        whole = client.get(IMAGES).content
        assert len(whole) > 10_000_000, "more than the system takes from the server at once"
        with client.stream("GET", IMAGES, headers={"Accept-Encoding": "identity"}) as reply:
            assert reply.http_version == version
            server.process.send_signal(signal.SIGTERM)
            Event().wait(10 * QUIET_SECONDS)  # however long it is, nothing may be lost
            assert b"".join(reply.iter_bytes()) == whole
        assert server.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports how much a client has read")
def test_a_connection_is_busy_until_its_data_were_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as here:
        there, _ = listening.accept()
        with there:
            until(lambda: not connections_are_busy(0), "a few round trips without data")
            assert connections_are_busy(3600), "it was opened within the hour"
            here.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while here.send(b"x" * 65536):
                    pass
            assert connections_are_busy(0)
            here.shutdown(socket.SHUT_WR)
            while there.recv(65536):
                pass
            until(lambda: not connections_are_busy(0), "a few round trips without data")

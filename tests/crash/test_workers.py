"""What becomes of a server when one of its processes is killed, and what another start makes of half a first one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.crash.tables import check_database
from tests.support.api import Api, connected
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import kill_all, until, watched, workers_of
from tests.support.server import Server, command, environment, start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills a group of processes at once")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server of which nothing is left afterwards, not even workers that outlive it."""
    with ExitStack() as opened:

        def begin(*arguments: str, **settings: str) -> Server:
            server = start(tmp_path, "--http", "--empty", *arguments, **settings)
            assert server.process.stdout is not None
            opened.callback(server.process.stdout.close)
            opened.callback(_end, server)
            return server

        yield begin


def _end(server: Server) -> None:
    with suppress(ProcessLookupError):
        kill_all(server)
    server.process.wait(PATIENCE_SECONDS)


def answers(api: Api) -> bool:
    """Whether the server can be reached now."""
    try:
        return api.get("/-/health").status_code == 200
    except httpx.TransportError:
        return False


def test_a_worker_that_is_killed_is_replaced(started: Callable[..., Server]) -> None:
    server = started()
    with connected(server.url, str(uuid.uuid4()), server.data_dir) as api:
        api.create(id="before")
        (worker,) = workers_of(server)
        with watched([worker]) as ended:
            os.kill(worker, signal.SIGKILL)
            assert ended()
        until(lambda: answers(api), "an answer of the next worker")
        assert api.ids() == ["before"]
        api.create(id="after")
        assert api.ids() == ["after", "before"]
    assert workers_of(server) != [worker]
    assert len(workers_of(server)) == 1
    assert server.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_end_with_the_process_that_started_them(started: Callable[..., Server], workers: int) -> None:
    server = started("--workers", str(workers), drain_seconds="1")
    # A client that stays connected and one that has sent half a request keep no worker alive.
    url = urlsplit(server.url)
    address = (str(url.hostname), int(url.port or 0))
    with (
        connected(server.url, str(uuid.uuid4()), server.data_dir) as api,
        closing(socket.create_connection(address, PATIENCE_SECONDS)) as half,
    ):
        api.create(id="before")
        half.sendall(b"POST /beta/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        own = workers_of(server)
        assert len(own) == workers
        with watched(own) as ended:
            server.process.kill()
            assert server.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
            assert ended(), "workers are left"
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(address) != 0, "something still listens"
    check_database(server.data_dir / "osimages.db")


@pytest.mark.parametrize("file", ["signing-key.pem", "osimages.db", "osimages.db-wal"])
def test_a_first_start_that_was_cut_short(tmp_path: Path, started: Callable[..., Server], file: str) -> None:
    first = subprocess.Popen(
        command("serve", "--http", "--port", "0", "--data-dir", str(tmp_path)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    try:
        until((tmp_path / file).exists, f"{file} of the first start")
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(PATIENCE_SECONDS)
    server = started()
    with connected(server.url, str(uuid.uuid4()), server.data_dir) as api:
        api.create(id="a")
        assert api.ids() == ["a"]
    check_database(tmp_path / "osimages.db")
    assert server.stop() == 0

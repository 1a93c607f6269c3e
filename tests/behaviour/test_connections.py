"""Connections that are silent keep nobody else from being answered, against real servers."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, running

# More than a server has as its usual limit, and than it waits with.
SILENT = 1500


@pytest.fixture(scope="module", params=["http", "https"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    options = ("--http",) if request.param == "http" else ()
    with running(tmp_path_factory.mktemp("connections"), "--empty", *options) as found:
        yield found


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Room for so many connections, which are closed afterwards."""
    if sys.platform == "win32":
        pytest.skip("the server has no limit to be raised")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * SILENT:
        pytest.skip("this system lets nobody open so many files")
    if soft != resource.RLIM_INFINITY and soft < 2 * SILENT:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * SILENT, hard))
    try:
        with ExitStack() as stack:
            yield stack
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_others_are_answered_beside_silent_connections(server: Server, opened: ExitStack) -> None:
    address, context = ("127.0.0.1", httpx.URL(server.url).port or 0), trusting()
    for _ in range(SILENT):
        connection = opened.enter_context(socket.create_connection(address, timeout=PATIENCE_SECONDS))
        if server.url.startswith("https"):
            opened.enter_context(context.wrap_socket(connection))
    assert httpx.get(f"{server.url}/-/health", verify=context, timeout=PATIENCE_SECONDS).status_code == 200

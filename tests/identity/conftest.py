"""A server of its own whose applications and users tests may change, and a browser without a memory for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.running import output
from tests.support.identity import Browser
from tests.support.server import Server, running


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without TLS, with two workers, so that nothing is remembered in one of them alone."""
    with running(tmp_path_factory.mktemp("identity"), "--http", "--empty", "--workers", "2") as server:
        yield server


@pytest.fixture
def http(identity: Server) -> Iterator[httpx.Client]:
    """An application's connection."""
    with httpx.Client(base_url=identity.url) as client:
        yield client


@pytest.fixture
def browser(identity: Server) -> Iterator[Browser]:
    """A browser that has signed nobody in."""
    with httpx.Client(base_url=identity.url) as client:
        yield Browser(client)


@pytest.fixture
def data_dir(identity: Server) -> Path:
    """Where the commands find the server's files."""
    return identity.data_dir


def command(data_dir: Path, *arguments: str) -> str:
    """What an osimages command in that data directory prints."""
    return output(*arguments, "--data-dir", data_dir)

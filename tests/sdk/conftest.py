"""A server with HTTPS for all tests of a process that use the SDK, and a tenant of its own for each test."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator

import pytest

from tests.sdk.graph import Sdk
from tests.support.server import Server, running


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the certificate of its own local authority, whose new tenants are empty."""
    with running(tmp_path_factory.mktemp("secure"), "--empty") as server:
        yield server


@pytest.fixture(scope="session")
def trust(secure: Server) -> ssl.SSLContext:
    """Trust in the local authority of that server and nothing else."""
    return Sdk.context(secure)


@pytest.fixture
def sdk(secure: Server, trust: ssl.SSLContext) -> Sdk:
    """The SDK as a tenant uses it that no other test knows."""
    return Sdk(secure.url, secure.data_dir, trust, str(uuid.uuid4()))

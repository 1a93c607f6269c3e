"""One real server for all tests of a process, and a tenant of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings

from tests.support import postgres as postgres_servers
from tests.support import server as servers
from tests.support.api import Api, connected
from tests.support.patience import PATIENCE_SECONDS

# httpx gives up after 5 seconds unless a test says otherwise, which a busy machine may need for an answer.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.write = PATIENCE_SECONDS
DEFAULT_TIMEOUT_CONFIG.pool = PATIENCE_SECONDS
# Nor does an example have to be done in 200 milliseconds. A test that names health checks of its own would lose this
# one: the one about fixtures is here for the tests whose server is a fixture.
_SUPPRESSED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("any machine", deadline=None, suppress_health_check=_SUPPRESSED)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A server on SQLite, without TLS, whose new tenants are empty."""
    with servers.running(tmp_path_factory.mktemp("server"), "--http", "--empty") as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_server(
    tmp_path_factory: pytest.TempPathFactory, postgres: postgres_servers.Postgres
) -> Iterator[servers.Server]:
    """The same on PostgreSQL."""
    database = postgres.new_database()
    with servers.running(tmp_path_factory.mktemp("server"), "--http", "--empty", "--database", database) as running:
        yield running


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> servers.Server:
    """A server without TLS whose new tenants are empty: on SQLite, or on each store (tests/behaviour/conftest.py)."""
    found: servers.Server = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_server")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_servers.Postgres]:
    """A PostgreSQL server; tests that need it are skipped where PostgreSQL is not installed."""
    with postgres_servers.running() as running:
        yield running


@pytest.fixture
def api(server: servers.Server) -> Iterator[Api]:
    """A client of a tenant that no other test knows."""
    with connected(server.url, str(uuid.uuid4()), server.data_dir) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the facts that the project was made from; tests that read it are skipped where it is not."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("../shared is not here")
    return folder

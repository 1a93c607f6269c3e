"""One service for all tests of a process, and a tenant of its own for each test (docs/testing.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings

from osimages.testing import InProcess
from tests.support import postgres as postgres_servers
from tests.support import server as servers
from tests.support.api import Api, Service, api_of
from tests.support.patience import PATIENCE_SECONDS

# httpx gives up after 5 seconds unless a test says otherwise, which a busy machine may need for an answer.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.write = PATIENCE_SECONDS
DEFAULT_TIMEOUT_CONFIG.pool = PATIENCE_SECONDS
# Nor does an example have to be done in 200 milliseconds. A test that names health checks of its own would lose this
# one: the one about fixtures is here for the tests whose server is a fixture.
_SUPPRESSED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("any machine", deadline=None, suppress_health_check=_SUPPRESSED)
settings.load_profile("any machine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with the marker `databases` once for each database, and those with `real_server` against a server.

    Tests that request the fixture `server` itself get a server, too.
    """
    if "service" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("databases")
    is_real = "server" in metafunc.fixturenames or metafunc.definition.get_closest_marker("real_server") is not None
    if marker is not None or is_real:
        databases = marker.args if marker is not None else ("sqlite",)
        kind = "server" if is_real else "app"
        wanted = [f"{database}_{kind}" for database in databases]
        metafunc.parametrize("service", wanted, ids=databases, indirect=True, scope="session")


@pytest.fixture(scope="session")
def sqlite_app() -> Iterator[InProcess]:
    """The service in this process on SQLite, whose new tenants are empty."""
    with InProcess(empty=True) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_app(postgres: postgres_servers.Postgres) -> Iterator[InProcess]:
    """The same on PostgreSQL."""
    with InProcess(empty=True, database=postgres.new_database()) as running:
        yield running


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
def service(request: pytest.FixtureRequest) -> Service:
    """The service that a test is about; its new tenants are empty. It runs in this process unless a marker says no."""
    found: Service = request.getfixturevalue(getattr(request, "param", "sqlite_app"))
    return found


@pytest.fixture
def database(request: pytest.FixtureRequest, service: Service) -> str:
    """The kind of database that the service is on: sqlite or postgresql."""
    name: str = request.node.callspec.params["service"]
    return name.partition("_")[0]


@pytest.fixture(scope="session")
def server(service: Service) -> servers.Server:
    """A real server without TLS whose new tenants are empty."""
    assert isinstance(service, servers.Server), "a test that requests `server` gets a real one (pytest_generate_tests)"
    return service


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_servers.Postgres]:
    """A PostgreSQL server; tests that need it are skipped where PostgreSQL is not installed."""
    with postgres_servers.running() as running:
        yield running


@pytest.fixture
def api(service: Service) -> Iterator[Api]:
    """A client of a tenant that no other test knows."""
    with api_of(service) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the facts that the project was made from; tests that read it are skipped where it is not."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("../shared is not here")
    return folder

"""The pytest plugin: fixtures with a running service and a tenant of each test's own.

pytest imports this module in every run where osimages is installed, so that it imports nothing but pytest: what a
fixture needs is loaded when the fixture is first requested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from osimages import testing

if TYPE_CHECKING:
    import httpx

_MARKER = "osimages"
_OPTIONS = frozenset(("catalogue", "seed", "in_process"))
_CATALOGUES = {"supported": "catalogue", "none": "empty"}


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers",
        "osimages(catalogue='supported'|'all'|'none', seed={...}|'FILE', in_process=False): what osimages_tenant has",
    )


@pytest.fixture(scope="session")
def osimages_settings() -> dict[str, Any]:
    """The settings of the service, as `osimages serve` has them. Override this fixture to change them."""
    return {}


@pytest.fixture(scope="session")
def osimages_server(osimages_settings: dict[str, Any]) -> Iterator[testing.ServerProcess]:
    """One real server for all tests of the process, with HTTPS on a free port."""
    with testing.ServerProcess(**osimages_settings) as server:
        yield server


@pytest.fixture(scope="session")
def osimages_app(osimages_settings: dict[str, Any]) -> Iterator[testing.InProcess]:
    """The service in this process. A test that requests it gets its tenant and its clients from there."""
    with testing.InProcess(**osimages_settings) as app:
        yield app


@pytest.fixture
def osimages_tenant(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[testing.Tenant]:
    """A tenant that no other test knows, with the published catalogue unless the marker `osimages` says otherwise.

    During the test the environment has the variables with which programs use it.
    """
    options = _options(request)
    in_process = options.get("in_process", "osimages_app" in request.fixturenames)
    emulator: testing.Emulator = request.getfixturevalue("osimages_app" if in_process else "osimages_server")
    tenant = emulator.tenant()
    try:
        _prepare(tenant, options, request)
        for name, value in tenant.variables().items():
            monkeypatch.setenv(name, value)
        yield tenant
        if "seed" in options:
            tenant.forget_seed()
    finally:
        tenant.close()


@pytest.fixture
def osimages_client(osimages_tenant: testing.Tenant) -> httpx.Client:
    """An httpx client of the tenant, with a token for everything and trust in the server's certificate."""
    return osimages_tenant.client


@pytest.fixture
def osimages_graph(osimages_tenant: testing.Tenant) -> Any:
    """The Graph SDK's client (`msgraph_beta.GraphServiceClient`) of the tenant; skips where it is not installed."""
    if find_spec("msgraph_beta") is None:
        pytest.skip("osimages_graph needs the Graph SDK: pip install msgraph-beta-sdk")
    return osimages_tenant.graph()


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The keyword arguments of the marker, then those of the fixture's parameter. Raises UsageError."""
    given = getattr(request, "param", {})
    markers = list(request.node.iter_markers(_MARKER))
    if not isinstance(given, Mapping) or any(each.args for each in markers):
        raise pytest.UsageError(f"osimages_tenant takes {', '.join(sorted(_OPTIONS))} by name")
    found: dict[str, Any] = {}
    for each in reversed(markers):  # the closest one comes last
        found |= each.kwargs
    found |= given
    if unknown := sorted(found.keys() - _OPTIONS):
        known = ", ".join(sorted(_OPTIONS))
        raise pytest.UsageError(f"osimages_tenant has no option '{unknown[0]}': there are {known}")
    if found.get("catalogue", "none") not in ("supported", "all", "none"):
        raise pytest.UsageError(f"there is no catalogue '{found['catalogue']}': there are supported, all and none")
    return found


def _prepare(tenant: testing.Tenant, options: Mapping[str, Any], request: pytest.FixtureRequest) -> None:
    """Give the tenant what the options say; a file of a seed is named from the folder of the test."""
    catalogue, seed = options.get("catalogue"), options.get("seed")
    if seed is not None and not isinstance(seed, Mapping):
        seed = testing.read_seed(request.path.parent / seed)
    if seed is not None:
        tenant.seed(seed if catalogue is None else {**seed, "catalogue": catalogue})
    elif catalogue in _CATALOGUES:
        tenant.reset(_CATALOGUES[catalogue])
    elif catalogue is not None:
        tenant.seed({"catalogue": catalogue})

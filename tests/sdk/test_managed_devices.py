"""The stand-in for managed devices, as Microsoft's own SDK sees it, and the properties that a check requests."""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from msgraph_beta.generated.models.managed_device import ManagedDevice
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError

from osimages.graph.client import GraphClient
from osimages.graph.client_tokens import FixedToken
from osimages.graph.devices import device_properties, devices
from tests.sdk.graph import Client, Configuration, Sdk, iterator
from tests.support.graph import BETA_PROPERTIES, TOKEN, GraphStandIn, graph_stand_in, throttled

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(kiota_abstractions|msgraph_beta)\.")
    from msgraph_beta.generated.device_management.managed_devices.managed_devices_request_builder import (
        ManagedDevicesRequestBuilder,
    )


@pytest.fixture
def authority() -> trustme.CA:
    """Whose certificate the stand-in has."""
    return trustme.CA()


@pytest.fixture
def stand_in(authority: trustme.CA) -> Iterator[GraphStandIn]:
    """A stand-in over HTTPS with three pages of devices."""
    with graph_stand_in(25, page_size=10, authority=authority) as found:
        yield found


def sdk(stand_in: GraphStandIn, authority: trustme.CA) -> Sdk:
    """The SDK's client of it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return Sdk(stand_in.web.url, Path(), context, "")


def selecting(*names: str) -> Configuration:
    """A request's configuration with $select."""
    options = ManagedDevicesRequestBuilder.ManagedDevicesRequestBuilderGetQueryParameters(select=list(names))
    return Configuration(query_parameters=options)


def test_the_properties_are_those_of_the_sdks_model() -> None:
    known = ManagedDevice().get_field_deserializers().keys()
    assert set(device_properties("https://graph.microsoft.com/beta")) <= known
    assert known >= BETA_PROPERTIES


def test_the_sdk_and_the_client_read_the_same_devices(
    stand_in: GraphStandIn, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(client: Client) -> list[Any]:
        found: list[Any] = []
        first = await client.device_management.managed_devices.get(selecting("id", "osVersion", "skuFamily"))
        await iterator(first, client).iterate(lambda each: not found.append(each))  # type: ignore[func-returns-value]
        return found

    stand_in.troubles = [throttled(Retry_After="1")]
    by_sdk = sdk(stand_in, authority).run(steps, bearer=TOKEN)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with GraphClient(stand_in.url, FixedToken(TOKEN, "test")) as client:
        own = list(devices(client))
    assert [(each.id, each.os_version, each.sku_family) for each in by_sdk] == [
        (each["id"], each["osVersion"], each["skuFamily"]) for each in own
    ]
    assert len(own) == 25


def test_the_sdk_reads_the_errors(stand_in: GraphStandIn, authority: trustme.CA) -> None:
    async def steps(client: Client) -> None:
        with pytest.raises(ODataError, match="Could not find a property named 'foo'"):
            await client.device_management.managed_devices.get(selecting("foo"))

    sdk(stand_in, authority).run(steps, bearer=TOKEN)

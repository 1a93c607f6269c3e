"""The devices of a tenant: what is requested of both versions, and how much memory a large tenant takes."""

from __future__ import annotations

import gc
import io
import json
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from osimages.graph.client import GraphClient, GraphPage
from osimages.graph.client_errors import GraphError
from osimages.graph.client_tokens import FixedToken
from osimages.graph.devices import device_properties, devices, write_devices
from tests.support.graph import (
    BETA_PROPERTIES,
    TOKEN,
    V1_PROPERTIES,
    GraphStandIn,
    Trouble,
    broken,
    cut,
    graph_stand_in,
    throttled,
)


def test_v1_has_no_edition() -> None:
    """The properties of beta are compared with the models of Microsoft's SDK in tests/sdk."""
    beta, v1 = (set(device_properties(f"https://graph.microsoft.com/{each}")) for each in ("beta", "v1.0/"))
    assert {"osVersion", "skuFamily", "operatingSystem", "lastSyncDateTime", "serialNumber"} <= beta
    assert beta <= BETA_PROPERTIES
    assert v1 <= V1_PROPERTIES
    assert beta - v1 == {"skuFamily", "skuNumber"}


def test_a_large_tenant_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100,000 devices no more than those of two pages are in memory, whatever happens on the way."""
    alive: set[int] = set()
    most = 0

    class Tracked(dict[str, Any]):
        """A device that can be counted."""

    def track(page: GraphPage) -> GraphPage:
        nonlocal most
        for place, item in enumerate(page.items):
            found = page.items[place] = Tracked(item)
            alive.add(id(found))
            weakref.finalize(found, alive.discard, id(found))
        most = max(most, len(alive))
        return page

    read = GraphClient.pages
    monkeypatch.setattr(GraphClient, "pages", lambda self, *given, **named: map(track, read(self, *given, **named)))
    with graph_stand_in(100_000, page_size=1000) as stand_in:
        stand_in.troubles = [None, throttled(Retry_After="1"), None, cut] * 5
        counts: list[int] = []
        with GraphClient(stand_in.url, FixedToken(TOKEN, "test"), pause=lambda seconds: None) as client:
            assert sum(1 for _ in devices(client, on_page=counts.append)) == 100_000
    gc.collect()
    assert counts == [1000] * 100
    assert most <= 2000, "one page in use, the next one read"
    assert len(alive) <= 1000


@pytest.fixture
def stand_in() -> Iterator[GraphStandIn]:
    """A tenant with three pages of devices."""
    with graph_stand_in(25, page_size=10) as found:
        yield found


def written(stand_in: GraphStandIn) -> tuple[list[Any], list[str]]:
    """The devices that are written, and what is missing."""
    file = io.BytesIO()
    with GraphClient(stand_in.url, FixedToken(TOKEN, "test"), pause=lambda seconds: None) as client:
        missing = write_devices(client, file)
    return [json.loads(line) for line in file.getvalue().splitlines()], missing


def test_devices_are_written_as_lines(stand_in: GraphStandIn) -> None:
    stand_in.page = lambda number, document: document | {"value": [{"new": 1} | each for each in document["value"]]}
    found, missing = written(stand_in)
    assert missing == []
    assert [each["deviceName"] for each in found] == [f"PC-{number:06}" for number in range(25)]
    assert found[0] == {
        "id": "00000000-0000-4000-8000-000000000000",
        "deviceName": "PC-000000",
        "operatingSystem": "Windows",
        "osVersion": "10.0.26200.8655",
        "lastSyncDateTime": "2026-11-22T17:55:03Z",
        "azureADDeviceId": "00000000-0000-4000-8000-00000000aad0",
        "serialNumber": "SN00000000",
        "skuFamily": "Enterprise",
        "skuNumber": 4,
    }


def test_odd_values_are_written_as_they_are(stand_in: GraphStandIn) -> None:
    stand_in.page = lambda number, document: {"value": [{"deviceName": "\ud800", "skuNumber": [1.5]}, None, 5, [], "x"]}
    found, missing = written(stand_in)
    assert {name: value for name, value in found[0].items() if value is not None} == {
        "deviceName": "\ud800",
        "skuNumber": [1.5],
    }
    assert found[1:] == [None] * 4, "the caller counts them"
    assert missing == []


@pytest.mark.parametrize("trouble", [broken(500), broken(403), throttled(Retry_After="301"), cut])
def test_what_is_missing_is_named(stand_in: GraphStandIn, trouble: Trouble) -> None:
    stand_in.troubles = [None, *[trouble] * 7]
    found, (message,) = written(stand_in)
    assert len(found) == 10
    assert message.startswith(
        f"only the first 10 devices could be read: {stand_in.url}/deviceManagement/managedDevices "
    )


def test_a_failed_first_page_ends_the_check(stand_in: GraphStandIn) -> None:
    stand_in.troubles = [broken(403)]
    with pytest.raises(GraphError, match="answers 403"):
        written(stand_in)

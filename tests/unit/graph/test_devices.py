"""The devices of a tenant: what is requested of both versions, and how much memory a large tenant takes."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from osimages.graph.client import GraphClient, GraphPage
from osimages.graph.devices import device_properties, devices
from osimages.graph.tokens import FixedToken
from tests.support.graph import BETA_PROPERTIES, TOKEN, V1_PROPERTIES, cut, graph_stand_in, throttled


def test_v1_has_no_edition() -> None:
    """What beta has is compared with the models of Microsoft's SDK in tests/sdk."""
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

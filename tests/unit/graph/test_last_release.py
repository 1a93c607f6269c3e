"""A database of the last release (commit 143c6b9) opens with nothing lost; `databases/last_release.sql` is its dump."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH, IMAGE
from osimages.graph.publishing import publish, unpublished
from osimages.graph.tables import AUDIT_EVENT_TABLES, IMAGES
from osimages.graph.tenant_storage import Tenant, revocations, tenant_named
from osimages.odata.plan.build import build_delta, build_plan, build_query
from osimages.odata.plan.delta_tokens import DeltaState
from osimages.odata.plan.query import Fate
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind
from osimages.odata.sql.databases import migrate, open_database
from osimages.odata.sql.store import Store
from osimages.odata.text.text_limits import Bounds

_DUMP = Path(__file__).parent / "databases" / "last_release.sql"
_LIMITS = Limits(1000, Bounds())
_SMALL: dict[str, Any] = {"supportedEditions": [], "supportedArchitectures": ["x86"], "availableUpdates": []}


async def _found(store: Store, query: str) -> dict[str, Any]:
    page = await store.page(
        "contoso", build_plan(build_query(GRAPH, IMAGE, Kind.COLLECTION, query, _LIMITS), None, 100)
    )
    return {each["id"]: each for each in map(msgspec.json.decode, page.documents)}


def test_a_database_of_the_last_release_opens_with_nothing_lost(tmp_path: Path) -> None:
    file = tmp_path / "osimages.db"
    connection = sqlite3.connect(file)
    connection.executescript(_DUMP.read_text(encoding="utf-8"))
    connection.close()
    url = f"sqlite:///{file}"

    async def opened() -> None:
        await migrate(url, MIGRATIONS)
        database = await open_database(url, MIGRATIONS)
        images, events = database.store(GRAPH, IMAGES), database.store(GRAPH, AUDIT_EVENT_TABLES)
        assert await database.read(tenant_named("contoso")) == Tenant(
            "contoso", "Contoso", True, "supported", "label 2"
        )
        assert await database.read(tenant_named("fabrikam")) == Tenant("fabrikam", "Fabrikam", False, "none")
        assert await database.read(revocations("contoso")) == {("user", "u1"): 1790000000}
        everything = await _found(images, "")
        assert set(everything) == {"Windows 11 24H2", "Windows 11 22H2", "own é"}
        assert everything["Windows 11 22H2"]["supportedArchitectures"] == ["arm"]
        by_items = "$filter=supportedEditions/any(e:e/editionType%20eq%20'enterprise')"
        assert set(await _found(images, by_items)) == {"Windows 11 24H2", "own é"}
        stored = await images.get("contoso", "own é")
        revision = await database.revision("contoso")
        assert stored is not None
        assert revision is not None
        assert 0 < stored.version < revision[0]
        delta = build_query(GRAPH, IMAGE, Kind.DELTA, "", _LIMITS)
        changes = (await images.delta("contoso", build_delta(delta, DeltaState(0, 0, 0), 100))).changes
        assert {each.key for each in changes if each.fate is Fate.DELETED} == {"gone", "Windows 10"}
        # What is the tenant's own stays so, and what is published stays published.
        difference = await database.read(unpublished(images.changes, "contoso", {"gone": _SMALL, "new": _SMALL}))
        assert (difference.added, difference.removed, difference.own) == (("new",), ("Windows 11 24H2",), ("gone",))
        assert await database.change(publish(images.changes, "contoso", {"new": _SMALL}, "label 3")) == 2
        assert await events.get("contoso", "2026-11-29T00:00:00.000001Z") is not None
        assert (await images.create("contoso", "later", _SMALL)).version > revision[0]
        await database.close()

    asyncio.run(opened())

"""Which tenants are admitted, and that their catalogue is kept up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.graph.current_catalogue import Publication
from osimages.graph.errors import TENANT_NOT_LICENSED
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import Tenant, add_tenant, tenant_named
from osimages.graph.tenants import Tenants
from osimages.odata.errors import ODataError
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import migrate
from osimages.odata.sql.sqlite.store import SqliteStore

EMPTY: dict[str, object] = {"supportedEditions": [], "supportedArchitectures": [], "availableUpdates": []}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An empty store."""
    migrate(tmp_path / "osimages.db", MIGRATIONS)
    opened = SqliteDatabase(tmp_path / "osimages.db")
    yield opened.store(GRAPH, IMAGES)
    asyncio.run(opened.close())


def tenants(store: SqliteStore, *keys: str, keep: float = 60, new: str | None = "supported") -> Tenants:
    """Tenants that are given images with these keys, or none where they chose none."""

    def publication(choice: str, _: str) -> Publication:
        images = {} if choice == "none" else dict.fromkeys(keys, EMPTY)
        return Publication(f"{choice} {sorted(images)}", images)

    async def may_publish() -> bool:
        return True

    return Tenants(store.database, store, publication, may_publish, keep_seconds=keep, new_catalogue=new)


def has(store: SqliteStore, tenant: str, key: str) -> bool:
    """Whether a tenant has an image of that key."""
    return asyncio.run(store.get(tenant, key)) is not None


def test_a_new_tenant_comes_into_being_with_the_catalogue(store: SqliteStore) -> None:
    admitting = tenants(store, "a")
    assert not admitting.is_admitted("t")
    asyncio.run(admitting.admit("t"))
    assert admitting.is_admitted("t")
    assert has(store, "t", "a")
    assert asyncio.run(store.database.read(tenant_named("t"))) == Tenant("t", "t", True, "supported", "supported ['a']")


def test_a_new_tenant_starts_empty_where_that_is_wanted(store: SqliteStore) -> None:
    asyncio.run(tenants(store, "a", new="none").admit("t"))
    assert not has(store, "t", "a")


def test_an_unknown_tenant_is_refused_where_none_comes_into_being(store: SqliteStore) -> None:
    refusing = tenants(store, new=None)
    with pytest.raises(ODataError) as refused:
        asyncio.run(refusing.admit("t"))
    assert refused.value.condition is TENANT_NOT_LICENSED
    assert not refusing.is_admitted("t")
    assert asyncio.run(store.database.read(tenant_named("t"))) is None


def test_a_tenant_without_licence_is_refused(store: SqliteStore) -> None:
    asyncio.run(store.database.change(add_tenant(Tenant("t", "T", False, "supported"))))
    with pytest.raises(ODataError) as refused:
        asyncio.run(tenants(store, "a").admit("t"))
    assert refused.value.condition is TENANT_NOT_LICENSED
    assert not has(store, "t", "a")


def test_admission_is_remembered_for_its_time_only(store: SqliteStore) -> None:
    forgetful = tenants(store, keep=0)
    asyncio.run(forgetful.admit("t"))
    assert not forgetful.is_admitted("t")


def test_what_is_published_later_replaces_what_was(store: SqliteStore) -> None:
    asyncio.run(tenants(store, "a", "b").admit("t"))
    asyncio.run(tenants(store, "b", "c").admit("t"))
    assert [has(store, "t", key) for key in "abc"] == [False, True, True]

"""What an SQLite database alone can fail with: another process that writes, no room, a store that is closed."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from osimages.graph.tenant_storage import add_tenant
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import connect
from osimages.odata.sql.store import StoreUnavailableError
from tests.support.looped import run
from tests.unit.odata.sql.places import SqlitePlace
from tests.unit.odata.sql.stores import CONTOSO, WHOLE, a_tenant, found, image, quality_update


def test_a_database_that_another_process_writes_is_unavailable_for_writes_alone(database: Path) -> None:
    store = SqlitePlace(database).opened(wait_seconds=0)
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    before = run(store.create(CONTOSO, "a", WHOLE))
    other = connect(database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="database is locked"):
        run(store.update(CONTOSO, "a", image(), None))
    with pytest.raises(StoreUnavailableError, match="database is locked"):
        run(store.database.secret("skiptoken"))
    assert run(store.get(CONTOSO, "a")) == before
    other.execute("ROLLBACK")
    other.close()
    assert run(store.remove(CONTOSO, "a", None)) is True
    run(store.database.close())


def test_a_database_without_room_is_unavailable_for_writes_and_keeps_what_it_has(
    database: Path,
) -> None:
    store = SqlitePlace(database).opened()
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    before = run(store.create(CONTOSO, "a", WHOLE))
    pages = apsw.Connection(str(database))
    most = pages.execute("PRAGMA page_count").fetchall()[0][0]
    pages.close()

    def no_more_room(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {most}")

    assert isinstance(store.database, SqliteDatabase)
    run(store.database._writer.run(no_more_room))
    large = image(updates=tuple(quality_update("1" * 100) for _ in range(2000)))
    with pytest.raises(StoreUnavailableError, match="database or disk is full"):
        run(store.create(CONTOSO, "b", large))
    assert found(store) == ["a"]
    assert run(store.get(CONTOSO, "a")) == before


def test_a_closed_store_refuses_writes(database: Path) -> None:
    store = SqlitePlace(database).opened()
    run(store.database.close())
    run(store.database.close())
    with pytest.raises(StoreUnavailableError, match="the store is closed"):
        run(store.database.change(add_tenant(a_tenant(CONTOSO))))

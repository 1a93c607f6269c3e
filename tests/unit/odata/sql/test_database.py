"""One database keeps entities of several types: their columns follow their documents, and changes can be joined."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData

from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import add_tenant, tenant_named
from osimages.odata.model.types import EntityType, Primitive, Property
from osimages.odata.plan.query import CollectionPlan, Shape, Stored
from osimages.odata.sql.changes import add_tenant as add_engine_tenant
from osimages.odata.sql.databases import open_database
from osimages.odata.sql.documents import main_row, properties
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.store import Database, Store
from osimages.odata.sql.tables import entity_tables
from osimages.odata.sql.transaction_script import KeyTakenError, Script, Statement
from tests.support.looped import run
from tests.support.second_model import METADATA, MODEL, ORDINARY, SPECIMEN, TABLES, bound
from tests.unit.odata.sql.places import AnyStore, Place
from tests.unit.odata.sql.stores import CONTOSO, FABRIKAM, WHOLE, a_tenant

COLUMNS = [column for path, column in TABLES.columns.items() if path != SPECIMEN.key]


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    """A database with the tables of a second type, and a tenant."""
    opened = place.opened().database
    run(opened.create_tables(METADATA))
    run(opened.change(add_tenant(a_tenant(CONTOSO))))
    yield opened
    run(opened.change(_dropped()))
    run(opened.close())


def _dropped() -> Script[None]:
    for table in METADATA.sorted_tables:
        yield Statement(f"DROP TABLE {table.name}")


def columns(database: Database, key: str) -> tuple[Any, ...]:
    """What the main table holds of a specimen, but its document."""

    def asked() -> Script[tuple[Any, ...]]:
        names = ", ".join(f'"{each}"' for each in COLUMNS)
        sql = f"SELECT {names} FROM specimen WHERE tenant = :tenant AND id = :id"
        (row,) = yield Statement(sql, {"tenant": CONTOSO, "id": key})
        return tuple(row)

    return run(database.read(asked()))


def found(store: Store, text: str) -> list[str]:
    """The keys of the specimens that a filter lets through."""
    asked = bound(text)
    plan = CollectionPlan(Shape(asked.condition), asked.constants, None, True, 0, 100, None, ())
    page = run(store.page(CONTOSO, plan))
    assert page.total == len(page.documents)
    return [str(properties(SPECIMEN, each)["id"]) for each in page.documents]


def test_columns_of_single_values_follow_the_document(database: Database) -> None:
    store = database.store(MODEL, TABLES)
    stored = run(store.create(CONTOSO, "a", ORDINARY))
    assert columns(database, "a") == main_row(SPECIMEN, properties(SPECIMEN, stored.document))
    assert found(store, "place/city eq 'Bath' and int64 gt 5 and parts/any(p: p/name eq 'box')") == ["a"]

    changes: dict[str, object] = {"place": {"city": "Ulm", "height": None, "founded": None}, "int64": 5, "strings": []}
    changed = run(store.update(CONTOSO, "a", changes, None))
    assert changed is not None
    whole = properties(SPECIMEN, changed.document)
    assert whole == {"id": "a", **ORDINARY, **changes}
    assert columns(database, "a") == main_row(SPECIMEN, whole) != main_row(SPECIMEN, ORDINARY)
    assert found(store, "place/city eq 'Bath'") == []
    assert found(store, "place/city eq 'Ulm' and place/height eq null and int64 eq 5 and not strings/any()") == ["a"]


def test_types_do_not_see_each_other_but_share_their_tenant(database: Database) -> None:
    images, specimens = database.store(GRAPH, IMAGES), database.store(MODEL, TABLES)
    image, specimen = run(images.create(CONTOSO, "a", WHOLE)), run(specimens.create(CONTOSO, "a", ORDINARY))
    assert specimen.version > image.version
    assert run(images.get(CONTOSO, "a")) == image
    assert run(specimens.get(CONTOSO, "a")) == specimen
    assert run(images.remove(CONTOSO, "a", None))
    assert run(specimens.get(CONTOSO, "a")) == specimen


def test_changes_of_two_types_can_be_joined(place: Place, database: Database) -> None:
    images, specimens = place.opened(), database.store(MODEL, TABLES)

    def both(store: AnyStore, key: str) -> Script[tuple[Stored, Stored]]:
        image = yield from store.changes.create(CONTOSO, key, WHOLE)
        specimen = yield from specimens.changes.create(CONTOSO, "the only one", ORDINARY)
        return image, specimen

    image, specimen = run(database.change(both(images, "a")))
    assert run(images.get(CONTOSO, "a")) == image
    assert run(specimens.get(CONTOSO, "the only one")) == specimen
    with pytest.raises(KeyTakenError):
        run(database.change(both(images, "b")))
    assert run(images.get(CONTOSO, "b")) is None
    run(images.database.close())


def test_what_is_read_in_steps_is_of_one_moment(place: Place, database: Database) -> None:
    async def add_another() -> None:
        other = await place.open()
        await other.change(add_tenant(a_tenant(FABRIKAM)))
        await other.close()

    def count_twice() -> Script[list[Any]]:
        before = yield Statement("SELECT count(*) FROM tenant")
        meanwhile = threading.Thread(target=lambda: asyncio.run(add_another()))
        meanwhile.start()
        meanwhile.join()
        after = yield Statement("SELECT count(*) FROM tenant")
        return [before[0][0], after[0][0]]

    assert run(database.read(count_twice())) == [1, 1]
    assert run(database.read(tenant_named(FABRIKAM))) == a_tenant(FABRIKAM)


def test_tables_are_created_once_and_those_of_another_schema_are_named(database: Database) -> None:
    run(database.create_tables(METADATA))
    other = MetaData()
    entity_tables(other, EntityType("specimen", (Property("id", Primitive.STRING), Property("age", Primitive.INT32))))
    with pytest.raises(SchemaError, match="it lacks age, and has binary"):
        run(database.create_tables(other))


def test_a_new_schema_needs_no_migration(tmp_path: Path) -> None:
    async def used() -> None:
        database = await open_database(f"sqlite:///{tmp_path / 'below' / 'museum.db'}")
        await database.create_tables(METADATA)
        await database.change(add_engine_tenant("t"))
        store = database.store(MODEL, TABLES)
        stored = await store.create("t", "a", ORDINARY)
        assert stored.version == 1
        assert await database.revision("t") is not None
        assert await database.secret("skiptoken") == await database.secret("skiptoken")
        await database.close()

    asyncio.run(used())

"""One database keeps entities of several types: their columns follow their documents, and changes can be joined."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from osimages.edm.model import GRAPH
from osimages.plan.query import CollectionPlan, Shape, Stored
from osimages.storage.documents import main_row, properties
from osimages.storage.sqlite import SqliteDatabase
from osimages.storage.sqlite_file import connect
from osimages.storage.steps import Ask, KeyTakenError, Steps
from osimages.storage.store import Store
from osimages.storage.tables import IMAGES
from tests.support.second_model import METADATA, MODEL, ORDINARY, SPECIMEN, TABLES, bound
from tests.unit.storage.stores import CONTOSO, WHOLE, a_tenant, run

COLUMNS = [column for path, column in TABLES.columns.items() if path != SPECIMEN.key]


@pytest.fixture
def opened(database: Path) -> Iterator[SqliteDatabase]:
    """A database with the tables of a second type, and a tenant."""
    connection = connect(database)
    for table in METADATA.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=dialect())))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=dialect())))
    connection.close()
    opened = SqliteDatabase(database)
    run(opened.add_tenant(a_tenant(CONTOSO)))
    yield opened
    run(opened.close())


def columns(database: Path, key: str) -> tuple[Any, ...]:
    """What the main table holds of a specimen, but its document."""
    connection = apsw.Connection(str(database))
    try:
        sql = f"SELECT {', '.join(COLUMNS)} FROM specimen WHERE tenant = ? AND id = ?"
        (row,) = connection.execute(sql, (CONTOSO, key)).fetchall()
        return row
    finally:
        connection.close()


def found(store: Store, text: str) -> list[str]:
    """The keys of the specimens that a filter lets through."""
    asked = bound(text)
    plan = CollectionPlan(Shape(asked.condition), asked.constants, None, True, 0, 100, None, ())
    page = run(store.page(CONTOSO, plan))
    assert page.total == len(page.documents)
    return [str(properties(SPECIMEN, each)["id"]) for each in page.documents]


def test_columns_of_single_values_follow_the_document(opened: SqliteDatabase, database: Path) -> None:
    store = opened.store(MODEL, TABLES)
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


def test_types_do_not_see_each_other_but_share_their_tenant(opened: SqliteDatabase) -> None:
    images, specimens = opened.store(GRAPH, IMAGES), opened.store(MODEL, TABLES)
    image, specimen = run(images.create(CONTOSO, "a", WHOLE)), run(specimens.create(CONTOSO, "a", ORDINARY))
    assert specimen.version > image.version
    assert run(images.get(CONTOSO, "a")) == image
    assert run(specimens.get(CONTOSO, "a")) == specimen
    assert run(images.remove(CONTOSO, "a", None))
    assert run(specimens.get(CONTOSO, "a")) == specimen


def test_changes_of_two_types_can_be_joined(opened: SqliteDatabase) -> None:
    images, specimens = opened.store(GRAPH, IMAGES), opened.store(MODEL, TABLES)

    def both(key: str) -> Steps[tuple[Stored, Stored]]:
        image = yield from images.changes.create(CONTOSO, key, WHOLE)
        specimen = yield from specimens.changes.create(CONTOSO, "the only one", ORDINARY)
        return image, specimen

    image, specimen = run(opened.change(both("a")))
    assert run(images.get(CONTOSO, "a")) == image
    assert run(specimens.get(CONTOSO, "the only one")) == specimen
    with pytest.raises(KeyTakenError):
        run(opened.change(both("b")))
    assert run(images.get(CONTOSO, "b")) is None


def test_what_is_read_in_steps_is_of_one_moment(opened: SqliteDatabase, database: Path) -> None:
    other = connect(database)

    def count_twice() -> Steps[list[Any]]:
        sql = "SELECT count(*) FROM tenant"
        before = yield Ask(sql)
        other.execute("INSERT INTO tenant SELECT 'another', name, licensed, catalogue, 0, '', '' FROM tenant")
        after = yield Ask(sql)
        return [*before, *after]

    assert run(opened.read(count_twice())) == [(1,), (1,)]
    assert run(opened.read(count_once())) == [(2,)]
    other.close()


def count_once() -> Steps[list[Any]]:
    return list((yield Ask("SELECT count(*) FROM tenant")))

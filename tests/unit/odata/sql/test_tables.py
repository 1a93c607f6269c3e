"""The declared tables and those that the migrations make are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from osimages.graph.tables import IMAGES, LEASE, METADATA, SECRET, TENANT


def described(connection: apsw.Connection, table: str) -> tuple[Any, ...]:
    """Columns, indexes with their columns, and whether the table is clustered by its key."""
    columns = connection.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,)).fetchall()
    indexes = connection.execute(
        'SELECT name, "unique", origin, partial FROM pragma_index_list(?)', (table,)
    ).fetchall()
    parts = {
        each[0]: connection.execute("SELECT name FROM pragma_index_info(?)", (each[0],)).fetchall() for each in indexes
    }
    clustered = connection.execute("SELECT wr FROM pragma_table_list WHERE name = ?", (table,)).fetchall()
    return columns, sorted(indexes), parts, clustered


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_a_migrated_table_is_as_declared(database: Path, name: str) -> None:
    table = METADATA.tables[name]
    declared = apsw.Connection(":memory:")
    declared.execute(str(CreateTable(table).compile(dialect=dialect())))
    for index in table.indexes:
        declared.execute(str(CreateIndex(index).compile(dialect=dialect())))
    migrated = apsw.Connection(str(database))
    expected = described(declared, name)
    assert described(migrated, name) == expected
    assert expected[0]
    migrated.close()
    declared.close()


def test_every_table_of_tenants_leads_with_the_tenant() -> None:
    tables = [table for table in METADATA.tables.values() if table not in (LEASE, SECRET)]
    assert TENANT in tables
    for table in tables:
        assert next(iter(table.primary_key.columns)).name == "tenant"
        assert all(next(iter(index.columns)).name == "tenant" for index in table.indexes)


def test_every_collection_has_a_table_with_a_column_for_each_property_of_its_items() -> None:
    assert {name: dict(items.columns) for name, items in IMAGES.items.items()} == {
        "supportedEditions": {"editionType": "edition_type", "supportEndDate": "support_end_date"},
        "supportedArchitectures": {"value": "value"},
        "availableUpdates": {
            "buildVersion": "build_version",
            "releaseMonth": "release_month",
            "releaseYear": "release_year",
        },
    }

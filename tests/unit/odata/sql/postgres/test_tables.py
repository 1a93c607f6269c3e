"""The declared tables and those that the migrations make on PostgreSQL are the same, and so are those of SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy.dialects.postgresql import dialect

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.tables import METADATA
from osimages.odata.sql.table_creation import create_tables
from osimages.odata.sql.transaction_script import Script, Statement
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.unit.odata.sql.places import PostgresPlace, new_postgres

_COLUMNS = """
    SELECT column_name, data_type, collation_name, is_nullable, coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = :schema AND table_name = :table ORDER BY ordinal_position
"""
_INDEXES = (
    "SELECT replace(indexdef, :schema || '.', '') FROM pg_indexes WHERE schemaname = :schema AND tablename = :table"
)


def described(schema: str, table: str) -> Script[tuple[Any, ...]]:
    """Columns and indexes of a table."""
    asked = {"schema": schema, "table": table}
    return (yield Statement(_COLUMNS, asked)), sorted((yield Statement(_INDEXES, asked)))


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_a_migrated_table_is_as_declared(clean_postgres: PostgresPlace, name: str) -> None:
    def both() -> Script[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        yield Statement("CREATE SCHEMA declared")
        yield Statement("SET LOCAL search_path = declared")
        yield from create_tables(METADATA, dialect())  # type: ignore[no-untyped-call]
        found = (yield from described("public", name)), (yield from described("declared", name))
        yield Statement("DROP SCHEMA declared CASCADE")
        return found

    database = run(clean_postgres.open())
    migrated, declared = run(database.change(both()))
    run(database.close())
    assert migrated == declared
    assert migrated[0]


def test_both_databases_have_the_same_steps_and_tables(postgres: Postgres, database: Path) -> None:
    assert [(step.number, step.name) for step in MIGRATIONS.steps("sqlite")] == [
        (step.number, step.name) for step in MIGRATIONS.steps("postgresql")
    ]
    connection = apsw.Connection(str(database))
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    expected = {name for (name,) in connection.execute(sql)}
    connection.close()

    def tables() -> Script[set[str]]:
        return {name for (name,) in (yield Statement("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))}

    with new_postgres(postgres) as place:
        opened = run(place.open())
        assert run(opened.read(tables())) == expected | {"schema_functions"}
        run(opened.close())

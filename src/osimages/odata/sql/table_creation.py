"""Creates the tables of a declared schema, for an application that has no migrations of its own."""

from __future__ import annotations

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.tables import ENGINE_TABLES
from osimages.odata.sql.transaction_script import Script, Statement

_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info(:name)",
    "postgresql": (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = CAST(:name AS TEXT)"
    ),
}


def create_tables(metadata: MetaData, dialect: Dialect) -> Script[None]:
    """Create the tables and indexes that are missing, and those of the engine.

    Raises SchemaError for a table that has other columns.
    """
    engine = [each for each in ENGINE_TABLES.sorted_tables if each.name not in metadata.tables]
    for table in (*engine, *metadata.sorted_tables):
        found = {row[0] for row in (yield Statement(_COLUMNS[dialect.name], {"name": table.name}))}
        if found and table.metadata is metadata:
            _check_columns(table, found)
        yield Statement(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield Statement(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))


def _check_columns(table: Table, found: set[str]) -> None:
    declared = {column.name for column in table.columns}
    if found == declared:
        return
    lacks = ", ".join(sorted(declared - found)) or "nothing"
    more = ", ".join(sorted(found - declared)) or "nothing"
    raise SchemaError(
        f"The table {table.name} was made from another schema: it lacks {lacks}, and has {more} more. "
        "Change the table, or use another database."
    )

"""What a PostgreSQL database is and holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from osimages.odata.sql.database_info import DatabaseInfo
from osimages.odata.sql.migrations import Migrations
from osimages.odata.sql.postgres.connections import execute
from osimages.odata.sql.postgres.migrate import applied_steps, connected, shown
from osimages.odata.sql.transaction_script import Script

Contents = TypeVar("Contents")

# What PostgreSQL itself has noticed: pages whose checksum was wrong (null where there are no checksums), and indexes
# that it does not use. https://www.postgresql.org/docs/current/monitoring-stats.html, catalog-pg-index.html
_CHECKSUMS = "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
_BROKEN_INDEXES = (
    "SELECT string_agg(indexrelid::regclass::text, ', ') FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
    "WHERE NOT (indisvalid AND indisready) AND relnamespace = current_schema()::regnamespace"
)


async def damage(url: str) -> str | None:
    """Return what PostgreSQL has found wrong with its files; None where nothing is. The whole of them is not read.

    Raises SchemaError or StoreUnavailableError.
    """
    connection = await connected(url)
    try:
        failures = int(await connection.fetchval(_CHECKSUMS) or 0)
        if failures:
            return f"{failures} pages had a wrong checksum"
        indexes = await connection.fetchval(_BROKEN_INDEXES)
        return f"indexes are not valid: {indexes}" if indexes else None
    finally:
        await connection.close()


async def describe(
    url: str, migrations: Migrations, contents: Callable[[], Script[Contents]]
) -> tuple[DatabaseInfo, Contents | None]:
    """Return what the database is, and what `contents` reads if its tables are current.

    Raises SchemaError or StoreUnavailableError.
    """
    connection = await connected(url)
    try:
        applied = await applied_steps(connection)
        is_current = not migrations.pending("postgresql", applied, shown(url))
        found = await execute(connection, contents()) if is_current else None
        version = await connection.fetchval("SHOW server_version")
        size = int(await connection.fetchval("SELECT pg_database_size(current_database())"))
        return DatabaseInfo(shown(url), f"PostgreSQL {version}", size, max(applied, default=0), is_current), found
    finally:
        await connection.close()

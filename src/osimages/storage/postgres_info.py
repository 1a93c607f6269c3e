"""What a PostgreSQL database is and holds."""

from __future__ import annotations

from osimages.storage.info import DatabaseInfo, contents
from osimages.storage.migrate import pending
from osimages.storage.postgres_connections import perform
from osimages.storage.postgres_migrate import applied_steps, connected


async def describe(url: str, shown: str) -> DatabaseInfo:
    """What is in the database. Raises SchemaError or StoreUnavailableError."""
    connection = await connected(url, shown)
    try:
        applied = await applied_steps(connection)
        is_current = not pending("postgresql", applied, shown)
        counts, as_of = await perform(connection, contents()) if is_current else ({}, None)
        version = await connection.fetchval("SHOW server_version")
        size = int(await connection.fetchval("SELECT pg_database_size(current_database())"))
        return DatabaseInfo(shown, f"PostgreSQL {version}", size, max(applied, default=0), is_current, counts, as_of)
    finally:
        await connection.close()

"""Brings the schema of a PostgreSQL database up to date: numbered steps, and the functions that queries use."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import asyncpg

from osimages.odata.sql.migration_steps import APPLIED_STEPS, RECORD_STEP, STEP_TABLE, SchemaError, Step, pending
from osimages.odata.sql.postgres.connections import UNAVAILABLE, positional
from osimages.odata.sql.store import StoreUnavailableError

# Of all who bring one database up to date at the same time, one does, and the others wait. Any number would do.
_LOCK = "SELECT pg_advisory_xact_lock(4811739602211)"
_FUNCTIONS_TABLE = "CREATE TABLE IF NOT EXISTS schema_functions (digest TEXT NOT NULL PRIMARY KEY)"
_OLDEST_SERVER = 130_000

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def migrate(url: str, shown: str) -> int:
    """Applies what the database still needs, in one transaction; returns how many steps there were.

    `shown` is the URL without its password. Raises SchemaError when the database is newer than this release or cannot
    be used, StoreUnavailableError when it does not answer.
    """
    connection = await connected(url, shown)
    try:
        async with connection.transaction():
            await _check_server(connection, shown)
            await connection.execute(_LOCK)
            return await _bring_up_to_date(connection, shown)
    except asyncpg.PostgresError as error:
        raise SchemaError(f"The database {shown} cannot be brought up to date: {error}.{_advice(error)}") from None
    finally:
        await connection.close()


async def connected(url: str, shown: str) -> Connection:
    """A connection of its own. Raises SchemaError or StoreUnavailableError."""
    try:
        return await asyncpg.connect(url, timeout=10)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise SchemaError(f"The database {shown} cannot be opened: {error}.") from None
    except (ValueError, asyncpg.ClientConfigurationError) as error:
        raise SchemaError(f"{shown} is no URL of a database: {error}.") from None
    except UNAVAILABLE as error:
        raise StoreUnavailableError(f"The database {shown} does not answer: {error or type(error).__name__}.") from None


async def needed(connection: Connection, shown: str) -> tuple[Step, ...]:
    """The steps that the database still needs. Raises SchemaError when it is newer than this release."""
    return pending("postgresql", await applied_steps(connection), shown)


async def applied_steps(connection: Connection) -> frozenset[int]:
    """The numbers of the steps that were applied; none for a database that knows no steps."""
    known = await connection.fetchval("SELECT to_regclass('schema_step') IS NOT NULL")
    return frozenset(row[0] for row in await connection.fetch(APPLIED_STEPS)) if known else frozenset()


async def _bring_up_to_date(connection: Connection, shown: str) -> int:
    # Nothing is created that is there: a server may run as a user who must not create.
    steps = await needed(connection, shown)
    if steps:
        await connection.execute(STEP_TABLE)
    for step in steps:
        await connection.execute(step.sql)
        text, _ = positional(RECORD_STEP)
        await connection.execute(text, step.number, step.name, datetime.now(UTC).isoformat(timespec="seconds"))
    functions = _functions()
    digest = hashlib.sha256(functions.encode()).hexdigest()
    if not await _have_functions(connection, digest):
        for sql in (_FUNCTIONS_TABLE, "DELETE FROM schema_functions", functions):
            await connection.execute(sql)
        await connection.execute("INSERT INTO schema_functions (digest) VALUES ($1)", digest)
    return len(steps)


async def _have_functions(connection: Connection, digest: str) -> bool:
    if not await connection.fetchval("SELECT to_regclass('schema_functions') IS NOT NULL"):
        return False
    return bool(await connection.fetchval("SELECT count(*) FROM schema_functions WHERE digest = $1", digest))


@cache
def _functions() -> str:
    return files("osimages.odata.sql.postgres").joinpath("functions.sql").read_text(encoding="utf-8")


async def _check_server(connection: Connection, shown: str) -> None:
    version = int(await connection.fetchval("SHOW server_version_num"))
    if version < _OLDEST_SERVER:
        raise SchemaError(f"The database {shown} is PostgreSQL {version // 10_000}: version 13 or later is needed.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise SchemaError(
            f"The database {shown} has the encoding {encoding}. Create one that can hold every text: "
            "CREATE DATABASE osimages ENCODING 'UTF8' TEMPLATE template0."
        )
    if not await connection.fetchval("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'"):
        raise SchemaError(f"The database {shown} was built without ICU, by which texts are put in lower case.")


def _advice(error: asyncpg.PostgresError) -> str:
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return " GRANT CREATE, USAGE ON SCHEMA public to its user, or run `osimages db migrate` as one who may."
    return ""

"""Brings the schema of a PostgreSQL database up to date: numbered steps, and the functions that queries use."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import asyncpg

from osimages.odata.sql.migrations import APPLIED_STEPS, RECORD_STEP, STEP_TABLE, Migrations, SchemaError
from osimages.odata.sql.postgres.connections import UNAVAILABLE, positional
from osimages.odata.sql.store import StoreUnavailableError

# Of all who bring one database up to date at the same time, one does, and the others wait. Any number would do.
LOCK = "SELECT pg_advisory_xact_lock(4811739602211)"
_FUNCTIONS_TABLE = "CREATE TABLE IF NOT EXISTS schema_functions (digest TEXT NOT NULL PRIMARY KEY)"
_OLDEST_SERVER = 130_000

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def migrate(url: str, migrations: Migrations) -> int:
    """Apply the migrations that the database still needs, in one transaction; return how many there were.

    Raises SchemaError if the database is newer than this release or cannot be used, StoreUnavailableError if it does
    not answer.
    """
    connection = await connected(url)
    try:
        async with _creating(connection, url, migrations.command):
            # Nothing is created that is there: a server may run as a user who must not create.
            steps = migrations.pending("postgresql", await applied_steps(connection), shown(url))
            if steps:
                await connection.execute(STEP_TABLE)
            for step in steps:
                await connection.execute(step.sql)
                text, _ = positional(RECORD_STEP)
                applied_at = datetime.now(UTC).isoformat(timespec="seconds")
                await connection.execute(text, step.number, step.name, applied_at)
            await _update_functions(connection)
            return len(steps)
    finally:
        await connection.close()


async def create_functions(connection: Connection, url: str) -> None:
    """Create the functions that queries use, unless the database has them. Raises SchemaError."""
    async with _creating(connection, url, "the application"):
        await _update_functions(connection)


def shown(url: str) -> str:
    """Return a URL without its password."""
    bare = re.sub(r"(?<=://)([^:/?#@]*):.*@", r"\1:***@", url)
    return re.sub(r"(?<=[?&]password=)[^&]*", "***", bare)


async def connected(url: str) -> Connection:
    """A connection of its own. Raises SchemaError or StoreUnavailableError."""
    try:
        return await asyncpg.connect(url, timeout=10)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise SchemaError(f"The database {shown(url)} cannot be opened: {error}.") from None
    except (ValueError, asyncpg.ClientConfigurationError) as error:
        raise SchemaError(f"{shown(url)} is no URL of a database: {error}.") from None
    except UNAVAILABLE as error:
        raise StoreUnavailableError(
            f"The database {shown(url)} does not answer: {error or type(error).__name__}."
        ) from None


async def applied_steps(connection: Connection) -> frozenset[int]:
    """The numbers of the steps that were applied; none for a database that knows no steps."""
    known = await connection.fetchval("SELECT to_regclass('schema_step') IS NOT NULL")
    return frozenset(row[0] for row in await connection.fetch(APPLIED_STEPS)) if known else frozenset()


@contextlib.asynccontextmanager
async def _creating(connection: Connection, url: str, creator: str) -> AsyncIterator[None]:
    """A transaction that may create what the database lacks: one at a time, on a server that can be used."""
    try:
        async with connection.transaction():
            await _check_server(connection, shown(url))
            await connection.execute(LOCK)
            yield
    except asyncpg.InsufficientPrivilegeError as error:
        advice = f"GRANT CREATE, USAGE ON SCHEMA public to its user, or run `{creator}` as one who may."
        raise SchemaError(f"The database {shown(url)} cannot be brought up to date: {error}. {advice}") from None
    except asyncpg.PostgresError as error:
        raise SchemaError(f"The database {shown(url)} cannot be brought up to date: {error}.") from None


async def _update_functions(connection: Connection) -> None:
    functions = _functions()
    digest = hashlib.sha256(functions.encode()).hexdigest()
    if not await _have_functions(connection, digest):
        for sql in (_FUNCTIONS_TABLE, "DELETE FROM schema_functions", functions):
            await connection.execute(sql)
        await connection.execute("INSERT INTO schema_functions (digest) VALUES ($1)", digest)


async def _have_functions(connection: Connection, digest: str) -> bool:
    if not await connection.fetchval("SELECT to_regclass('schema_functions') IS NOT NULL"):
        return False
    return bool(await connection.fetchval("SELECT count(*) FROM schema_functions WHERE digest = $1", digest))


@cache
def _functions() -> str:
    return files("osimages.odata.sql.postgres").joinpath("functions.sql").read_text(encoding="utf-8")


async def _check_server(connection: Connection, where: str) -> None:
    version = int(await connection.fetchval("SHOW server_version_num"))
    if version < _OLDEST_SERVER:
        raise SchemaError(f"The database {where} is PostgreSQL {version // 10_000}: version 13 or later is needed.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise SchemaError(
            f"The database {where} has the encoding {encoding}. Create one that can hold every text: "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0."
        )
    if not await connection.fetchval("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'"):
        raise SchemaError(f"The database {where} was built without ICU, by which texts are put in lower case.")

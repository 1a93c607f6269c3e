"""A PostgreSQL database: several servers may share it, and it may lie on another machine."""

from __future__ import annotations

import secrets

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import dialect

from osimages.odata.model.types import Model
from osimages.odata.sql import changes
from osimages.odata.sql.migrations import Migrations
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.postgres.connections import Connections
from osimages.odata.sql.postgres.migrate import LOCK, applied_steps, connected, create_functions, shown
from osimages.odata.sql.postgres.store import PostgresStore
from osimages.odata.sql.store import USUAL_LIMITS, DatabaseLimits
from osimages.odata.sql.table_creation import create_tables
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Result, Script, Statement

_REVISION = "SELECT last_change, created_at FROM tenant WHERE tenant = :tenant"


class PostgresDatabase:
    """One database on a PostgreSQL server, with a bounded pool of connections."""

    answers_at_once = False

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @classmethod
    async def open(
        cls,
        url: str,
        migrations: Migrations | None = None,
        limits: DatabaseLimits = USUAL_LIMITS,
        observer: PoolObserver = UNOBSERVED,
    ) -> PostgresDatabase:
        """Connect. `observer` receives the events of the pool.

        Raises OldSchemaError if one of `migrations` was not applied, SchemaError, or StoreUnavailableError.
        """
        connection = await connected(url)
        try:
            if migrations is not None:
                migrations.check("postgresql", await applied_steps(connection), shown(url))
            else:
                await create_functions(connection, url)
        finally:
            await connection.close()
        return cls(await Connections.open(url, limits, observer))

    def store(self, model: Model, tables: EntityTables) -> PostgresStore:
        """The entities of one type."""
        return PostgresStore(self, self._connections, model, tables)

    async def change(self, steps: Script[Result]) -> Result:
        """Runs the steps in one transaction; their result, once it is committed."""
        return await self._connections.change(steps)

    async def read(self, steps: Script[Result]) -> Result:
        """Runs steps that change nothing; all of them see the database at one moment."""
        return await self._connections.read(steps)

    async def revision(self, tenant: str) -> tuple[int, str] | None:
        """Return the number of a tenant's last change, and when the tenant was added; None for an unknown tenant."""
        rows = await self._connections.rows(_REVISION, {"tenant": tenant})
        return (rows[0][0], rows[0][1]) if rows else None

    async def create_tables(self, metadata: MetaData) -> None:
        """Create the declared tables and indexes that the database has not."""
        await self.change(_created(metadata))

    async def secret(self, name: str) -> bytes:
        """A random key of this installation, made when it is first asked for."""
        return await self.change(changes.secret(name, secrets.token_bytes(32)))

    async def close(self) -> None:
        """Ends all connections, after what is under way."""
        await self._connections.close()


def _created(metadata: MetaData) -> Script[None]:
    yield Statement(LOCK)
    yield from create_tables(metadata, dialect(paramstyle="named"))  # type: ignore[no-untyped-call]

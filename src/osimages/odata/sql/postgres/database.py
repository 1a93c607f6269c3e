"""A PostgreSQL database: several servers may share it, and it may lie on another machine."""

from __future__ import annotations

import secrets

from osimages.odata.model.types import Model
from osimages.odata.plan.query import Tenant
from osimages.odata.sql import changes
from osimages.odata.sql.migration_steps import OldSchemaError
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.postgres.connections import Connections, Limits
from osimages.odata.sql.postgres.migrate import connected, needed
from osimages.odata.sql.postgres.store import PostgresStore
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Result, Steps

_TENANT = "SELECT tenant, name, licensed, catalogue, published FROM tenant WHERE tenant = :tenant"
_REVISION = "SELECT last_change, created_at FROM tenant WHERE tenant = :tenant"


class PostgresDatabase:
    """One database on a PostgreSQL server, with a bounded pool of connections."""

    answers_at_once = False

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @classmethod
    async def open(cls, url: str, shown: str, limits: Limits, observer: PoolObserver = UNOBSERVED) -> PostgresDatabase:
        """Connects. `shown` is the URL without its password; `observer` receives the events of the pool.

        Raises SchemaError when the database was not migrated, StoreUnavailableError when it does not answer.
        """
        connection = await connected(url, shown)
        try:
            if await needed(connection, shown):
                raise OldSchemaError(f"The database {shown} is older than this release. Run `osimages db migrate`.")
        finally:
            await connection.close()
        return cls(await Connections.open(url, limits, observer))

    def store(self, model: Model, tables: EntityTables) -> PostgresStore:
        """The entities of one type."""
        return PostgresStore(self, self._connections, model, tables)

    async def change(self, steps: Steps[Result]) -> Result:
        """Runs the steps in one transaction; their result, once it is committed."""
        return await self._connections.change(steps)

    async def read(self, steps: Steps[Result]) -> Result:
        """Runs steps that change nothing; all of them see the database at one moment."""
        return await self._connections.read(steps)

    async def tenant(self, tenant: str) -> Tenant | None:
        """The tenant, if it is known."""
        rows = await self._connections.rows(_TENANT, {"tenant": tenant})
        return Tenant(*rows[0]) if rows else None

    async def revision(self, tenant: str) -> tuple[int, str] | None:
        """Return the number of a tenant's last change, and when the tenant was added; None for an unknown tenant."""
        rows = await self._connections.rows(_REVISION, {"tenant": tenant})
        return (rows[0][0], rows[0][1]) if rows else None

    async def add_tenant(self, tenant: Tenant) -> None:
        """Adds a tenant; nothing happens when it is there already."""
        await self.change(changes.add_tenant(tenant))

    async def secret(self, name: str) -> bytes:
        """A random key of this installation, made when it is first asked for."""
        return await self.change(changes.secret(name, secrets.token_bytes(32)))

    def expect_reads(self) -> None:
        """Nothing has to be prepared."""

    async def close(self) -> None:
        """Ends all connections, after what is under way."""
        await self._connections.close()

"""What the service asks of a database and of the stores in it; each database answers in its own way, and all alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from sqlalchemy import MetaData

from osimages.odata.model.types import Model
from osimages.odata.plan.query import CollectionPlan, DeltaPage, DeltaPlan, Page, Stored
from osimages.odata.sql.changes import Changes
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Result, Script
from osimages.odata.sql.writes import Condition, NewValues


class StoreUnavailableError(Exception):
    """The database cannot answer now; the text says why."""


class DatabaseGoneError(StoreUnavailableError):
    """The file of the database was deleted or replaced: what is written would be lost."""


class QueryTimeoutError(Exception):
    """A query that took longer than it may: so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the query took longer than {seconds:g} seconds")


class DatabaseLimits(msgspec.Struct, frozen=True):
    """Limits of a database; times are in seconds.

    `connections` is the size of the pool of a server, `wait_seconds` how long a connection or a lock is waited for, and
    `query_seconds` how long the query of a client may take.
    """

    connections: int = 10
    wait_seconds: float = 10.0
    query_seconds: float = 2.0


USUAL_LIMITS = DatabaseLimits()


class Store(Protocol):
    """Entities of one type. Every call names the tenant."""

    @property
    def changes(self) -> Changes:
        """The same writes as steps, for those who join several to one transaction."""

    async def get(self, tenant: str, key: str) -> Stored | None:
        """The entity with that key."""

    async def get_all(self, tenant: str, keys: Sequence[str]) -> Mapping[str, Stored]:
        """Those entities of the keys that are there, all of one moment."""

    async def page(self, tenant: str, plan: CollectionPlan) -> Page:
        """One page, and the total where the plan asks for it."""

    async def count(self, tenant: str, plan: CollectionPlan) -> int:
        """How many entities fulfil the plan's condition."""

    async def delta(self, tenant: str, plan: DeltaPlan) -> DeltaPage:
        """One page of what changed, in the order of the changes."""

    async def create(self, tenant: str, key: str, properties: Mapping[str, object]) -> Stored:
        """Adds an entity. Raises KeyTakenError."""

    async def update(self, tenant: str, key: str, changes: NewValues, condition: Condition | None) -> Stored | None:
        """Replaces the given properties; None when there is no such entity. A change that changes nothing is none."""

    async def put(
        self, tenant: str, key: str, changes: NewValues, whole: Mapping[str, object], condition: Condition | None
    ) -> tuple[Stored, bool]:
        """Replaces the given properties, or adds the `whole` entity where there is none; whether it was added."""

    async def remove(self, tenant: str, key: str, condition: Condition | None) -> bool:
        """Takes an entity away; False when there is no such entity."""


class Database(Protocol):
    """Tenants, their entities of every type, and what belongs to the installation, all in one place.

    Every method raises StoreUnavailableError where the database cannot answer now. `answers_at_once` says that hardly
    a read waits for anything, so that little is won by asking for several at a time.
    """

    answers_at_once: bool

    def store(self, model: Model, tables: EntityTables) -> Store:
        """The entities of one type."""

    async def change(self, steps: Script[Result]) -> Result:
        """Runs the steps in one transaction; their result, once it is committed.

        What the steps raise undoes them. Changes of several types belong together when their steps do:
        `odata/sql/changes.py`.
        """

    async def read(self, steps: Script[Result]) -> Result:
        """Runs steps that change nothing; all of them see the database at one moment.

        For what the service itself looks up: no limit of time holds for it, as it does for what clients ask.
        """

    async def revision(self, tenant: str) -> tuple[int, str] | None:
        """Return the number of a tenant's last change, and when the tenant was added; None for an unknown tenant.

        Every change of its entities of any type raises the number. A read that begins later sees this revision or a
        newer one.
        """

    async def create_tables(self, metadata: MetaData) -> None:
        """Create the declared tables and indexes that the database has not, for an application without migrations.

        Raises SchemaError for a table that is there with other columns.
        """

    async def secret(self, name: str) -> bytes:
        """A random key of this installation, made when it is first asked for."""

    async def close(self) -> None:
        """Ends all connections, after what is under way."""

"""The SQLite store: reads at once on the event loop's thread, writes through one writer.

WAL lets readers go on while one writes; synchronous FULL makes what was acknowledged survive a kill or power cut.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import apsw

from osimages.edm.types import Model
from osimages.plan.expressions import AnyItem, Condition
from osimages.plan.query import CollectionPlan, Page, Shape, Stored, Tenant
from osimages.storage import sqlite_write
from osimages.storage.migrate import SchemaError, pending
from osimages.storage.render import driving_candidates
from osimages.storage.sqlite_file import USUAL_WAIT_SECONDS, connect, newest_step
from osimages.storage.sqlite_functions import register
from osimages.storage.sqlite_render import SqliteRenderer
from osimages.storage.store import Condition as WriteCondition
from osimages.storage.store import QueryTimeoutError, StoreUnavailableError
from osimages.storage.tables import EntityTables
from osimages.storage.writer import Job, Result, Writer

_USUAL_QUERY_SECONDS = 2.0
# How many steps of SQLite's virtual machine (some milliseconds) pass between two looks at the clock.
_STEPS_BETWEEN_LOOKS = 50_000
# A page ends early, with a link to the next one, where its images are very large.
_MOST_BYTES = 16 * 1024 * 1024
# A lambda with fewer matching items than this is where a query starts; broader ones are asked of each row in order.
_FEW_ITEMS = 400
# What passes by itself, or when somebody makes room; everything else is a fault of this program.
_UNAVAILABLE = (apsw.BusyError, apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)
_TENANT = "SELECT tenant, name, licensed, catalogue, published FROM tenant WHERE tenant = ?"


class SqliteStore:
    """Entities of one type in one SQLite file. Raises SchemaError when the file was not migrated."""

    def __init__(
        self,
        path: Path,
        model: Model,
        tables: EntityTables,
        wait_seconds: float = USUAL_WAIT_SECONDS,
        query_seconds: float = _USUAL_QUERY_SECONDS,
    ) -> None:
        with contextlib.ExitStack() as on_failure:
            self._reader = connect(path, wait_seconds)
            on_failure.callback(self._reader.close)
            register(self._reader)
            if pending("sqlite", newest_step(self._reader), str(path)):
                raise SchemaError(f"The database {path} is older than this release. Run `osimages db migrate`.")
            self._writer = Writer(lambda: connect(path, wait_seconds), _same_file(path))
            on_failure.pop_all()
        self._query_seconds = query_seconds
        self._deadline = 0.0
        self._reader.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)
        self._renderer = SqliteRenderer(tables)
        self._changes = sqlite_write.Changes(model, tables)
        self._page_sql = lru_cache(256)(self._renderer.page)
        self._count_sql = lru_cache(256)(self._renderer.count)
        self._probe_sql = lru_cache(256)(self._renderer.probe)
        self._get = self._changes.statements.get

    async def get(self, tenant: str, key: str) -> Stored | None:
        """The entity with that key."""
        row = self._one(self._get, {"tenant": tenant, "id": key})
        return None if row is None else Stored(row[0], row[1])

    async def page(self, tenant: str, plan: CollectionPlan) -> Page:
        """One page, and the total where the plan asks for it, both of the same moment."""
        values = _values(tenant, plan)
        driving = self._driving(plan.shape.condition, values)
        if not plan.count:
            return self._page(plan.shape, driving, plan.limit, values, None)
        with self._snapshot():
            total = self._number(self._count_sql(plan.shape.condition, driving), values)
            return self._page(plan.shape, driving, plan.limit, values, total)

    async def count(self, tenant: str, plan: CollectionPlan) -> int:
        """How many entities fulfil the plan's condition."""
        values = _values(tenant, plan)
        driving = self._driving(plan.shape.condition, values)
        return self._number(self._count_sql(plan.shape.condition, driving), values)

    async def create(self, tenant: str, key: str, properties: Mapping[str, object]) -> Stored:
        """Adds an entity. Raises KeyTakenError."""
        return await self._write(lambda connection: self._changes.create(connection, tenant, key, properties))

    async def update(
        self, tenant: str, key: str, changes: Mapping[str, object], condition: WriteCondition | None
    ) -> Stored | None:
        """Replaces the given properties; None when there is no such entity."""
        return await self._write(lambda connection: self._changes.update(connection, tenant, key, changes, condition))

    async def remove(self, tenant: str, key: str, condition: WriteCondition | None) -> bool:
        """Takes an entity away; False when there is no such entity."""
        return await self._write(lambda connection: self._changes.remove(connection, tenant, key, condition))

    async def tenant(self, tenant: str) -> Tenant | None:
        """The tenant, if it is known."""
        row = self._one(_TENANT, (tenant,))
        return None if row is None else Tenant(row[0], row[1], bool(row[2]), row[3], row[4])

    async def add_tenant(self, tenant: Tenant) -> None:
        """Adds a tenant; nothing happens when it is there already."""
        await self._write(lambda connection: sqlite_write.add_tenant(connection, tenant))

    async def publish(self, tenant: str, images: Mapping[str, Mapping[str, object]], label: str) -> int:
        """Brings the published images of a tenant up to date, never touching what the tenant made its own."""
        return await self._write(lambda connection: self._changes.publish(connection, tenant, images, label))

    async def secret(self, name: str) -> bytes:
        """A random key of this installation, made when it is first asked for."""
        made = secrets.token_bytes(32)
        return await self._write(lambda connection: sqlite_write.secret(connection, name, made))

    def close(self) -> None:
        """Ends all connections, after what is under way."""
        self._writer.close()
        self._reader.close()

    def _page(self, shape: Shape, driving: AnyItem | None, limit: int, values: Any, total: int | None) -> Page:
        rows, more = self._some(self._page_sql(shape, driving), values, limit) if limit else ([], False)
        beside = 2 + len(shape.order)
        last = (*rows[-1][2:beside], rows[-1][0]) if rows else None
        computed = tuple(row[beside:] for row in rows) if shape.computed else ()
        return Page(tuple(row[1] for row in rows), last, more, total, computed)

    def _driving(self, condition: Condition | None, values: Mapping[str, object]) -> AnyItem | None:
        """The lambda with the fewest matching items, if any has few; a probe reads at most that few."""
        found: AnyItem | None = None
        fewest = _FEW_ITEMS
        for candidate in driving_candidates(condition):
            matching = self._number(self._probe_sql(candidate), {**values, "most": _FEW_ITEMS})
            if matching < fewest:
                found, fewest = candidate, matching
        return found

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._reader.execute("BEGIN")
        try:
            yield
        finally:
            if self._reader.in_transaction:  # SQLite ends it by itself after some errors
                self._reader.execute("COMMIT")

    def _number(self, sql: str, values: Any) -> int:
        return int(self._one(sql, values)[0])

    def _one(self, sql: str, values: Any) -> Any:
        self._deadline = time.monotonic() + self._query_seconds
        try:
            return self._reader.execute(sql, values).fetchone()
        except apsw.Error as error:
            raise self._told(error) from error

    def _some(self, sql: str, values: Any, limit: int) -> tuple[list[Any], bool]:
        """At most `limit` rows, and no more than fit into one answer; and whether there are others."""
        rows: list[Any] = []
        size = 0
        self._deadline = time.monotonic() + self._query_seconds
        try:
            for row in self._reader.execute(sql, values):
                if len(rows) == limit or size > _MOST_BYTES:
                    return rows, True
                rows.append(row)
                size += len(row[1])
        except apsw.Error as error:
            raise self._told(error) from error
        return rows, False

    def _told(self, error: apsw.Error) -> Exception:
        """What went wrong, in the words of the store."""
        if isinstance(error, apsw.InterruptError):
            return QueryTimeoutError(self._query_seconds)
        return StoreUnavailableError(str(error)) if isinstance(error, _UNAVAILABLE) else error

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    async def _write(self, job: Job[Result]) -> Result:
        try:
            return await self._writer.run(job)
        except _UNAVAILABLE as error:
            raise StoreUnavailableError(str(error)) from error


def _same_file(path: Path) -> Callable[[], None]:
    """What raises StoreUnavailableError where the opened file is not there any more: what is written would be lost."""
    opened = path.stat()

    def check() -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            raise StoreUnavailableError(f"the database file {path} was deleted") from None
        if (found.st_ino, found.st_dev) != (opened.st_ino, opened.st_dev):
            raise StoreUnavailableError(f"the database file {path} was replaced: restart the server")

    return check


def _values(tenant: str, plan: CollectionPlan) -> dict[str, object]:
    values: dict[str, object] = {f"c{number}": value for number, value in enumerate(plan.constants)}
    values.update(tenant=tenant, limit=plan.limit + 1, skip=plan.skip)
    if plan.after:
        *terms, values["after"] = plan.after
        values.update((f"after{number}", value) for number, value in enumerate(terms))
    return values

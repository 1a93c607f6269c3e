"""Entities of one type in an SQLite database."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy.dialects.sqlite import dialect

from osimages.edm.types import Model
from osimages.plan.expressions import AnyItem, Condition
from osimages.plan.query import CollectionPlan, DeltaPage, DeltaPlan, Page, Shape, Stored
from osimages.storage.entity_store import EntityStore, delta_page_of, delta_parameters, page_of, parameters
from osimages.storage.render import driving_candidates
from osimages.storage.sqlite_reader import SqliteReader
from osimages.storage.sqlite_render import SqliteRenderer
from osimages.storage.statements import Statements
from osimages.storage.store import Database
from osimages.storage.tables import EntityTables

# A lambda with fewer matching items than this is where a query starts; broader ones are asked of each row in order.
_FEW_ITEMS = 400


class SqliteStore(EntityStore):
    """Reads with the reader of the database it belongs to, at once."""

    def __init__(self, database: Database, reader: SqliteReader, model: Model, tables: EntityTables) -> None:
        statements = Statements(tables, dialect(paramstyle="named"), row_locks=False)
        super().__init__(database, model, tables, statements)
        self._reader = reader
        self._one = reader.one
        renderer = SqliteRenderer(tables)
        self._page_sql = lru_cache(256)(renderer.page)
        self._count_sql = lru_cache(256)(renderer.count)
        self._probe_sql = lru_cache(256)(renderer.probe)
        self._delta_sql = lru_cache(64)(renderer.delta)
        self._get = statements.get
        self._last_change = statements.last_change

    async def get(self, tenant: str, key: str) -> Stored | None:
        """The entity with that key."""
        row = self._one(self._get, {"tenant": tenant, "id": key})
        return None if row is None else Stored(row[0], row[1])

    async def page(self, tenant: str, plan: CollectionPlan) -> Page:
        """One page, and the total where the plan asks for it, both of the same moment."""
        values = parameters(tenant, plan)
        driving = self._driving(plan.shape.condition, values)
        if not plan.count:
            return self._page(plan.shape, driving, plan.limit, values, None)
        with self._reader.snapshot():
            total = self._number(self._count_sql(plan.shape.condition, driving, plan.shape.rows), values)
            return self._page(plan.shape, driving, plan.limit, values, total)

    async def count(self, tenant: str, plan: CollectionPlan) -> int:
        """How many entities fulfil the plan's condition."""
        values = parameters(tenant, plan)
        driving = self._driving(plan.shape.condition, values)
        return self._number(self._count_sql(plan.shape.condition, driving, plan.shape.rows), values)

    async def delta(self, tenant: str, plan: DeltaPlan) -> DeltaPage:
        """One page of what changed, in the order of the changes."""
        with self._reader.snapshot():
            newest = self._number(self._last_change, {"tenant": tenant})
            values = delta_parameters(tenant, plan, newest)
            rows, more = self._reader.some(self._delta_sql(plan.condition, plan.computed), values, plan.limit)
        return delta_page_of(rows, plan, more, newest)

    def _page(self, shape: Shape, driving: AnyItem | None, limit: int, values: Any, total: int | None) -> Page:
        rows, more = self._reader.some(self._page_sql(shape, driving), values, limit) if limit else ([], False)
        return page_of(rows, shape, more, total)

    def _driving(self, condition: Condition | None, values: Mapping[str, object]) -> AnyItem | None:
        """The lambda with the fewest matching items, if any has few; a probe reads at most that few."""
        found: AnyItem | None = None
        fewest = _FEW_ITEMS
        for candidate in driving_candidates(condition):
            matching = self._number(self._probe_sql(candidate), {**values, "most": _FEW_ITEMS})
            if matching < fewest:
                found, fewest = candidate, matching
        return found

    def _number(self, sql: str, values: Any) -> int:
        return int(self._one(sql, values)[0])

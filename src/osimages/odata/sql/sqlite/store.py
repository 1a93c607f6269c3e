"""Entities of one type in an SQLite database."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.sqlite import dialect

from osimages.odata.cache import SqlCache
from osimages.odata.model.keys import column_of_key, key_of_column
from osimages.odata.model.types import Model
from osimages.odata.plan.constants import Pattern
from osimages.odata.plan.expressions import Condition, Exists, Value
from osimages.odata.plan.query import CollectionPlan, DeltaPage, DeltaPlan, Page, Shape, Stored
from osimages.odata.sql.entity_store import EntityStore, delta_page_of, delta_parameters, page_of, parameters
from osimages.odata.sql.rendering import driving_candidates
from osimages.odata.sql.sqlite.patterns import bind_patterns
from osimages.odata.sql.sqlite.reader import SqliteReader
from osimages.odata.sql.sqlite.reads import Read, Result, SqliteReads
from osimages.odata.sql.sqlite.rendering import SqliteRenderer
from osimages.odata.sql.statements import Listing, Statements
from osimages.odata.sql.store import Database
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Values

# SQLite has no arrays; its function json_each gives the items of one in JSON as rows.
LISTING = Listing(
    lambda column: column.in_(text("SELECT value FROM json_each(:ids)")),
    lambda keys: msgspec.json.encode(list(keys)).decode(),
)
# A lambda with fewer matching items than this is where a query starts; broader ones are asked of each row in order.
# That ends with the page, but not where all are counted: then it is worth while to start from more items.
_FEW_ITEMS = 400
_FEW_TO_COUNT = 4_000
_SHAPES_KEPT = 512


class Probe(NamedTuple):
    """A lambda that a query may start from, with the SQL for whether many items match it, and for how many do."""

    item: Exists
    beyond: str
    items: str


class SqliteStore(EntityStore):
    """Reads single entities with the reader of its database, at once, and runs queries as `reads` decides."""

    def __init__(
        self, database: Database, reader: SqliteReader, reads: SqliteReads, model: Model, tables: EntityTables
    ) -> None:
        statements = Statements(tables, dialect(paramstyle="named"), row_locks=False, listing=LISTING)
        super().__init__(database, model, tables, statements)
        self._entity = tables.entity
        self._one = reader.one
        self._every = reader.every
        self._reads = reads
        self._renderer = SqliteRenderer(tables)
        self._sql = SqlCache[str](_SHAPES_KEPT, len)
        self._probes = SqlCache[tuple[Probe, ...]](_SHAPES_KEPT, _length)
        self._get = statements.get
        self._get_all = statements.get_all
        self._last_change = statements.last_change

    async def get(self, tenant: str, key: str) -> Stored | None:
        """The entity with that key."""
        # By their order, which is quicker than by their names.
        row = self._one(self._get, (tenant, column_of_key(self._entity, key)))
        return None if row is None else Stored(row[0], row[1])

    async def get_all(self, tenant: str, keys: Sequence[str]) -> Mapping[str, Stored]:
        """Those entities of the keys that are there."""
        rows = self._every(
            self._get_all, {"tenant": tenant, "ids": LISTING.ids([column_of_key(self._entity, key) for key in keys])}
        )
        return {key_of_column(self._entity, row[0]): Stored(row[1], row[2]) for row in rows}

    async def page(self, tenant: str, plan: CollectionPlan) -> Page:
        """One page, and the total where the plan asks for it, both of the same moment."""
        kind = ("page", tenant, plan.shape, plan.count)
        return await self._run(kind, plan, lambda reader: self._page(reader, tenant, plan), tenant)

    async def count(self, tenant: str, plan: CollectionPlan) -> int:
        """How many entities fulfil the plan's condition."""
        kind = ("count", tenant, plan.shape)
        return await self._run(kind, plan, lambda reader: self._count(reader, tenant, plan), tenant)

    async def delta(self, tenant: str, plan: DeltaPlan) -> DeltaPage:
        """One page of what changed, in the order of the changes."""
        kind = ("delta", tenant, plan.condition, plan.computed)
        return await self._run(kind, plan, lambda reader: self._delta(reader, tenant, plan), tenant)

    async def _run(self, kind: Hashable, plan: CollectionPlan | DeltaPlan, read: Read[Result], tenant: str) -> Result:
        """Return the rows of a query. Patterns are compiled and matched on a thread: neither can be interrupted."""
        has_patterns = any(isinstance(each, Pattern) for each in plan.constants)
        return await self._reads.run(kind, read, tenant, at_once=not has_patterns)

    def _page(self, reader: SqliteReader, tenant: str, plan: CollectionPlan) -> Page:
        shape, total = plan.shape, None
        values = bind_patterns(parameters(tenant, plan))
        driving = self._driving(reader, shape, values, _FEW_TO_COUNT if plan.count else _FEW_ITEMS)
        if not plan.count:
            return self._some(reader, plan, driving, values, None)
        with reader.snapshot():
            total = _number(reader, self._count_sql(shape, driving), values)
            return self._some(reader, plan, driving, values, total)

    def _some(
        self, reader: SqliteReader, plan: CollectionPlan, driving: Exists | None, values: Values, total: int | None
    ) -> Page:
        if not plan.limit:
            return page_of([], plan.shape, False, total)
        rows, more = reader.some(self._page_sql(plan.shape, driving), values, plan.limit, plan.most_bytes)
        return page_of(rows, plan.shape, more, total)

    def _count(self, reader: SqliteReader, tenant: str, plan: CollectionPlan) -> int:
        shape = plan.shape
        values = bind_patterns(parameters(tenant, plan))
        driving = self._driving(reader, shape, values, _FEW_TO_COUNT)
        return _number(reader, self._count_sql(shape, driving), values)

    def _delta(self, reader: SqliteReader, tenant: str, plan: DeltaPlan) -> DeltaPage:
        values = bind_patterns(delta_parameters(tenant, plan))
        sql = self._delta_sql(plan.condition, plan.computed)
        with reader.snapshot():
            newest = _number(reader, self._last_change, {"tenant": tenant})
            values = {**values, "known": plan.known_from(newest)}
            rows, more = reader.some(sql, values, plan.limit, plan.most_bytes)
        return delta_page_of(self._entity, rows, plan, more, newest)

    def _page_sql(self, shape: Shape, driving: Exists | None) -> str:
        return self._sql.get(("page", shape, driving), lambda: self._renderer.page(shape, driving))

    def _count_sql(self, shape: Shape, driving: Exists | None) -> str:
        render = lambda: self._renderer.count(shape.condition, driving, shape.rows)  # noqa: E731
        return self._sql.get(("count", shape, driving), render)

    def _delta_sql(self, condition: Condition | None, computed: tuple[Value, ...]) -> str:
        render = lambda: self._renderer.delta(condition, computed)  # noqa: E731
        return self._sql.get(("delta", condition, computed), render)

    def _driving(self, reader: SqliteReader, shape: Shape, values: Values, few: int) -> Exists | None:
        """Return the lambda with the fewest matching items, if any has less than `few`."""
        probes = self._probes.get(shape, lambda: self._rendered_probes(shape))
        if not probes:
            return None
        values = {**values, "most": few - 1}
        found = [each for each in probes if reader.one(each.beyond, values) is None]
        if len(found) > 1:
            return min(found, key=lambda each: _number(reader, each.items, values)).item
        return found[0].item if found else None

    def _rendered_probes(self, shape: Shape) -> tuple[Probe, ...]:
        beyond, items = self._renderer.beyond, self._renderer.items
        return tuple(Probe(each, beyond(each), items(each)) for each in driving_candidates(shape.condition))


def _length(probes: tuple[Probe, ...]) -> int:
    return sum(len(each.beyond) + len(each.items) for each in probes)


def _number(reader: SqliteReader, sql: str, values: Values) -> int:
    return int(reader.one(sql, values)[0])

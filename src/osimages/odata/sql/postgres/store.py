"""Entities of one type in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asyncpg import Record
from sqlalchemy import any_, bindparam
from sqlalchemy.dialects.postgresql import dialect

from osimages.odata.cache import SqlCache
from osimages.odata.model.keys import column_of_key, key_of_column
from osimages.odata.model.types import Model
from osimages.odata.plan.expressions import Condition, Value
from osimages.odata.plan.query import CollectionPlan, DeltaPage, DeltaPlan, Page, Shape, Stored
from osimages.odata.sql.entity_store import EntityStore, delta_page_of, delta_parameters, page_of, parameters, row_bytes
from osimages.odata.sql.postgres.connections import Connection, Connections, fetch, positional
from osimages.odata.sql.postgres.patterns import PostgresPatterns
from osimages.odata.sql.postgres.rendering import PostgresRenderer
from osimages.odata.sql.statements import Listing, Statements
from osimages.odata.sql.store import Database
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Values

# So many rows are fetched before it is known how large they are.
_FIRST_ROWS = 25
_SHAPES_KEPT = 1024

# PostgreSQL takes no text with that character, and no key holds it.
_LISTING = Listing(
    lambda column: column == any_(bindparam("ids")),
    lambda keys: [key for key in keys if not isinstance(key, str) or "\0" not in key],
)

Types = tuple[type, ...]


class PostgresStore(EntityStore):
    """Reads with any connection of the database it belongs to."""

    def __init__(self, database: Database, connections: Connections, model: Model, tables: EntityTables) -> None:
        named = dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        statements = Statements(tables, named, row_locks=True, listing=_LISTING)
        super().__init__(database, model, tables, statements)
        self._connections = connections
        self._patterns = PostgresPatterns(connections)
        self._tables = tables
        self._entity = tables.entity
        self._get = statements.get
        self._get_all = statements.get_all
        self._last_change = statements.last_change
        self._sql = SqlCache[str](_SHAPES_KEPT, len)

    async def get(self, tenant: str, key: str) -> Stored | None:
        """The entity with that key."""
        if "\0" in key:  # PostgreSQL takes no such text, and no key holds that character
            return None
        rows = await self._connections.rows(self._get, {"tenant": tenant, "id": column_of_key(self._entity, key)})
        return Stored(rows[0][0], rows[0][1]) if rows else None

    async def get_all(self, tenant: str, keys: Sequence[str]) -> Mapping[str, Stored]:
        """Those entities of the keys that are there."""
        rows = await self._connections.rows(
            self._get_all, {"tenant": tenant, "ids": _LISTING.ids([column_of_key(self._entity, key) for key in keys])}
        )
        return {key_of_column(self._entity, row[0]): Stored(row[1], row[2]) for row in rows}

    async def page(self, tenant: str, plan: CollectionPlan) -> Page:
        """One page, and the total where the plan asks for it, both of the same moment."""
        types = tuple(map(type, plan.constants))
        sql = self._page_sql(plan.shape, types)
        turn = self._patterns.turn(tenant, parameters(tenant, plan))
        if not plan.count and 0 < plan.limit <= _FIRST_ROWS:
            async with turn as values:
                rows = await self._connections.rows(sql, values)
            kept = _fitting(rows, plan.limit, plan.most_bytes)
            return page_of(kept, plan.shape, len(rows) > len(kept), None)
        async with turn as values, self._connections.snapshot() as connection:
            total = None
            if plan.count:
                total = (await fetch(connection, self._count_sql(plan.shape, types), values))[0][0]
            if not plan.limit:
                return page_of([], plan.shape, False, total)
            found, more = await _some(connection, sql, values, plan.limit, plan.most_bytes)
        return page_of(found, plan.shape, more, total)

    async def count(self, tenant: str, plan: CollectionPlan) -> int:
        """How many entities fulfil the plan's condition."""
        sql = self._count_sql(plan.shape, tuple(map(type, plan.constants)))
        async with self._patterns.turn(tenant, parameters(tenant, plan)) as values:
            rows = await self._connections.rows(sql, values)
        return int(rows[0][0])

    async def delta(self, tenant: str, plan: DeltaPlan) -> DeltaPage:
        """One page of what changed, in the order of the changes.

        A tenant's changes are numbered under the lock of its row until they are committed: whoever sees a change sees
        all with smaller numbers.
        """
        sql = self._delta_sql(plan.condition, plan.computed, tuple(map(type, plan.constants)))
        turn = self._patterns.turn(tenant, delta_parameters(tenant, plan))
        async with turn as values, self._connections.snapshot() as connection:
            found = await fetch(connection, self._last_change, {"tenant": tenant})
            newest = int(found[0][0])
            numbered = {**values, "known": plan.known_from(newest)}
            rows, more = await _some(connection, sql, numbered, plan.limit, plan.most_bytes)
        return delta_page_of(self._entity, rows, plan, more, newest)

    def _page_sql(self, shape: Shape, types: Types) -> str:
        return self._sql.get(("page", shape, types), lambda: self._renderer(types).page(shape, None))

    def _count_sql(self, shape: Shape, types: Types) -> str:
        render = lambda: self._renderer(types).count(shape.condition, None, shape.rows)  # noqa: E731
        return self._sql.get(("count", shape, types), render)

    def _delta_sql(self, condition: Condition | None, computed: tuple[Value, ...], types: Types) -> str:
        render = lambda: self._renderer(types).delta(condition, computed)  # noqa: E731
        return self._sql.get(("delta", condition, computed, types), render)

    def _renderer(self, types: Types) -> PostgresRenderer:
        return PostgresRenderer(self._tables, types)


async def _some(
    connection: Connection, sql: str, values: Values, limit: int, most_bytes: int
) -> tuple[Sequence[Record], bool]:
    """Return at most `limit` rows, up to the one that reaches `most_bytes`, and whether there are others.

    The first rows tell how large the others may be, so that those are fetched at once where there is room for them.
    """
    text, names = positional(sql)
    cursor = await connection.cursor(text, *[values[name] for name in names])
    found: list[Record] = []
    size, room = 0, _FIRST_ROWS
    while len(found) <= limit and size < most_bytes:
        wanted = min(limit + 1 - len(found), max(1, room))
        rows = await cursor.fetch(wanted)
        found += rows
        if len(rows) < wanted:
            break
        size += sum(row_bytes(row) for row in rows)
        room = (most_bytes - size) * len(found) // max(1, size)
    kept = _fitting(found, limit, most_bytes)
    return kept, len(kept) < len(found) or bool(await cursor.fetch(1))


def _fitting(rows: Sequence[Record], limit: int, most_bytes: int) -> Sequence[Record]:
    size = 0
    for number, row in enumerate(rows):
        if number == limit or size >= most_bytes:
            return rows[:number]
        size += row_bytes(row)
    return rows

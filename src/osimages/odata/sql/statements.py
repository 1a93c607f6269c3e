"""The fixed statements that write and read single entities and tenants, rendered once for each database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.engine import Dialect

from osimages.odata.sql.tables import TENANT, EntityTables


class Listing(NamedTuple):
    """How a database is asked for rows of several keys: the condition that a column's value is one of those in the
    parameter `ids`, and what that parameter is for some keys.
    """

    condition: Callable[[ColumnElement[Any]], ColumnElement[bool]]
    ids: Callable[[Iterable[object]], object]


class Statements:
    """SQL text with named parameters for one entity type and one database.

    `row_locks` tells that others may write at the same time, so that a tenant has to be locked before it is changed.
    """

    def __init__(
        self,
        tables: EntityTables,
        dialect: Dialect,
        *,
        row_locks: bool,
        listing: Listing,
    ) -> None:
        main, removed = tables.main, tables.removed

        def text(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        own = (main.c.tenant == bindparam("tenant"), main.c.id == bindparam("id"))
        own_tenant = TENANT.c.tenant == bindparam("tenant")
        self.lock = text(select(TENANT.c.tenant).where(own_tenant).with_for_update()) if row_locks else None
        self.get = text(select(main.c.version, main.c.document).where(*own))
        of_tenant = main.c.tenant == bindparam("tenant")
        listed = (of_tenant, listing.condition(main.c.id))
        self.get_all = text(select(main.c.id, main.c.version, main.c.document).where(*listed))
        self.marked = {each: text(select(main.c.id).where(of_tenant, main.c[each])) for each in tables.marks}
        self.create = text(insert(main))
        # SQLAlchemy keeps a column's own name for the new value, so the row to replace is found by `key`.
        self.replace = text(
            update(main)
            .where(main.c.tenant == bindparam("tenant"), main.c.id == bindparam("key"))
            .values({each.name: bindparam(each.name) for each in main.c if not each.primary_key})
        )
        self.remove = text(delete(main).where(*own))
        self.note_removal = text(insert(removed))
        self.forget_removal = text(
            delete(removed).where(removed.c.tenant == bindparam("tenant"), removed.c.id == bindparam("id"))
        )
        self.add_item = {name: text(insert(items.table)) for name, items in tables.items.items()}
        self.remove_items = {
            name: text(
                delete(items.table).where(
                    items.table.c.tenant == bindparam("tenant"), items.table.c.id == bindparam("id")
                )
            )
            for name, items in tables.items.items()
        }
        self.next_change = text(
            update(TENANT)
            .where(own_tenant)
            .values(last_change=TENANT.c.last_change + literal_column("1"))
            .returning(TENANT.c.last_change)
        )
        self.last_change = text(select(TENANT.c.last_change).where(own_tenant))

"""What the stores of all databases share: the changes, which go through the database that the store belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osimages.odata.model.keys import key_of_column
from osimages.odata.model.types import EntityType, Model
from osimages.odata.plan.query import Change, CollectionPlan, DeltaPage, DeltaPlan, Fate, Page, Shape, Stored
from osimages.odata.sql.changes import Changes
from osimages.odata.sql.statements import Statements
from osimages.odata.sql.store import Database
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.writes import Condition, NewValues


class EntityStore:
    """The half of a store that writes."""

    def __init__(self, database: Database, model: Model, tables: EntityTables, statements: Statements) -> None:
        self.database = database
        self._changes = Changes(model, tables, statements)

    @property
    def changes(self) -> Changes:
        """The same writes as steps, for those who join several to one transaction."""
        return self._changes

    async def create(self, tenant: str, key: str, properties: Mapping[str, object]) -> Stored:
        """Adds an entity. Raises KeyTakenError."""
        return await self.database.change(self.changes.create(tenant, key, properties))

    async def update(self, tenant: str, key: str, changes: NewValues, condition: Condition | None) -> Stored | None:
        """Replaces the given properties; None when there is no such entity."""
        return await self.database.change(self.changes.update(tenant, key, changes, condition))

    async def put(
        self, tenant: str, key: str, changes: NewValues, whole: Mapping[str, object], condition: Condition | None
    ) -> tuple[Stored, bool]:
        """Replaces the given properties, or adds the whole entity where there is none; whether it was added."""
        return await self.database.change(self.changes.put(tenant, key, changes, whole, condition))

    async def remove(self, tenant: str, key: str, condition: Condition | None) -> bool:
        """Takes an entity away; False when there is no such entity."""
        return await self.database.change(self.changes.remove(tenant, key, condition))


def parameters(tenant: str, plan: CollectionPlan) -> dict[str, object]:
    """The values of all parameters that a plan's statements have."""
    values: dict[str, object] = {f"c{number}": value for number, value in enumerate(plan.constants)}
    values.update(tenant=tenant, limit=plan.limit + 1, skip=plan.skip)
    if plan.after:
        *terms, values["after"] = plan.after
        values.update((f"after{number}", value) for number, value in enumerate(terms))
    return values


def page_of(rows: Sequence[Any], shape: Shape, more: bool, total: int | None) -> Page:
    """A page of rows: key, document, the values of the terms, and computed values."""
    beside = 2 + len(shape.order)
    last = (*rows[-1][2:beside], rows[-1][0]) if rows else None
    computed = tuple([tuple(row[beside:]) for row in rows]) if shape.computed else ()
    return Page(tuple([row[1] for row in rows]), last, more, total, computed)


def row_bytes(row: Iterable[Any]) -> int:
    """Return the length of a row's document and of its texts: values to sort by and computed ones may be long, too."""
    return sum([len(value) for value in row if isinstance(value, (str, bytes))])


def delta_parameters(tenant: str, plan: DeltaPlan) -> dict[str, object]:
    """The values of the parameters of a query for changes, except `known`."""
    values: dict[str, object] = {f"c{number}": value for number, value in enumerate(plan.constants)}
    values.update(tenant=tenant, after=plan.after, nothing=b"", limit=plan.limit + 1)
    return values


def delta_page_of(entity: EntityType, rows: Sequence[Any], plan: DeltaPlan, more: bool, newest: int) -> DeltaPage:
    """A page of rows: key, document, number of the change, fate, and computed values."""
    changes = tuple(
        Change(key_of_column(entity, key), Fate(fate), document, tuple(rest)) for key, document, _, fate, *rest in rows
    )
    return DeltaPage(changes, rows[-1][2] if rows else plan.after, more, newest)

"""Changes to an SQLite database, each a job inside a transaction of the writer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import apsw
from sqlalchemy.dialects.sqlite import dialect

from osimages.edm.types import Model
from osimages.plan.query import Stored, Tenant
from osimages.storage.documents import document, item_rows, properties
from osimages.storage.statements import Statements
from osimages.storage.store import Condition, KeyTakenError
from osimages.storage.tables import EntityTables


class Changes:
    """Creates, changes, removes and publishes entities of one type."""

    def __init__(self, model: Model, tables: EntityTables) -> None:
        self._model = model
        self._entity = tables.entity
        self._tables = tables
        self.statements = Statements(tables, dialect(paramstyle="named"))

    def create(
        self,
        connection: apsw.Connection,
        tenant: str,
        key: str,
        given: Mapping[str, object],
        published: bool = False,
    ) -> Stored:
        """Adds an entity with all its items. Raises KeyTakenError."""
        whole = {**given, self._entity.key: key}
        stored = Stored(self._next_change(connection, tenant), document(self._model, self._entity, whole))
        row = {
            "tenant": tenant,
            "id": key,
            "version": stored.version,
            "published": published,
            "document": stored.document,
        }
        try:
            connection.execute(self.statements.create, row)
        except apsw.ConstraintError:
            raise KeyTakenError(key) from None
        connection.execute(self.statements.forget_removal, {"tenant": tenant, "id": key})
        self._add_items(connection, tenant, key, whole)
        return stored

    def update(
        self,
        connection: apsw.Connection,
        tenant: str,
        key: str,
        changes: Mapping[str, object],
        condition: Condition | None,
        published: bool = False,
    ) -> Stored | None:
        """Replaces properties; a collection is replaced whole. From then on the image is the tenant's own."""
        before = self._get(connection, tenant, key)
        if before is None:
            return None
        if condition is not None:
            condition(before)
        whole = properties(self._entity, before.document)
        changed = {name: value for name, value in changes.items() if name not in whole or whole[name] != value}
        if not changed:
            return before
        whole.update(changed)
        stored = Stored(self._next_change(connection, tenant), document(self._model, self._entity, whole))
        row = {
            "tenant": tenant,
            "key": key,
            "version": stored.version,
            "published": published,
            "document": stored.document,
        }
        connection.execute(self.statements.replace, row)
        self._remove_items(connection, tenant, key, changed)
        self._add_items(connection, tenant, key, changed)
        return stored

    def remove(self, connection: apsw.Connection, tenant: str, key: str, condition: Condition | None) -> bool:
        """Takes an entity away, and keeps note of it: what a tenant removed is not published again."""
        before = self._get(connection, tenant, key)
        if before is None:
            return False
        if condition is not None:
            condition(before)
        self._take_away(connection, tenant, key)
        removed_at = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"tenant": tenant, "id": key, "version": self._next_change(connection, tenant), "removed_at": removed_at}
        connection.execute(self.statements.note_removal, row)
        return True

    def publish(
        self, connection: apsw.Connection, tenant: str, images: Mapping[str, Mapping[str, object]], label: str
    ) -> int:
        """Adds, changes and takes away published images; those that the tenant made its own stay as they are."""
        own_tenant = {"tenant": tenant}
        present = {key: bool(mark) for key, mark, _ in connection.execute(self.statements.published, own_tenant)}
        removed = {key for (key,) in connection.execute(self.statements.removed, own_tenant)}
        changed = 0
        for key, given in images.items():
            if key not in present and key not in removed:
                self.create(connection, tenant, key, given, published=True)
                changed += 1
            elif present.get(key):
                before = self._get(connection, tenant, key)
                changed += before != self.update(connection, tenant, key, given, None, published=True)
        for key in sorted(key for key, mark in present.items() if mark and key not in images):
            self._take_away(connection, tenant, key)
            changed += 1
        connection.execute("UPDATE tenant SET published = ? WHERE tenant = ?", (label, tenant))
        return changed

    def _get(self, connection: apsw.Connection, tenant: str, key: str) -> Stored | None:
        row = connection.execute(self.statements.get, {"tenant": tenant, "id": key}).fetchone()
        return None if row is None else Stored(row[0], row[1])

    def _next_change(self, connection: apsw.Connection, tenant: str) -> int:
        row = connection.execute(self.statements.next_change, {"tenant": tenant}).fetchone()
        if row is None:
            raise LookupError(f"tenant {tenant} is not known")
        return int(row[0])

    def _take_away(self, connection: apsw.Connection, tenant: str, key: str) -> None:
        self._remove_items(connection, tenant, key, self._tables.items)
        connection.execute(self.statements.remove, {"tenant": tenant, "id": key})

    def _remove_items(self, connection: apsw.Connection, tenant: str, key: str, names: Mapping[str, object]) -> None:
        for name in names:
            if name in self._tables.items:
                connection.execute(self.statements.remove_items[name], {"tenant": tenant, "id": key})

    def _add_items(self, connection: apsw.Connection, tenant: str, key: str, given: Mapping[str, object]) -> None:
        for name, items in self._tables.items.items():
            if given.get(name):
                declared = self._entity.by_name[name]
                columns = ("tenant", "id", "ordinal", *items.columns.values())
                rows = (
                    dict(zip(columns, (tenant, key, *row), strict=True)) for row in item_rows(declared, given[name])
                )
                connection.executemany(self.statements.add_item[name], rows)


def add_tenant(connection: apsw.Connection, tenant: Tenant) -> None:
    """Adds a tenant unless it is there."""
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(
        "INSERT INTO tenant (tenant, name, licensed, catalogue, last_change, published, created_at) "
        "VALUES (?, ?, ?, ?, 0, '', ?) ON CONFLICT (tenant) DO NOTHING",
        (tenant.tenant, tenant.name, tenant.licensed, tenant.catalogue, created_at),
    )


def secret(connection: apsw.Connection, name: str, made: bytes) -> bytes:
    """The secret of that name; `made` becomes it when there is none."""
    connection.execute("INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, made))
    row = connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
    assert row is not None
    return bytes(row[0])

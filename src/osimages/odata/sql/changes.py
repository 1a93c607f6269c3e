"""Changes to the entities of one type, written once for every database: each is a generator of statements.

A change counts as one only when its transaction is committed; what raises leaves nothing behind.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from osimages.odata.model.types import Model
from osimages.odata.plan.query import Stored, Tenant
from osimages.odata.sql.documents import document, item_rows, main_row, properties
from osimages.odata.sql.statements import Statements
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Ask, Steps
from osimages.odata.sql.writes import Condition, Difference, NewValues, Record


class Changes:
    """Creates, changes, removes and publishes entities of one type."""

    def __init__(self, model: Model, tables: EntityTables, statements: Statements) -> None:
        self._model = model
        self._entity = tables.entity
        self._tables = tables
        self._statements = statements
        self._record: Record | None = None
        self._columns = tuple(column for path, column in tables.columns.items() if path != tables.entity.key)

    def recorded(self, record: Record) -> Changes:
        """The same changes, each of which is written down in its own transaction."""
        other = copy.copy(self)
        other._record = record
        return other

    def create(self, tenant: str, key: str, given: Mapping[str, object], published: bool = False) -> Steps[Stored]:
        """Adds an entity with all its items. Raises KeyTakenError."""
        version = yield from self._next_change(tenant)
        stored = yield from self.append(tenant, key, given, version, published)
        yield Ask(self._statements.forget_removal, {"tenant": tenant, "id": key})
        if self._record is not None:
            yield from self._record(key, None, stored)
        return stored

    def append(
        self, tenant: str, key: str, given: Mapping[str, object], version: int | None = None, published: bool = False
    ) -> Steps[Stored]:
        """Adds an entity whose key was never there before, as a change of its own if no version is given.

        Raises LookupError for a tenant that is not known.
        """
        whole = {**given, self._entity.key: key}
        number = version if version is not None else (yield from self._next_change(tenant))
        stored = Stored(number, document(self._model, self._entity, whole))
        yield Ask(self._statements.create, {"id": key, **self._row(tenant, stored, whole, published)})
        yield from self._add_items(tenant, key, whole)
        return stored

    def update(
        self,
        tenant: str,
        key: str,
        changes: NewValues,
        condition: Condition | None,
        published: bool = False,
    ) -> Steps[Stored | None]:
        """Replaces properties; a collection is replaced whole. From then on the entity is the tenant's own."""
        before = yield from self._before(tenant, key, condition)
        if before is None:
            return None
        whole = properties(self._entity, before.document)
        given = changes(whole) if callable(changes) else changes
        changed = {name: value for name, value in given.items() if name not in whole or whole[name] != value}
        if not changed:
            return before
        whole.update(changed)
        stored = Stored((yield from self._next_change(tenant)), document(self._model, self._entity, whole))
        yield Ask(self._statements.replace, {"key": key, **self._row(tenant, stored, whole, published)})
        yield from self._remove_items(tenant, key, changed)
        yield from self._add_items(tenant, key, changed)
        if self._record is not None:
            yield from self._record(key, before, stored)
        return stored

    def put(
        self, tenant: str, key: str, changes: NewValues, whole: Mapping[str, object], condition: Condition | None
    ) -> Steps[tuple[Stored, bool]]:
        """Replaces properties, or adds the whole entity where there is none."""
        stored = yield from self.update(tenant, key, changes, condition)
        if stored is not None:
            return stored, False
        return (yield from self.create(tenant, key, whole)), True

    def remove(self, tenant: str, key: str, condition: Condition | None) -> Steps[bool]:
        """Takes an entity away, and keeps note of it: what a tenant removed is not published again."""
        before = yield from self._before(tenant, key, condition)
        if before is None:
            return False
        yield from self._take_away(tenant, key, published=False)
        if self._record is not None:
            yield from self._record(key, before, None)
        return True

    def publish(self, tenant: str, entities: Mapping[str, Mapping[str, object]], label: str) -> Steps[int]:
        """Adds, changes and takes away published entities; those that the tenant made its own stay as they are."""
        yield from self._lock(tenant)
        published, own = yield from self._marks(tenant, entities)
        changed = 0
        for key, given in entities.items():
            if key not in published and key not in own:
                yield from self.create(tenant, key, given, published=True)
                changed += 1
            elif key in published:
                before = yield from self._get(tenant, key)
                changed += before != (yield from self.update(tenant, key, given, None, published=True))
        for key in sorted(published - entities.keys()):
            yield from self._take_away(tenant, key, published=True)
            changed += 1
        yield Ask(self._statements.note_publication, {"tenant": tenant, "label": label})
        return changed

    def unpublished(self, tenant: str, entities: Mapping[str, Mapping[str, object]]) -> Steps[Difference]:
        """What `publish` would change."""
        published, own = yield from self._marks(tenant, entities)
        present: dict[str, Mapping[str, object]] = {}
        for key in published:
            stored = yield from self._get(tenant, key)
            present[key] = {} if stored is None else properties(self._entity, stored.document)
        return Difference(
            added=tuple(key for key in entities if key not in present and key not in own),
            changed=tuple(key for key, given in entities.items() if key in present and _differs(present[key], given)),
            removed=tuple(sorted(key for key in present if key not in entities)),
            own=tuple(key for key in entities if key in own),
        )

    def _marks(self, tenant: str, entities: Iterable[str]) -> Steps[tuple[set[str], set[str]]]:
        """The keys of a tenant's published entities; and of those given, what the tenant made its own or removed.

        A tenant may have very many entities of its own, which nothing here has to know.
        """
        published = {key for (key,) in (yield Ask(self._statements.published, {"tenant": tenant}))}
        listed = {"tenant": tenant, "ids": self._statements.ids(entities)}
        present = {key for (key,) in (yield Ask(self._statements.present, listed))}
        removed = {key for (key,) in (yield Ask(self._statements.removed, listed))}
        return published, (present - published) | removed

    def forget_removals(self, days: float) -> Steps[None]:
        """Forgets what publishing took away more than so many days ago; what a tenant removed is never forgotten."""
        before = _seconds(datetime.now(UTC) - timedelta(days=days))
        yield Ask(self._statements.forget_removals, {"before": before})

    def _before(self, tenant: str, key: str, condition: Condition | None) -> Steps[Stored | None]:
        """What is stored before a change. Raises what the condition raises."""
        yield from self._lock(tenant)
        before = yield from self._get(tenant, key)
        if before is not None and condition is not None:
            condition(before)
        return before

    def _lock(self, tenant: str) -> Steps[None]:
        """Where several may write at once, those who change a tenant go one after the other."""
        if self._statements.lock is not None:
            yield Ask(self._statements.lock, {"tenant": tenant})

    def _get(self, tenant: str, key: str) -> Steps[Stored | None]:
        if "\0" in key:  # not every database takes such a text, and no key holds that character
            return None
        rows = yield Ask(self._statements.get, {"tenant": tenant, "id": key})
        return Stored(rows[0][0], rows[0][1]) if rows else None

    def _next_change(self, tenant: str) -> Steps[int]:
        rows = yield Ask(self._statements.next_change, {"tenant": tenant})
        if not rows:
            raise LookupError(f"tenant {tenant} is not known")
        return int(rows[0][0])

    def _row(self, tenant: str, stored: Stored, whole: Mapping[str, object], published: bool) -> dict[str, object]:
        """The columns of the main table but its id."""
        row = {"tenant": tenant, "version": stored.version, "published": published, "document": stored.document}
        if self._columns:
            row.update(zip(self._columns, main_row(self._entity, whole), strict=True))
        return row

    def _take_away(self, tenant: str, key: str, published: bool) -> Steps[None]:
        """Takes an entity away, and keeps note of it for those who ask what changed."""
        yield from self._remove_items(tenant, key, self._tables.items)
        yield Ask(self._statements.remove, {"tenant": tenant, "id": key})
        version = yield from self._next_change(tenant)
        removed_at = _seconds(datetime.now(UTC))
        row = {"tenant": tenant, "id": key, "version": version, "removed_at": removed_at, "published": published}
        yield Ask(self._statements.note_removal, row)

    def _remove_items(self, tenant: str, key: str, names: Iterable[str]) -> Steps[None]:
        for name in names:
            if name in self._tables.items:
                yield Ask(self._statements.remove_items[name], {"tenant": tenant, "id": key})

    def _add_items(self, tenant: str, key: str, given: Mapping[str, object]) -> Steps[None]:
        for name, items in self._tables.items.items():
            if given.get(name):
                declared = self._entity.by_name[name]
                columns = ("tenant", "id", "ordinal", *items.columns.values())
                rows = [
                    dict(zip(columns, (tenant, key, *row), strict=True)) for row in item_rows(declared, given[name])
                ]
                yield Ask(self._statements.add_item[name], rows)


def _differs(stored: Mapping[str, object], given: Mapping[str, object]) -> bool:
    return any(name not in stored or stored[name] != value for name, value in given.items())


def add_tenant(tenant: Tenant) -> Steps[None]:
    """Adds a tenant unless it is there."""
    yield Ask(
        "INSERT INTO tenant (tenant, name, licensed, catalogue, last_change, published, created_at) "
        "VALUES (:tenant, :name, :licensed, :catalogue, 0, '', :created_at) ON CONFLICT (tenant) DO NOTHING",
        {
            "tenant": tenant.tenant,
            "name": tenant.name,
            "licensed": tenant.licensed,
            "catalogue": tenant.catalogue,
            # To the microsecond: it differs from that of a removed tenant with the same id.
            "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        },
    )


def _seconds(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def secret(name: str, made: bytes) -> Steps[bytes]:
    """The secret of that name; `made` becomes it when there is none."""
    row = {"name": name, "value": made}
    yield Ask("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING", row)
    rows = yield Ask("SELECT value FROM secret WHERE name = :name", {"name": name})
    return bytes(rows[0][0])

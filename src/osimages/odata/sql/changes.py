"""Changes to the entities of one type, written once for every database: each is a generator of statements.

A change counts as one only when its transaction is committed; what raises leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import UTC, datetime

from osimages.odata.model.keys import column_of_key, key_of_column, key_text, key_value
from osimages.odata.model.types import Model
from osimages.odata.plan.query import Stored
from osimages.odata.sql.documents import document, item_rows, main_row, properties
from osimages.odata.sql.statements import Statements
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Script, Statement
from osimages.odata.sql.writes import Condition, NewValues, Record

# Names of the marks that are true.
Marks = Set[str]


class Changes:
    """Creates, changes and removes entities of one type. `record` gives the script that joins each change."""

    def __init__(
        self, model: Model, tables: EntityTables, statements: Statements, record: Record | None = None
    ) -> None:
        self._model = model
        self._entity = tables.entity
        self._tables = tables
        self._statements = statements
        self._record = record
        self._columns = tuple(column for path, column in tables.columns.items() if path != tables.entity.key)

    def recorded(self, record: Record) -> Changes:
        """Return the same changes with a script that joins each of them."""
        return Changes(self._model, self._tables, self._statements, record)

    def create(self, tenant: str, key: str, given: Mapping[str, object], marks: Marks = frozenset()) -> Script[Stored]:
        """Add an entity with all its items. `marks` are those of its tables that are true. Raises KeyTakenError."""
        version = yield from self._next_change(tenant)
        stored = yield from self.append(tenant, key, given, version, marks)
        yield Statement(self._statements.forget_removal, {"tenant": tenant, "id": self._id(key)})
        if self._record is not None:
            yield from self._record(key, None, stored)
        return stored

    def append(
        self,
        tenant: str,
        key: str,
        given: Mapping[str, object],
        version: int | None = None,
        marks: Marks = frozenset(),
    ) -> Script[Stored]:
        """Adds an entity whose key was never there before, as a change of its own if no version is given.

        Raises LookupError for a tenant that is not known.
        """
        whole = {**given, self._entity.key: self._key_value(key, given)}
        number = version if version is not None else (yield from self._next_change(tenant))
        stored = Stored(number, document(self._model, self._entity, whole))
        yield Statement(self._statements.create, {"id": self._id(key), **self._row(tenant, stored, whole, marks)})
        yield from self._add_items(tenant, key, whole)
        return stored

    def update(
        self,
        tenant: str,
        key: str,
        changes: NewValues,
        condition: Condition | None,
        marks: Marks = frozenset(),
    ) -> Script[Stored | None]:
        """Replace properties, a collection as a whole, unless all have these values; the `marks` are then set."""
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
        yield Statement(self._statements.replace, {"key": self._id(key), **self._row(tenant, stored, whole, marks)})
        yield from self._remove_items(tenant, key, changed)
        yield from self._add_items(tenant, key, changed)
        if self._record is not None:
            yield from self._record(key, before, stored)
        return stored

    def put(
        self, tenant: str, key: str, changes: NewValues, whole: Mapping[str, object], condition: Condition | None
    ) -> Script[tuple[Stored, bool]]:
        """Replaces properties, or adds the whole entity where there is none."""
        stored = yield from self.update(tenant, key, changes, condition)
        if stored is not None:
            return stored, False
        return (yield from self.create(tenant, key, whole)), True

    def remove(self, tenant: str, key: str, condition: Condition | None) -> Script[bool]:
        """Take an entity away, and note its removal for clients that ask what changed."""
        before = yield from self._before(tenant, key, condition)
        if before is None:
            return False
        yield from self.take_away(tenant, key)
        if self._record is not None:
            yield from self._record(key, before, None)
        return True

    def _before(self, tenant: str, key: str, condition: Condition | None) -> Script[Stored | None]:
        """What is stored before a change. Raises what the condition raises."""
        yield from self.lock(tenant)
        before = yield from self.get(tenant, key)
        if before is not None and condition is not None:
            condition(before)
        return before

    def lock(self, tenant: str) -> Script[None]:
        """Where several may write at once, those who change a tenant go one after the other."""
        if self._statements.lock is not None:
            yield Statement(self._statements.lock, {"tenant": tenant})

    def get(self, tenant: str, key: str) -> Script[Stored | None]:
        """Return the entity with that key, or None."""
        if "\0" in key:  # not every database takes such a text, and no key holds that character
            return None
        rows = yield Statement(self._statements.get, {"tenant": tenant, "id": self._id(key)})
        return Stored(rows[0][0], rows[0][1]) if rows else None

    def _key_value(self, key: str, given: Mapping[str, object]) -> object:
        """Return the JSON value of the key, as the client wrote it: one moment may have several texts."""
        written = given.get(self._entity.key)
        if written is not None and key_text(self._entity, written) == key:
            return written
        return key_value(self._entity, key)

    def _id(self, key: str) -> object:
        return column_of_key(self._entity, key)

    def _next_change(self, tenant: str) -> Script[int]:
        rows = yield Statement(self._statements.next_change, {"tenant": tenant})
        if not rows:
            raise LookupError(f"tenant {tenant} is not known")
        return int(rows[0][0])

    def _row(self, tenant: str, stored: Stored, whole: Mapping[str, object], marks: Marks) -> dict[str, object]:
        """The columns of the main table but its id."""
        row: dict[str, object] = {"tenant": tenant, "version": stored.version, "document": stored.document}
        row.update(self._marks(marks))
        if self._columns:
            row.update(zip(self._columns, main_row(self._entity, whole), strict=True))
        return row

    def _marks(self, marks: Marks) -> dict[str, object]:
        return {name: name in marks for name in self._tables.marks}

    def marked(self, tenant: str, mark: str) -> Script[set[str]]:
        """Return the keys of the tenant's entities whose mark is true; the others cost nothing."""
        rows = yield Statement(self._statements.marked[mark], {"tenant": tenant})
        return {key_of_column(self._entity, row[0]) for row in rows}

    def take_away(self, tenant: str, key: str, marks: Marks = frozenset()) -> Script[None]:
        """Take away an entity that is there, and note its removal with these marks."""
        yield from self._remove_items(tenant, key, self._tables.items)
        yield Statement(self._statements.remove, {"tenant": tenant, "id": self._id(key)})
        version = yield from self._next_change(tenant)
        removed_at = datetime.now(UTC).isoformat(timespec="seconds")
        row = {
            "tenant": tenant,
            "id": self._id(key),
            "version": version,
            "removed_at": removed_at,
            **self._marks(marks),
        }
        yield Statement(self._statements.note_removal, row)

    def _remove_items(self, tenant: str, key: str, names: Iterable[str]) -> Script[None]:
        for name in names:
            if name in self._tables.items:
                yield Statement(self._statements.remove_items[name], {"tenant": tenant, "id": self._id(key)})

    def _add_items(self, tenant: str, key: str, given: Mapping[str, object]) -> Script[None]:
        for name, items in self._tables.items.items():
            if given.get(name):
                declared = self._entity.by_name[name]
                own, columns = self._id(key), ("tenant", "id", "ordinal", *items.columns.values())
                rows = [
                    dict(zip(columns, (tenant, own, *row), strict=True)) for row in item_rows(declared, given[name])
                ]
                yield Statement(self._statements.add_item[name], rows)


def add_tenant(tenant: str) -> Script[None]:
    """Add a tenant unless it is there, to a table that has no columns but those of the engine."""
    yield Statement(
        "INSERT INTO tenant (tenant, last_change, created_at) VALUES (:tenant, 0, :created_at) "
        "ON CONFLICT (tenant) DO NOTHING",
        {"tenant": tenant, "created_at": moment_of_creation()},
    )


def moment_of_creation() -> str:
    """Return the present moment to the microsecond: a tenant that is removed and added again gets another one."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def secret(name: str, made: bytes) -> Script[bytes]:
    """The secret of that name; `made` becomes it when there is none."""
    row = {"name": name, "value": made}
    yield Statement("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING", row)
    rows = yield Statement("SELECT value FROM secret WHERE name = :name", {"name": name})
    return bytes(rows[0][0])

"""Specimens of the second model in a real store, asked with whole queries: what comes back is read page by page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from osimages.odata.plan.build import build_plan, build_query
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind
from osimages.odata.sql.changes import add_tenant
from osimages.odata.sql.postgres.database import PostgresDatabase
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.store import Database
from osimages.odata.sql.transaction_script import Script
from osimages.odata.text.text_limits import Bounds
from osimages.odata.wire.chosen_items import with_items
from osimages.odata.wire.dynamic_members import with_members
from osimages.odata.wire.media_types import STORED_FORM
from osimages.odata.wire.rows import row_bodies
from tests.support.looped import run
from tests.support.postgres_cabinet import LIMITS
from tests.support.second_model import METADATA, MODEL, SPECIMEN, TABLES

_LIMITS = Limits(1000, Bounds(nodes=100_000, depth=64))
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Vault:
    """The specimens of one tenant at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._store = database.store(MODEL, TABLES)
        self._tenant = ""

    def fill(self, specimens: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps these specimens, and no others."""
        self._tenant = secrets.token_hex(8)
        run(self.database.change(add_tenant(self._tenant)))

        def all_of_them() -> Script[None]:
            for key, given in specimens.items():
                yield from self._store.changes.create(self._tenant, key, given)

        run(self.database.change(all_of_them()))

    def put(self, key: str, properties: Mapping[str, Any]) -> None:
        """Creates a specimen, or replaces one."""
        if run(self._store.update(self._tenant, key, properties, None)) is None:
            run(self._store.create(self._tenant, key, properties))

    def remove(self, key: str) -> None:
        """Takes a specimen away, if it is there."""
        run(self._store.remove(self._tenant, key, None))

    def pages(
        self, query: str, size: int = 1000, between: Callable[[], None] = lambda: None
    ) -> list[list[dict[str, Any]]]:
        """The answer to a query string, in pages of at most that many entities or rows; `$top` limits all of them.

        `between` is called after each page.
        """
        asked = build_query(MODEL, SPECIMEN, Kind.COLLECTION, query, _LIMITS)
        position: Position | None = None
        found: list[list[dict[str, Any]]] = []
        while True:
            plan = build_plan(asked, position, size, is_top_a_limit=True)
            page = run(self._store.page(self._tenant, plan))
            if asked.rows is not None:
                bodies = row_bodies(STORED_FORM, MODEL, asked.rows, asked.select, page.computed)
            else:
                names = [(each.name, each.type) for each in asked.computed]
                computed = page.computed or [()] * len(page.documents)
                bodies = with_items(STORED_FORM, page.documents, asked.items, [each[len(names) :] for each in computed])
                if names:
                    values = [each[: len(names)] for each in computed]
                    bodies = with_members(STORED_FORM, MODEL, bodies, names, values)
            assert len(bodies) <= size
            found.append([_decode(each) for each in bodies])
            remaining = None if plan.remaining is None else plan.remaining - len(bodies)
            if not page.more or page.last is None or remaining == 0:
                return found
            position = Position(page.last, remaining, plan.started)
            between()

    def count(self, query: str) -> int:
        """How many there are."""
        plan = build_plan(build_query(MODEL, SPECIMEN, Kind.COUNT, query, _LIMITS), None, 0)
        return run(self._store.count(self._tenant, plan))


def sqlite_vault(path: Path) -> Vault:
    """A vault in a new SQLite file."""
    return Vault(_with_tables(SqliteDatabase(path)))


def postgres_vault(url: str) -> Vault:
    """A vault in an empty PostgreSQL database."""
    return Vault(_with_tables(run(PostgresDatabase.open(url, limits=LIMITS))))


def _with_tables(database: Database) -> Database:
    run(database.create_tables(METADATA))
    return database

"""Specimens of the second model in a PostgreSQL database, through the store that the service uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from osimages.odata.model import value_encoding
from osimages.odata.plan.bind import Bound
from osimages.odata.plan.constants import resolved
from osimages.odata.plan.query import CollectionPlan, Shape
from osimages.odata.sql.changes import add_tenant
from osimages.odata.sql.documents import properties
from osimages.odata.sql.postgres.database import PostgresDatabase
from osimages.odata.sql.store import DatabaseLimits
from osimages.odata.sql.transaction_script import Script, Statement
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.support.second_model import METADATA, MODEL, SPECIMEN, TABLES, bound

LIMITS = DatabaseLimits(connections=5, wait_seconds=180.0, query_seconds=180.0)


class PostgresCabinet:
    """Specimens of some tenants. `now` is what now() stands for."""

    def __init__(self, server: Postgres) -> None:
        self.now = value_encoding.microseconds_since_epoch(datetime.now(UTC))
        self._server = server
        self._url = server.new_database()
        self._database = run(PostgresDatabase.open(self._url, limits=LIMITS))
        self._store = self._database.store(MODEL, TABLES)
        run(self._database.create_tables(METADATA))
        run(self._database.change(add_tenant("t")))

    def put(self, specimens: Mapping[str, Mapping[str, Any]], tenant: str = "t") -> None:
        """Adds specimens: their documents, their columns and their items."""

        def all_of_them() -> Script[None]:
            for key, given in specimens.items():
                yield from self._store.changes.create(tenant, key, given)

        run(self._database.change(all_of_them()))

    def clear(self) -> None:
        """Takes all specimens away."""

        def all_of_them() -> Script[None]:
            for table in METADATA.sorted_tables:
                yield Statement(f"DELETE FROM {table.name}")

        run(self._database.change(all_of_them()))

    def found(self, filter_: str | Bound, tenant: str = "t") -> list[str]:
        """The keys of the specimens that a filter lets through."""
        asked = bound(filter_) if isinstance(filter_, str) else filter_
        constants = resolved(asked.constants, self.now)
        plan = CollectionPlan(Shape(asked.condition), constants, None, True, 0, 1000, None, ())
        page = run(self._store.page(tenant, plan))
        assert page.total == len(page.documents)
        return [str(properties(SPECIMEN, each)["id"]) for each in page.documents]

    def close(self) -> None:
        """Ends the connections, and removes the database."""
        run(self._database.close())
        self._server.drop(self._url)

"""A migrated database of each kind and a store on it, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.tables import METADATA
from osimages.graph.tenant_storage import add_tenant
from osimages.odata.sql.sqlite.file import migrate
from osimages.odata.sql.transaction_script import Script, Statement
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.unit.odata.sql.places import KINDS, AnyStore, Place, PostgresPlace, SqlitePlace, new_postgres
from tests.unit.odata.sql.stores import CONTOSO, FABRIKAM, a_tenant


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A migrated SQLite database without tenants."""
    path = tmp_path / "osimages.db"
    migrate(path, MIGRATIONS)
    return path


@pytest.fixture(scope="session")
def used_postgres(postgres: Postgres) -> Iterator[PostgresPlace]:
    """A PostgreSQL database that tests leave as it is after them."""
    with new_postgres(postgres) as place:
        yield place


@pytest.fixture
def clean_postgres(used_postgres: PostgresPlace) -> PostgresPlace:
    """A migrated PostgreSQL database without tenants."""
    store = used_postgres.opened()
    run(store.database.change(_emptied()))
    run(store.database.close())
    return used_postgres


def _emptied() -> Script[None]:
    for table in METADATA.sorted_tables:
        yield Statement(f"DELETE FROM {table.name}")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A migrated database without tenants, of each kind."""
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "osimages.db")
    found: PostgresPlace = request.getfixturevalue("clean_postgres")
    return found


@pytest.fixture
def store(place: Place) -> Iterator[AnyStore]:
    """A store with two tenants that have no images."""
    store = place.opened()
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    run(store.database.change(add_tenant(a_tenant(FABRIKAM))))
    yield store
    run(store.database.close())


@pytest.fixture(scope="module", params=KINDS)
def large_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A migrated database for tests that bring many tenants, of each kind."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path_factory.mktemp("large") / "osimages.db")
    else:
        with new_postgres(request.getfixturevalue("postgres")) as place:
            yield place

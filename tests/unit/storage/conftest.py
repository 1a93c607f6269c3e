"""A migrated database and a store on it, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.storage.sqlite_file import migrate
from osimages.storage.sqlite_store import SqliteStore
from tests.unit.storage.stores import CONTOSO, FABRIKAM, a_tenant, opened, run


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A migrated database without tenants."""
    path = tmp_path / "osimages.db"
    migrate(path)
    return path


@pytest.fixture
def store(database: Path) -> Iterator[SqliteStore]:
    """A store with two tenants that have no images."""
    store = opened(database)
    run(store.database.add_tenant(a_tenant(CONTOSO)))
    run(store.database.add_tenant(a_tenant(FABRIKAM)))
    yield store
    run(store.database.close())

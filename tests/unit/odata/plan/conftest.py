"""Specimens in every kind of database that the service keeps entities in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.looped import run
from tests.support.postgres_cabinet import PostgresCabinet
from tests.support.second_model import Cabinet, SqliteCabinet
from tests.support.vault import Vault, postgres_vault, sqlite_vault


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cabinet(request: pytest.FixtureRequest) -> Iterator[Cabinet]:
    """An empty cabinet."""
    made = SqliteCabinet() if request.param == "sqlite" else PostgresCabinet(request.getfixturevalue("postgres"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """Specimens in a store of each kind, to be asked with whole queries."""
    if request.param == "sqlite":
        made = sqlite_vault(tmp_path_factory.mktemp("vault") / "osimages.db")
    else:
        made = postgres_vault(request.getfixturevalue("postgres").new_database())
    yield made
    run(made.database.close())

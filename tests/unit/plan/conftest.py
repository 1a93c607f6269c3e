"""Specimens in every kind of database that the service keeps entities in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres_cabinet import PostgresCabinet
from tests.support.second_model import Cabinet, SqliteCabinet


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cabinet(request: pytest.FixtureRequest) -> Iterator[Cabinet]:
    """An empty cabinet."""
    made = SqliteCabinet() if request.param == "sqlite" else PostgresCabinet(request.getfixturevalue("postgres"))
    yield made
    made.close()

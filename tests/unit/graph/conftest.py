"""A migrated database of each kind with the facts in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.graph.current_catalogue import catalogue_in
from tests.support.looped import run
from tests.unit.odata.sql.places import KINDS, Place, SqlitePlace, new_postgres


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A database with the facts of this release, and no tenants."""
    if request.param == "sqlite":
        yield with_facts(SqlitePlace(tmp_path / "osimages.db"))
    else:
        with new_postgres(request.getfixturevalue("postgres")) as found:
            yield with_facts(found)


def with_facts(place: Place) -> Place:
    """The same database, with the facts of this release in it."""

    async def fill() -> None:
        database = await place.open()
        await catalogue_in(database)
        await database.close()

    run(fill())
    return place

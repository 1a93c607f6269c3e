"""Where entities are kept: a new database of each kind, and stores of images in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.odata.sql.postgres.database import PostgresDatabase
from osimages.odata.sql.postgres.migrate import migrate as migrate_postgres
from osimages.odata.sql.postgres.store import PostgresStore
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import migrate
from osimages.odata.sql.sqlite.store import SqliteStore
from osimages.odata.sql.store import Database, DatabaseLimits
from tests.support.looped import run
from tests.support.postgres import Postgres

KINDS = ("sqlite", "postgresql")
AnyStore = SqliteStore | PostgresStore


class Place(Protocol):
    """A migrated database at a URL."""

    url: str

    async def open(self, wait_seconds: float = 10.0) -> Database:
        """The database, with connections of its own, which belong to the event loop that runs."""

    def opened(self, wait_seconds: float = 10.0) -> AnyStore:
        """A store of images, with connections of its own."""


class SqlitePlace:
    """An SQLite file."""

    def __init__(self, path: Path) -> None:
        migrate(path, MIGRATIONS)
        self.path = path
        self.url = f"sqlite:///{path}"

    async def open(self, wait_seconds: float = 10.0) -> SqliteDatabase:
        """The database, with connections of its own."""
        return SqliteDatabase(self.path, MIGRATIONS, DatabaseLimits(wait_seconds=wait_seconds))

    def opened(self, wait_seconds: float = 10.0) -> SqliteStore:
        """A store of images, with connections of its own."""
        return SqliteDatabase(self.path, MIGRATIONS, DatabaseLimits(wait_seconds=wait_seconds)).store(GRAPH, IMAGES)


class PostgresPlace:
    """A database of a PostgreSQL server."""

    def __init__(self, url: str) -> None:
        run(migrate_postgres(url, MIGRATIONS))
        self.url = url

    async def open(self, wait_seconds: float = 10.0, query_seconds: float = 10.0) -> PostgresDatabase:
        """The database, with connections of its own."""
        limits = DatabaseLimits(connections=5, wait_seconds=wait_seconds, query_seconds=query_seconds)
        return await PostgresDatabase.open(self.url, MIGRATIONS, limits)

    def opened(self, wait_seconds: float = 10.0, query_seconds: float = 10.0) -> PostgresStore:
        """A store of images, with connections of its own."""
        return run(self.open(wait_seconds, query_seconds)).store(GRAPH, IMAGES)


@contextmanager
def new_postgres(server: Postgres) -> Iterator[PostgresPlace]:
    """A new database, dropped afterwards."""
    url = server.new_database()
    yield PostgresPlace(url)
    server.drop(url)

"""Stores of `ODataApp`: a database with tables for a declared schema, which are created if they are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Protocol

from sqlalchemy import MetaData

from osimages.odata.model.types import Model
from osimages.odata.sql.databases import open_database
from osimages.odata.sql.store import USUAL_LIMITS, Database, DatabaseLimits, Store
from osimages.odata.sql.tables import entity_tables


@dataclass(frozen=True)
class OpenedStore:
    """An open database with the stores of a schema's entity types, by the types' names.

    As the store of an application, it stays open when the application ends: it belongs to the code that opened it.
    """

    database: Database
    stores: Mapping[str, Store]

    async def open(self, _: Model) -> OpenedStore:
        """Return the database itself."""
        return self

    async def close(self) -> None:
        """Leave the database open."""


class StoreSource(Protocol):
    """A database that an application opens when it starts, such as `Sqlite(path)`."""

    async def open(self, model: Model) -> OpenedStore:
        """Open the database, with tables for all entity types of the model that are in an entity set."""

    async def close(self) -> None:
        """Close what `open` opened."""


class _Url:
    """The database of a URL. Raises SchemaError or StoreUnavailableError."""

    def __init__(self, url: str, limits: DatabaseLimits) -> None:
        self._url = url
        self._limits = limits
        self._database: Database | None = None

    async def open(self, model: Model) -> OpenedStore:
        """Open the database, and create the tables that are missing."""
        metadata = MetaData()
        tables = [entity_tables(metadata, each) for each in model.stored_types]
        database = self._database = await open_database(self._url, limits=self._limits)
        await database.create_tables(metadata)
        return OpenedStore(database, {each.entity.name: database.store(model, each) for each in tables})

    async def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            await self._database.close()
            self._database = None


class Sqlite(_Url):
    """An SQLite database in a file, which is created if it is missing."""

    def __init__(self, path: str | PathLike[str], limits: DatabaseLimits = USUAL_LIMITS) -> None:
        super().__init__(f"sqlite:///{fspath(path)}", limits)


class Postgres(_Url):
    """A database of PostgreSQL: `postgresql://user@host/name`."""

    def __init__(self, url: str, limits: DatabaseLimits = USUAL_LIMITS) -> None:
        super().__init__(url, limits)

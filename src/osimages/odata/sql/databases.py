"""Opens, migrates, describes, backs up and restores the database that a URL names.

A URL is `sqlite:///PATH` or `postgresql://USER@HOST/NAME`. Every function raises SchemaError for a database that cannot
be used, and StoreUnavailableError for a server that does not answer.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from osimages.odata.sql.backup import Progress, copy_file, restore_file
from osimages.odata.sql.database_info import DatabaseInfo
from osimages.odata.sql.migrations import Migrations
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.sqlite import file as sqlite_file
from osimages.odata.sql.store import USUAL_LIMITS, Database, DatabaseLimits
from osimages.odata.sql.transaction_script import Script

Contents = TypeVar("Contents")
_SQLITE = "sqlite:///"


async def migrate(url: str, migrations: Migrations) -> int:
    """Create the database if it can be created, and apply the migrations that it needs; return their number."""
    if (file := _file(url)) is not None:
        return sqlite_file.migrate(file, migrations)
    steps: int = await _module("postgres.migrate").migrate(url, migrations)
    return steps


async def open_database(
    url: str,
    migrations: Migrations | None = None,
    limits: DatabaseLimits = USUAL_LIMITS,
    observer: PoolObserver = UNOBSERVED,
) -> Database:
    """Return the open database. Raises OldSchemaError if a migration was not applied.

    `observer` receives the events of its pools. Without `migrations`, its tables come from `Database.create_tables`.
    """
    if (file := _file(url)) is not None:
        sqlite: Database = _module("sqlite.database").SqliteDatabase(file, migrations, limits, observer)
        return sqlite
    server: Database = await _module("postgres.database").PostgresDatabase.open(url, migrations, limits, observer)
    return server


async def describe(
    url: str, migrations: Migrations, contents: Callable[[], Script[Contents]]
) -> tuple[DatabaseInfo, Contents | None]:
    """Return what the database is, and what `contents` reads there if its tables are current. Nothing is changed."""
    found: tuple[DatabaseInfo, Contents | None]
    if (file := _file(url)) is not None:
        found = _module("sqlite.info").describe(file, migrations, contents)
    else:
        found = await _module("postgres.info").describe(url, migrations, contents)
    return found


async def damage(url: str) -> str | None:
    """Return what is damaged in the database, or None."""
    file = _file(url)
    found: str | None = (
        await _module("postgres.info").damage(url) if file is None else _module("sqlite.info").damage(file)
    )
    return found


async def back_up(url: str, target: Path, migrations: Migrations, progress: Progress) -> None:
    """Copy the database into a new file. Raises BackupError."""
    if (file := _file(url)) is not None:
        copy_file(file, target, progress)
    else:
        await _module("postgres.backup").back_up(url, target, migrations, progress)


async def restore(url: str, backup: Path, migrations: Migrations, *, overwrite: bool, progress: Progress) -> None:
    """Put a backup in place of the database. Raises BackupError."""
    if (file := _file(url)) is not None:
        restore_file(backup, file, migrations, overwrite=overwrite, progress=progress)
    else:
        await _module("postgres.backup").restore(backup, url, migrations, overwrite=overwrite, progress=progress)


def _file(url: str) -> Path | None:
    """Return the SQLite file that a URL names; None for a server."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def _module(name: str) -> Any:
    """Load a driver only if it is used: it costs memory and time."""
    return importlib.import_module(f"osimages.odata.sql.{name}")

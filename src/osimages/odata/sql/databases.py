"""The database that the settings name: brought up to date, opened, described, backed up and restored."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from osimages.odata.sql.backup import Progress, copy_file, restore_file
from osimages.odata.sql.info import DatabaseInfo
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.sqlite.file import migrate
from osimages.odata.sql.sqlite.info import damage as sqlite_damage
from osimages.odata.sql.sqlite.info import describe
from osimages.odata.sql.store import Database
from osimages.settings import Settings


async def bring_up_to_date(settings: Settings) -> int:
    """Makes the database where that can be, and applies the migrations that it needs; returns how many there were.

    Raises SchemaError where it cannot be used, StoreUnavailableError where it does not answer.
    """
    if settings.database_server is None:
        return migrate(settings.database_path)
    steps: int = await _module("postgres.migrate").migrate(settings.database_server, settings.database_shown)
    return steps


async def open_database(settings: Settings, observer: PoolObserver = UNOBSERVED) -> Database:
    """Return the database, which has to be up to date; `observer` receives the events of its pools.

    Raises SchemaError or StoreUnavailableError.
    """
    wait_seconds, query_seconds = settings.database_wait_seconds, settings.max_query_seconds
    if settings.database_server is None:
        opened = _module("sqlite.database").SqliteDatabase
        sqlite: Database = opened(settings.database_path, wait_seconds, query_seconds, observer)
        return sqlite
    limits = _module("postgres.connections").Limits(settings.database_connections, wait_seconds, query_seconds)
    opening = _module("postgres.database").PostgresDatabase.open
    server: Database = await opening(settings.database_server, settings.database_shown, limits, observer)
    return server


async def described(settings: Settings) -> DatabaseInfo:
    """What the database is and holds; nothing is changed. Raises SchemaError or StoreUnavailableError."""
    if settings.database_server is None:
        return describe(settings.database_path)
    found: DatabaseInfo = await _module("postgres.info").describe(settings.database_server, settings.database_shown)
    return found


async def damage(settings: Settings) -> str | None:
    """Return what is damaged in the database; None where nothing is. Raises SchemaError or StoreUnavailableError."""
    if settings.database_server is None:
        return sqlite_damage(settings.database_path)
    found: str | None = await _module("postgres.info").damage(settings.database_server, settings.database_shown)
    return found


async def back_up(settings: Settings, target: Path, progress: Progress) -> None:
    """Copies the database into a new file. Raises BackupError, SchemaError or StoreUnavailableError."""
    if settings.database_server is None:
        copy_file(settings.database_path, target, progress)
        return
    await _module("postgres.backup").back_up(settings.database_server, settings.database_shown, target, progress)


async def restore(settings: Settings, backup: Path, *, overwrite: bool, progress: Progress) -> None:
    """Puts a backup in place of the database. Raises BackupError, SchemaError or StoreUnavailableError."""
    if settings.database_server is None:
        restore_file(backup, settings.database_path, overwrite=overwrite, progress=progress)
        return
    url, shown = settings.database_server, settings.database_shown
    await _module("postgres.backup").restore(backup, url, shown, overwrite=overwrite, progress=progress)


def _module(name: str) -> Any:
    """A driver is loaded only where it is used: it costs memory and time."""
    return importlib.import_module(f"osimages.odata.sql.{name}")

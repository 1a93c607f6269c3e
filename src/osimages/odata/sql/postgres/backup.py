"""Backups of PostgreSQL databases in the portable form of `backup.py`, and back into one, each at one moment."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from osimages.odata.sql.backup import BackupError, Progress, Table, check, copy_file, make_ready, new_file, tables
from osimages.odata.sql.migrations import Migrations
from osimages.odata.sql.postgres.connections import APPLICATION_NAME, SNAPSHOT
from osimages.odata.sql.postgres.migrate import Connection, applied_steps, connected, migrate, shown
from osimages.odata.sql.sqlite.file import migrate as migrate_file
from osimages.odata.sql.sqlite.file import reading

_ROWS_AT_ONCE = 1000
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database() "
    "AND pid <> pg_backend_pid()"
)


async def back_up(url: str, target: Path, migrations: Migrations, progress: Progress) -> None:
    """Copies all tables into a new SQLite file. Raises BackupError, SchemaError or StoreUnavailableError."""
    connection = await connected(url)
    try:
        migrations.check("postgresql", await applied_steps(connection), shown(url))
        new_file(target)
        migrate_file(target, migrations)
        with _written(target) as file:
            await connection.execute(SNAPSHOT)
            await _copy_out(connection, file, migrations, progress)
            await connection.execute("COMMIT")
    finally:
        await connection.close()


async def restore(backup: Path, url: str, migrations: Migrations, *, overwrite: bool, progress: Progress) -> None:
    """Puts a backup into a database, in one transaction. `overwrite` says that what is there may go.

    Raises BackupError, SchemaError or StoreUnavailableError.
    """
    check(backup, migrations)
    await migrate(url, migrations)
    connection = await connected(url)
    try:
        newest = await _may_be_replaced(connection, shown(url), overwrite)
        with tempfile.TemporaryDirectory(prefix="restore-") as folder:
            scratch = Path(folder) / "restoring.db"
            copy_file(backup, scratch, lambda done, total: None)
            make_ready(scratch, migrations, newest)
            with reading(scratch) as file:
                async with connection.transaction():
                    await _copy_in(connection, file, migrations, progress)
    finally:
        await connection.close()


async def _may_be_replaced(connection: Connection, where: str, overwrite: bool) -> int:
    """The largest number of a change that is there."""
    servers = await connection.fetchval(_OTHERS, APPLICATION_NAME)
    if servers:
        raise BackupError(f"{servers} connections of servers use the database {where}: end them first.")
    tenants, newest = await connection.fetchrow("SELECT count(*), coalesce(max(last_change), 0) FROM tenant") or (0, 0)
    if tenants and not overwrite:
        raise BackupError(f"The database {where} has {tenants} tenants. Say --overwrite to replace all that it has.")
    return int(newest)


async def _copy_out(connection: Connection, file: apsw.Connection, migrations: Migrations, progress: Progress) -> None:
    found = tables(file, migrations)
    counts = [int(await connection.fetchval(f"SELECT count(*) FROM {each.name}")) for each in found]  # noqa: S608
    done, total = 0, sum(counts)
    for table in found:
        places = ", ".join("?" * len(table.columns))
        rows = await connection.cursor(f"SELECT {table.names} FROM {table.name}")  # noqa: S608 (names of our schema)
        while some := await rows.fetch(_ROWS_AT_ONCE):
            file.executemany(f"INSERT INTO {table.name} ({table.names}) VALUES ({places})", map(tuple, some))  # noqa: S608
            done += len(some)
            progress(done, total)


async def _copy_in(connection: Connection, file: apsw.Connection, migrations: Migrations, progress: Progress) -> None:
    found = tables(file, migrations)
    counts = [int(str(file.execute(f"SELECT count(*) FROM {each.name}").fetchall()[0][0])) for each in found]  # noqa: S608
    done, total = 0, sum(counts)
    await connection.execute(f"TRUNCATE {', '.join([*(each.name for each in found), *migrations.transient])}")
    for table, count in zip(found, counts, strict=True):
        await connection.copy_records_to_table(table.name, records=_rows(file, table), columns=table.columns)
        done += count
        progress(done, total)


def _rows(file: apsw.Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    for row in file.execute(f"SELECT {table.names} FROM {table.name}"):  # noqa: S608
        if table.truths:
            yield tuple(bool(value) if number in table.truths else value for number, value in enumerate(row))
        else:
            yield row


@contextlib.contextmanager
def _written(target: Path) -> Iterator[apsw.Connection]:
    with contextlib.closing(apsw.Connection(str(target))) as file:
        with file:
            yield file
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.execute("PRAGMA journal_mode = DELETE")

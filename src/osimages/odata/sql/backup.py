"""Backups: one SQLite file with all tables, whichever database they are of; it can be restored into either kind.

A restored database must not give out a version again that it gave out with other content, for entity tags name them:
the tenants' counters go on from a number that none of them can have reached, the microseconds since 1970. Links to
changes (delta) lead back to a time that is gone, so their secret is made anew, and clients are told to read all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from osimages.odata.sql.migrations import Migrations, SchemaError
from osimages.odata.sql.private_files import create_private, private_directory
from osimages.odata.sql.sqlite.file import applied_steps, connect, migrate, reading

# Told how much is done, of how much.
Progress = Callable[[int, int], None]
_PAGES_AT_ONCE = 1000


class BackupError(Exception):
    """A backup that cannot be made or restored; the text says why and what to do."""


class Table(msgspec.Struct, frozen=True):
    """A table of a backup: its columns in order, and those of them that are truth values, numbers in SQLite."""

    name: str
    columns: tuple[str, ...]
    truths: frozenset[int]

    @property
    def names(self) -> str:
        """The columns as SQL lists them."""
        return ", ".join(f'"{each}"' for each in self.columns)


def copy_file(source: Path, target: Path, progress: Progress) -> None:
    """Copies a database, as it is at one moment, while others read and write it. Raises SchemaError."""
    with reading(source) as connection, contextlib.closing(_created(target)) as copy:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # from here on it stands still
        with copy.backup("main", connection, "main") as copying:
            while not copying.done:
                copying.step(_PAGES_AT_ONCE)
                progress(copying.page_count - copying.remaining, copying.page_count)
        connection.execute("COMMIT")
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without others beside it


def check(backup: Path, migrations: Migrations) -> None:
    """Raises BackupError for what is no sound backup that this release can read."""
    if not backup.is_file():
        raise BackupError(f"There is no file {backup}.")
    try:
        with reading(backup) as connection:
            if not applied_steps(connection):
                raise BackupError(f"{backup} is no backup of {migrations.application}: it has no migrations.")
            migrations.pending("sqlite", applied_steps(connection), str(backup))
            found = connection.execute("PRAGMA quick_check(1)").fetchall()
    except SchemaError as error:
        raise BackupError(str(error)) from None
    if found != [("ok",)]:
        raise BackupError(f"{backup} is damaged: {found[0][0]}.")


def make_ready(copy: Path, migrations: Migrations, at_least: int) -> None:
    """Brings a copy of a backup up to date, as one that is served from now on; `at_least` is a number of a change."""
    migrate(copy, migrations)
    connection = connect(copy)
    try:
        with connection:
            floor = max(at_least + 1, time.time_ns() // 1000)
            connection.execute("UPDATE tenant SET last_change = max(last_change, ?)", (floor,))
            connection.execute("DELETE FROM secret WHERE name = 'deltatoken'")
            for table in migrations.transient:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 (a name of the application)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()


def restore_file(backup: Path, target: Path, migrations: Migrations, *, overwrite: bool, progress: Progress) -> None:
    """Puts a backup in the place of an SQLite database that nobody has open; `overwrite` says that it may go.

    What was there stays until the backup has been copied and brought up to date beside it. Raises BackupError.
    """
    check(backup, migrations)
    if target.exists() and not overwrite:
        raise BackupError(f"There is a database at {target}. Say --overwrite to replace it with the backup.")
    _close_for_good(target)
    private_directory(target.parent)
    scratch = target.with_name(f"{target.name}.restoring")
    newest = _newest_change(target)
    with contextlib.ExitStack() as on_end:
        on_end.callback(_remove, scratch)
        copy_file(backup, scratch, progress)
        make_ready(scratch, migrations, newest)
        _close_for_good(target)
        scratch.replace(target)


def tables(connection: apsw.Connection, migrations: Migrations) -> list[Table]:
    """Return the tables whose rows a backup holds: not those of the schema's own records, and not transient ones."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    found = []
    for (name,) in sorted(names.fetchall()):
        columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,)).fetchall()
        truths = frozenset(number for number, (_, type_) in enumerate(columns) if type_ == "BOOLEAN")
        if name not in ("schema_step", *migrations.transient):
            found.append(Table(str(name), tuple(str(column) for column, _ in columns), truths))
    return found


def _newest_change(database: Path) -> int:
    """The largest number of a change in a database that is to be replaced; 0 where there is none."""
    if not database.exists():
        return 0
    try:
        with reading(database) as connection:
            found = connection.execute("SELECT coalesce(max(last_change), 0) FROM tenant").fetchall()
        return int(str(found[0][0]))
    except (apsw.Error, SchemaError):  # damaged, or no database of ours: that may be why a backup is restored
        return 0


def _close_for_good(database: Path) -> None:
    """Makes sure that nobody has a database open that is to be replaced, and that nothing of it is left beside it."""
    if not database.exists():
        return
    try:
        with contextlib.closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # SQLite refuses while another connection is open
    except apsw.BusyError:
        raise BackupError(f"The database {database} is in use: end the server first.") from None
    except apsw.Error:  # it is damaged: whoever restores a backup knows
        _remove(database)


def _remove(database: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + ending).unlink(missing_ok=True)


def new_file(target: Path) -> None:
    """Create an empty database in place of what is there; only its owner may read it, as it holds keys."""
    _remove(target)
    create_private(target)


def _created(target: Path) -> apsw.Connection:
    new_file(target)
    return apsw.Connection(str(target))

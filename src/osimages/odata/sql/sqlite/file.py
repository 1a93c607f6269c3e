"""Opens SQLite files and brings their schema up to date; apart from the store, so that no more is loaded for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from osimages.odata.sql.migrations import APPLIED_STEPS, RECORD_STEP, STEP_TABLE, Migrations, SchemaError
from osimages.odata.sql.private_files import create_private, private_directory

USUAL_WAIT_SECONDS = 10.0
_RETRY_SECONDS = 0.005
# A page that many writes change is copied from the log into the database once for all of them: 10,000 pages of log
# (40 MB) instead of the usual 1,000 nearly double the rate of creating entities (https://www.sqlite.org/wal.html#ckpt).
# A log that was longer once is cut to that length when it restarts.
_PRAGMAS = (
    *("synchronous = FULL", "temp_store = MEMORY"),
    *("wal_autocheckpoint = 10000", f"journal_size_limit = {10_000 * 4096}"),
)
_USUAL_CACHE_MEGABYTES = 16


def connect(
    path: Path, wait_seconds: float = USUAL_WAIT_SECONDS, cache_megabytes: int = _USUAL_CACHE_MEGABYTES
) -> apsw.Connection:
    """Opens the file with the settings that every connection here has. Raises SchemaError when that cannot be.

    `wait_seconds` is how long a statement waits while another process writes, `cache_megabytes` how much of the file
    the connection keeps in memory at most, once it has read that much.
    """
    with contextlib.ExitStack() as on_failure:
        with contextlib.suppress(OSError):  # SQLite reports the error
            create_private(path)  # its log and the log's index get the same mode
        try:
            connection = apsw.Connection(str(path))
            on_failure.callback(connection.close)
            connection.set_busy_timeout(int(wait_seconds * 1000))
            _switch_to_wal(connection, wait_seconds)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(f"PRAGMA cache_size = {-1000 * cache_megabytes}")
        except apsw.NotADBError:
            raise SchemaError(f"{path} is not an SQLite database. Move it away, or name another file.") from None
        except apsw.Error as error:
            raise SchemaError(f"The database {path} cannot be opened: {error}.") from None
        on_failure.pop_all()
    return connection


@contextlib.contextmanager
def reading(path: Path) -> Iterator[apsw.Connection]:
    """Open a file that no server need have opened, to read it alone, and close it.

    Raises SchemaError for what is no SQLite database, or cannot be read.
    """
    try:
        with opened_to_read(path) as connection:
            yield connection
    except apsw.NotADBError:
        raise SchemaError(f"{path} is not an SQLite database. Move it away, or name another file.") from None
    except apsw.Error as error:
        raise SchemaError(f"The database {path} cannot be read: {error}.") from None


@contextlib.contextmanager
def opened_to_read(path: Path) -> Iterator[apsw.Connection]:
    """Open a file as `reading` does, but let SQLite's own errors pass."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(int(USUAL_WAIT_SECONDS * 1000))
        yield connection
    finally:
        connection.close()


def _switch_to_wal(connection: apsw.Connection, wait_seconds: float) -> None:
    """SQLite itself does not wait where two processes switch a new file at once: it calls that a deadlock.

    https://www.sqlite.org/c3ref/busy_handler.html
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except apsw.BusyError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_SECONDS)


def migrate(path: Path, migrations: Migrations) -> int:
    """Applies the steps that the database still needs, each in a transaction; returns how many there were.

    Raises SchemaError when the database is newer than this release or cannot be written.
    """
    make_directory(path)
    connection = connect(path)
    try:
        # Two processes that start together: the second waits here, and then finds nothing left to do.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(STEP_TABLE)
        needed = migrations.pending("sqlite", applied_steps(connection), str(path))
        for step in needed:
            connection.execute(step.sql)
            applied_at = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute(RECORD_STEP, {"number": step.number, "name": step.name, "applied_at": applied_at})
        connection.execute("COMMIT")
        return len(needed)
    except apsw.Error as error:
        raise SchemaError(f"The database {path} cannot be brought up to date: {error}.") from None
    finally:
        connection.close()


def make_directory(path: Path) -> None:
    """Create the directory of a database. Raises SchemaError."""
    try:
        private_directory(path.parent)
    except OSError as error:
        raise SchemaError(f"The directory {path.parent} cannot be made: {error.strerror}.") from None


def applied_steps(connection: apsw.Connection) -> frozenset[int]:
    """The numbers of the steps that were applied; none for a database that knows no steps."""
    known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_step'"
    if not _single(connection, known):
        return frozenset()
    return frozenset(int(str(number)) for (number,) in connection.execute(APPLIED_STEPS).fetchall())


def _single(connection: apsw.Connection, sql: str, values: Any = None) -> Any:
    row = connection.execute(sql, values).fetchone()
    assert row is not None
    return row[0]

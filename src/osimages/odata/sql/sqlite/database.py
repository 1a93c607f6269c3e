"""An SQLite database: reads at once on the event loop's thread unless they take long, writes through one writer.

WAL lets readers go on while one writes; synchronous FULL makes what was acknowledged survive a kill or power cut.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path

import apsw
from sqlalchemy import MetaData
from sqlalchemy.dialects.sqlite import dialect

from osimages.odata.model.types import Model
from osimages.odata.sql import changes
from osimages.odata.sql.migrations import Migrations
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.file import applied_steps, connect, make_directory
from osimages.odata.sql.sqlite.reader import UNAVAILABLE, SqliteReader, TimeLimit
from osimages.odata.sql.sqlite.reads import SqliteReads
from osimages.odata.sql.sqlite.store import SqliteStore
from osimages.odata.sql.sqlite.wal import LogLimit
from osimages.odata.sql.sqlite.writer import Writer
from osimages.odata.sql.store import USUAL_LIMITS, DatabaseGoneError, DatabaseLimits, StoreUnavailableError
from osimages.odata.sql.table_creation import create_tables
from osimages.odata.sql.tables import EntityTables
from osimages.odata.sql.transaction_script import Result, Script

# A query that is over ends at its next look at the clock.
_SLACK_SECONDS = 0.5
# A page that is not in memory costs a system call, which is much beside the rest of a read by key. Documents are nearly
# alone on their pages: this is room for some 15,000 entities.
_READER_CACHE_MEGABYTES = 64
# A query that takes long reads much once: a large cache takes more time to fill than it saves.
_LONG_READS_CACHE_MEGABYTES = 4
_REVISION = "SELECT last_change, created_at FROM tenant WHERE tenant = ?"


class SqliteDatabase:
    """One SQLite file, with one connection that reads, one that writes, and one for each query that takes long.

    Raises OldSchemaError if one of `migrations` was not applied.
    """

    answers_at_once = True

    def __init__(
        self,
        path: Path,
        migrations: Migrations | None = None,
        limits: DatabaseLimits = USUAL_LIMITS,
        observer: PoolObserver = UNOBSERVED,
    ) -> None:
        wait_seconds, query_seconds = limits.wait_seconds, limits.query_seconds
        with contextlib.ExitStack() as on_failure:
            if migrations is None:
                make_directory(path)
            connection = connect(path, wait_seconds, _READER_CACHE_MEGABYTES)
            on_failure.callback(connection.close)
            if migrations is not None:
                migrations.check("sqlite", applied_steps(connection), str(path))
            check = _same_file(path)
            log = LogLimit(path, query_seconds + _SLACK_SECONDS)
            self._writer = Writer(lambda: connect(path, wait_seconds), check, observer, log.enforce)
            limit = TimeLimit()
            self._reader = SqliteReader(connection, limit)

            def connect_more() -> apsw.Connection:
                return _one_more(path, wait_seconds, check)

            self._reads = SqliteReads(self._reader, limit, connect_more, query_seconds, observer)
            on_failure.pop_all()

    def store(self, model: Model, tables: EntityTables) -> SqliteStore:
        """The entities of one type."""
        return SqliteStore(self, self._reader, self._reads, model, tables)

    async def change(self, steps: Script[Result]) -> Result:
        """Runs the steps in one transaction; their result, once it is on disk."""
        try:
            return await self._writer.run(lambda connection: execute(connection, steps))
        except UNAVAILABLE as error:
            raise StoreUnavailableError(str(error)) from error

    async def read(self, steps: Script[Result]) -> Result:
        """Runs steps that change nothing, at once; all of them see the database at one moment."""
        return self._reader.steps(steps)

    async def revision(self, tenant: str) -> tuple[int, str] | None:
        """Return the number of a tenant's last change, and when the tenant was added; None for an unknown tenant."""
        found: tuple[int, str] | None = self._reader.one(_REVISION, (tenant,))
        return found

    async def create_tables(self, metadata: MetaData) -> None:
        """Create the declared tables and indexes that the database has not."""
        await self.change(create_tables(metadata, dialect(paramstyle="named")))

    async def secret(self, name: str) -> bytes:
        """A random key of this installation, made when it is first asked for."""
        return await self.change(changes.secret(name, secrets.token_bytes(32)))

    async def close(self) -> None:
        """Ends all connections, after the writes that are under way; queries that take long are not waited for."""
        await self._reads.close()
        self._writer.close()
        self._reader.close()


def _one_more(path: Path, wait_seconds: float, check: Callable[[], None]) -> apsw.Connection:
    """A connection for a query that takes long, to the file if it is still there: SQLite would make an empty one."""
    check()
    return connect(path, wait_seconds, _LONG_READS_CACHE_MEGABYTES)


def _same_file(path: Path) -> Callable[[], None]:
    """Return a check that raises DatabaseGoneError if the opened file was deleted or replaced: writes would be lost."""
    opened = path.stat()

    def check() -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            raise DatabaseGoneError(f"the database file {path} was deleted") from None
        if (found.st_ino, found.st_dev) != (opened.st_ino, opened.st_dev):
            raise DatabaseGoneError(f"the database file {path} was replaced: restart the server")

    return check

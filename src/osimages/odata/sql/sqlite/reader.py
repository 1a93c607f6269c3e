"""A connection that reads an SQLite database, and the limit of time that ends what it is at."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import apsw

from osimages.odata.sql.entity_store import row_bytes
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.functions import register
from osimages.odata.sql.store import QueryTimeoutError, StoreUnavailableError
from osimages.odata.sql.transaction_script import Result, Script

# How many steps of SQLite's virtual machine pass between two looks at the clock: a tenth of a millisecond, or ten where
# a function of our own reads a long text in every tenth of them. A look takes a fifth of a microsecond.
_STEPS_BETWEEN_LOOKS = 5_000
# What passes by itself, or when somebody makes room; everything else is a fault of this program.
# The connection is closed under requests that outlast the end of a server.
UNAVAILABLE = (
    *(apsw.BusyError, apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError),
    apsw.ConnectionClosedError,
)


class TimeLimit:
    """When what a connection is at has to end, if ever. Any thread may end it at once."""

    __slots__ = ("_moment", "seconds")

    def __init__(self) -> None:
        self.seconds = math.inf
        self._moment = math.inf

    def start(self, seconds: float) -> None:
        """So many seconds from now."""
        self.seconds = seconds
        self._moment = time.monotonic() + seconds

    def lift(self) -> None:
        """No limit any more."""
        self._moment = math.inf

    def end(self) -> None:
        """Now."""
        self._moment = -math.inf

    def is_over(self) -> bool:
        """Whether the time has passed."""
        return time.monotonic() > self._moment


class SqliteReader:
    """Reads on the thread of the caller, one thread at a time.

    What it raises is QueryTimeoutError once `limit` is over, StoreUnavailableError, or a fault of this program.
    """

    def __init__(self, connection: apsw.Connection, limit: TimeLimit) -> None:
        register(connection, limit.is_over)
        connection.set_progress_handler(limit.is_over, _STEPS_BETWEEN_LOOKS)
        self._connection = connection
        self._limit = limit

    def one(self, sql: str, values: Any) -> Any:
        """The first row, or None."""
        try:
            return self._connection.execute(sql, values).fetchone()
        except apsw.Error as error:
            raise self._told(error) from error

    def every(self, sql: str, values: Any) -> list[Any]:
        """All rows, of a query that can find but few."""
        try:
            return self._connection.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise self._told(error) from error

    def some(self, sql: str, values: Any, limit: int, most_bytes: int) -> tuple[list[Any], bool]:
        """Return at most `limit` rows, up to the one that reaches `most_bytes`, and whether there are others."""
        rows: list[Any] = []
        size = 0
        try:
            found = self._connection.execute(sql, values)
            for row in islice(found, limit):
                rows.append(row)
                size += row_bytes(row)
                if size >= most_bytes:
                    break
            return rows, next(found, None) is not None
        except apsw.Error as error:
            raise self._told(error) from error

    def steps(self, steps: Script[Result]) -> Result:
        """The result of steps that change nothing, all of one moment."""
        try:
            with self.snapshot():
                return execute(self._connection, steps)
        except apsw.Error as error:
            raise self._told(error) from error

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside is all of one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:  # SQLite ends it by itself after some errors
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def _told(self, error: apsw.Error) -> Exception:
        """What went wrong, in the words of the store."""
        if isinstance(error, apsw.InterruptError):
            return QueryTimeoutError(self._limit.seconds)
        return StoreUnavailableError(str(error)) if isinstance(error, UNAVAILABLE) else error

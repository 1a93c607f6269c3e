"""The connection that reads an SQLite database, each query with its time limit."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import apsw

from osimages.storage.sqlite_functions import register
from osimages.storage.sqlite_steps import perform
from osimages.storage.steps import Result, Steps
from osimages.storage.store import QueryTimeoutError, StoreUnavailableError

# How many steps of SQLite's virtual machine (some milliseconds) pass between two looks at the clock.
_STEPS_BETWEEN_LOOKS = 50_000
# A page ends early, with a link to the next one, where its documents are very large.
_MOST_BYTES = 16 * 1024 * 1024
# What passes by itself, or when somebody makes room; everything else is a fault of this program.
UNAVAILABLE = (apsw.BusyError, apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)


class SqliteReader:
    """Reads at once, on the thread of the caller. `query_seconds` is how long one query may take.

    What it raises is QueryTimeoutError, StoreUnavailableError, or a fault of this program.
    """

    def __init__(self, connection: apsw.Connection, query_seconds: float) -> None:
        register(connection)
        self._connection = connection
        self._query_seconds = query_seconds
        self._deadline = 0.0
        connection.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)

    def one(self, sql: str, values: Any) -> Any:
        """The first row, or None."""
        self._deadline = time.monotonic() + self._query_seconds
        try:
            return self._connection.execute(sql, values).fetchone()
        except apsw.Error as error:
            raise self._told(error) from error

    def some(self, sql: str, values: Any, limit: int) -> tuple[list[Any], bool]:
        """At most `limit` rows of keys and documents, and no more than fit into one answer; are there others?"""
        rows: list[Any] = []
        size = 0
        self._deadline = time.monotonic() + self._query_seconds
        try:
            for row in self._connection.execute(sql, values):
                if len(rows) == limit or size > _MOST_BYTES:
                    return rows, True
                rows.append(row)
                size += len(row[1])
        except apsw.Error as error:
            raise self._told(error) from error
        return rows, False

    def steps(self, steps: Steps[Result]) -> Result:
        """The result of steps that change nothing, all of one moment; they take the time that they need."""
        self._deadline = math.inf
        try:
            with self.snapshot():
                return perform(self._connection, steps)
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
            return QueryTimeoutError(self._query_seconds)
        return StoreUnavailableError(str(error)) if isinstance(error, UNAVAILABLE) else error

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

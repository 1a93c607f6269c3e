"""Where a query of an SQLite database runs: at once on the event loop, or, where it takes long, on a thread of its own.

Most queries take microseconds, less than it takes to ask another thread. See docs/decisions/0021.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias, TypeVar

import apsw

from osimages.odata.sql.fair_semaphore import FairSemaphore
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.sqlite.reader import SqliteReader, TimeLimit
from osimages.odata.sql.store import QueryTimeoutError, StoreUnavailableError

Result = TypeVar("Result")
Read: TypeAlias = Callable[[SqliteReader], Result]
Connect: TypeAlias = Callable[[], apsw.Connection]

# How long a query may hold up all others before it has to start anew on a thread.
_PATIENCE_SECONDS = 0.01
_MOST_THREADS = 2
_MOST_REMEMBERED = 256
_POOL = "long_queries"
# A thread in whose query functions of our own are called gives the interpreter back for moments so short that the event
# loop misses them; it has to ask for it, which it does after this time instead of Python's 5 ms.
_SWITCH_SECONDS = 0.001


class SqliteReads:
    """Runs queries on the event loop's own reader, and again from their beginning elsewhere if they take long there.

    `query_seconds` is how long a query may take once it has its turn, and how long it waits for a turn on a thread.
    """

    def __init__(
        self,
        reader: SqliteReader,
        limit: TimeLimit,
        connect: Connect,
        query_seconds: float,
        observer: PoolObserver = UNOBSERVED,
    ) -> None:
        self._reader = reader
        self._limit = limit
        self._long_reads = LongReads(connect, query_seconds, observer=observer)
        self._known_long: dict[Hashable, None] = {}

    async def run(self, kind: Hashable, read: Read[Result], tenant: str = "", *, at_once: bool = True) -> Result:
        """What a query finds. Those of one `kind` are expected to take as long as the last one of it did; of those that
        take long, tenants have theirs in turns. A query that cannot be ended while it holds the event loop is not run
        `at_once`.

        Raises QueryTimeoutError, or StoreUnavailableError where too many long queries are under way.
        """
        if at_once and not (self._known_long and kind in self._known_long):
            self._limit.start(_PATIENCE_SECONDS)
            try:
                return read(self._reader)
            except QueryTimeoutError:
                self._remember(kind)
            finally:
                self._limit.lift()
        found, seconds = await self._long_reads.run(read, tenant)
        if seconds < _PATIENCE_SECONDS:
            self._known_long.pop(kind, None)
        return found

    async def close(self) -> None:
        """Ends what runs and waits."""
        await self._long_reads.close()

    def _remember(self, kind: Hashable) -> None:
        if len(self._known_long) >= _MOST_REMEMBERED:
            del self._known_long[next(iter(self._known_long))]
        self._known_long[kind] = None


class LongReads:
    """A few threads for queries that take long; each query has a connection of its own, which is closed after it."""

    def __init__(
        self,
        connect: Connect,
        query_seconds: float,
        most: int = _MOST_THREADS,
        observer: PoolObserver = UNOBSERVED,
    ) -> None:
        observer.limited(_POOL, most)
        self._observer = observer
        self._connect = connect
        self._query_seconds = query_seconds
        self._semaphore = FairSemaphore(most)
        self._running: dict[asyncio.Future[Any], TimeLimit] = {}
        self._usual_switch_seconds = sys.getswitchinterval()
        self._closed = False

    async def run(self, read: Read[Result], tenant: str) -> tuple[Result, float]:
        """What a query finds, and how many seconds it ran. Raises QueryTimeoutError or StoreUnavailableError."""
        await self._turn(tenant)
        limit = TimeLimit()
        limit.start(self._query_seconds)
        running = asyncio.get_running_loop().run_in_executor(None, self._read, read, limit)
        if not self._running:
            self._usual_switch_seconds = sys.getswitchinterval()
            sys.setswitchinterval(_SWITCH_SECONDS)
        self._running[running] = limit
        self._observer.used(_POOL, 1)
        running.add_done_callback(self._ended)
        try:
            # Whoever gives the query up does not end its thread by that: its turn lasts until it sees the limit.
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            limit.end()
            raise
        except QueryTimeoutError:
            self._check_open()
            raise

    async def close(self) -> None:
        """Ends what runs; what waits is refused."""
        self._closed = True
        for limit in self._running.values():
            limit.end()
        if self._running:
            await asyncio.wait(self._running)

    async def _turn(self, tenant: str) -> None:
        self._check_open()
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._query_seconds):
                await self._semaphore.acquire(tenant)
        except TimeoutError:
            raise StoreUnavailableError("too many long queries are under way") from None
        finally:
            self._observer.waited(_POOL, time.monotonic() - started)
        if self._closed:
            self._semaphore.release()
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailableError("the store is closed")

    def _ended(self, running: asyncio.Future[Any]) -> None:
        del self._running[running]
        self._observer.used(_POOL, -1)
        if not self._running:
            sys.setswitchinterval(self._usual_switch_seconds)
        self._semaphore.release()

    def _read(self, read: Read[Result], limit: TimeLimit) -> tuple[Result, float]:
        """On a thread: the query on a new connection, which takes a fifth of a millisecond to open."""
        started = time.monotonic()
        try:
            reader = SqliteReader(self._connect(), limit)
        except SchemaError as error:
            raise StoreUnavailableError(str(error)) from error
        try:
            return read(reader), time.monotonic() - started
        finally:
            reader.close()

"""Connections to a PostgreSQL server: a bounded pool, limits of time, and errors in the words of the store."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from osimages.odata.cache import LONGEST_SQL, cached
from osimages.odata.sql.fair_semaphore import FairSemaphore
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.store import DatabaseLimits, QueryTimeoutError, StoreUnavailableError
from osimages.odata.sql.transaction_script import KeyTakenError, Result, Rows, Script, Values

# What passes by itself, or when somebody makes room or starts a server; everything else is a fault of this program.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    # A newer server has just changed the tables; the next try prepares its statements anew.
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")
# The client gives a query up only where the server does not end it by itself, as it is gone or frozen.
_GRACE_SECONDS = 5.0
_STATEMENTS_KEPT = 400
_POOL = "connections"
# By which the connections of servers are found in pg_stat_activity; monitoring may look for it, too.
APPLICATION_NAME = "osimages"

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"


class Connections:
    """The connections of one process to one database; they belong to the event loop that opened them."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], limits: DatabaseLimits, observer: PoolObserver = UNOBSERVED
    ) -> None:
        observer.limited(_POOL, limits.connections)
        self._observer = observer
        self._pool = pool
        self._limits = limits
        self.query_seconds = limits.query_seconds
        # Some connections are left for what is short: reads by key, changes, what the service looks up for itself.
        self._semaphore = FairSemaphore(max(1, limits.connections - max(1, limits.connections // 5)))
        # A change takes the time that it needs, but does not wait for another one for longer than it may. It has
        # no READ WRITE: an operator may have set default_transaction_read_only.
        lock_timeout = max(1, int(limits.wait_seconds * 1000))
        self._change = (
            "BEGIN ISOLATION LEVEL READ COMMITTED; "
            f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {lock_timeout}"
        )

    @classmethod
    async def open(cls, url: str, limits: DatabaseLimits, observer: PoolObserver = UNOBSERVED) -> Connections:
        """Connects. Raises StoreUnavailableError."""
        with _told(limits.query_seconds):
            pool = await asyncpg.create_pool(
                url,
                min_size=0,  # the pool itself would complain at length of a server that is away
                max_size=limits.connections,
                timeout=max(1.0, limits.wait_seconds),
                command_timeout=limits.wait_seconds + limits.query_seconds + _GRACE_SECONDS,
                statement_cache_size=_STATEMENTS_KEPT,
                max_cacheable_statement_size=0,
                reset=_nothing_to_reset,
                server_settings=_session(limits.query_seconds),
            )
        return cls(pool, limits, observer)

    @contextlib.asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """A tenant's turn to run a query that may take long; tenants have theirs one after the other.

        Raises StoreUnavailableError where it does not come in time.
        """
        with _told(self._limits.query_seconds):
            async with asyncio.timeout(self._limits.wait_seconds or 0.001):
                await self._semaphore.acquire(tenant)
        try:
            yield
        finally:
            self._semaphore.release()

    async def rows(self, sql: str, values: Values) -> list[asyncpg.Record]:
        """What one query finds. Raises QueryTimeoutError or StoreUnavailableError."""
        async with self._acquired() as connection:
            return await fetch(connection, sql, values)

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection on which all that is read is of one moment."""
        async with self._acquired() as connection, _transaction(connection, SNAPSHOT):
            yield connection

    async def read(self, steps: Script[Result]) -> Result:
        """The result of steps that change nothing, all of one moment; they take the time that they need."""
        begin = f"{SNAPSHOT}; SET LOCAL statement_timeout = 0"
        async with self._acquired() as connection, _transaction(connection, begin):
            return await execute(connection, steps)

    async def change(self, steps: Script[Result]) -> Result:
        """The result of steps in one transaction, once it is committed."""
        async with self._acquired() as connection, _transaction(connection, self._change):
            return await execute(connection, steps)

    async def close(self) -> None:
        """Ends all connections, after what is under way."""
        await self._pool.close()

    @contextlib.asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        with _told(self._limits.query_seconds):
            started = time.monotonic()
            acquired = self._pool.acquire(timeout=self._limits.wait_seconds or 0.001)
            try:
                connection = await acquired
            finally:
                self._observer.waited(_POOL, time.monotonic() - started)
            self._observer.used(_POOL, 1)
            try:
                yield connection
            finally:
                self._observer.used(_POOL, -1)
                await self._pool.release(connection)


async def fetch(connection: Connection, sql: str, values: Values) -> list[asyncpg.Record]:
    """The rows of a query with parameters named `:like_this`."""
    text, names = positional(sql)
    return await connection.fetch(text, *[values[name] for name in names])


async def execute(connection: Connection, steps: Script[Result]) -> Result:
    """Runs all steps, within the transaction of the caller. Raises KeyTakenError, and what the steps raise."""
    rows: Rows | None = None
    try:
        while True:
            # A generator starts with None, which its type cannot say.
            ask = steps.send(rows)  # type: ignore[arg-type]
            if isinstance(ask.values, Mapping):
                rows = [tuple(row) for row in await fetch(connection, ask.sql, ask.values)]
            else:
                text, names = positional(ask.sql)
                await connection.executemany(text, [[values[name] for name in names] for values in ask.values])
                rows = ()
    except StopIteration as end:
        result: Result = end.value
        return result
    except asyncpg.UniqueViolationError as error:
        raise KeyTakenError(str(error)) from error


@cached(4096, LONGEST_SQL)
def positional(sql: str) -> tuple[str, Sequence[str]]:
    """SQL with `$1` for each parameter `:named`, and their names in that order."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${numbers.setdefault(match[1], len(numbers) + 1)}"

    return _PARAMETER.sub(number, sql), tuple(numbers)


@contextlib.asynccontextmanager
async def _transaction(connection: Connection, begin: str) -> AsyncIterator[None]:
    await connection.execute(begin)
    try:
        yield
    except BaseException:
        with contextlib.suppress(*UNAVAILABLE):  # a connection that is lost has nothing to roll back
            await asyncio.shield(connection.execute("ROLLBACK"))
        raise
    await connection.execute("COMMIT")


@contextlib.contextmanager
def _told(query_seconds: float) -> Iterator[None]:
    """Errors of the driver in the words of the store."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise QueryTimeoutError(query_seconds) from error
    except UNAVAILABLE as error:
        if isinstance(error, ValueError):  # values or settings that the driver cannot use
            raise
        raise StoreUnavailableError(str(error) or "the database does not answer") from error


def _session(query_seconds: float) -> dict[str, str]:
    return {
        "application_name": APPLICATION_NAME,
        "statement_timeout": str(max(1, int(query_seconds * 1000))),
        # A process that is stopped in the middle of a change must not keep its tenant from the others for ever.
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",  # it takes longer than such queries do
        # Filters of one shape may find one row or all: a plan for any of them would be a bad one for most.
        "plan_cache_mode": "force_custom_plan",
        "DateStyle": "ISO",
        "extra_float_digits": "1",
    }


async def _nothing_to_reset(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """No session is changed beyond its transactions, so that no question for the server is needed."""

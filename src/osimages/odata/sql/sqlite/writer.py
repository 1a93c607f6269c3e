"""One thread that writes to SQLite: what waits together is committed together, with one sync to disk for all.

SQLite has one writer at a time. Each job runs in a savepoint of its own, so that one that fails undoes only itself; no
job is answered before the commit that holds it is on disk (synchronous FULL).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import apsw

from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.pool_observer import UNOBSERVED, PoolObserver
from osimages.odata.sql.store import StoreUnavailableError

Result = TypeVar("Result")
Job = Callable[[apsw.Connection], Result]
_MOST_TOGETHER = 256
_POOL = "writer"


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    since: float


class Writer:
    """Runs jobs in order on a connection of its own."""

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        check: Callable[[], None] = lambda: None,
        observer: PoolObserver = UNOBSERVED,
        maintain: Callable[[apsw.Connection], None] = lambda _: None,
    ) -> None:
        """`check` is called before each transaction, and raises what keeps it from being worth anything; `maintain`
        between transactions, when whoever waited has been answered.
        """
        observer.limited(_POOL, 1)
        self._observer = observer
        self._connect = connect
        self._check = check
        self._maintain = maintain
        self._connection = connect()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="osimages-writer", daemon=True)
        self._thread.start()
        self._closing = threading.Lock()
        self._closed = False

    async def run(self, job: Job[Result]) -> Result:
        """The job's result, once it is on disk.

        Raises what the job raises, with nothing written; StoreUnavailableError once the writer is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        with self._closing:
            if self._closed:
                raise StoreUnavailableError("the store is closed")
            self._queue.put(_Waiting(job, loop, future, time.monotonic()))
        return await future

    def close(self) -> None:
        """Ends the thread after the jobs that wait."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            together = [first]
            ended = False
            while len(together) < _MOST_TOGETHER:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    ended = True
                    break
                together.append(waiting)
            self._observer.used(_POOL, 1)
            results = self._commit(together)
            self._observer.used(_POOL, -1)
            _answer(together, results)
            if ended:
                return
            with contextlib.suppress(apsw.Error):  # what is wrong is the answer to the next transaction
                self._maintain(self._connection)

    def _commit(self, together: list[_Waiting]) -> list[tuple[Any, BaseException | None]]:
        connection = self._connection
        try:
            self._check()
            connection.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            for waiting in together:
                self._observer.waited(_POOL, started - waiting.since)
            results = [_attempt(connection, waiting.job) for waiting in together]
            connection.execute("COMMIT")
        except Exception as error:  # whatever kept the commit from disk is the answer to all
            self._recover()
            return [(None, error)] * len(together)
        return results

    def _recover(self) -> None:
        """Ends a transaction that failed; where even that fails, the connection is given up for a new one."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            with contextlib.suppress(apsw.Error):
                self._connection.close(True)
            with contextlib.suppress(apsw.Error, SchemaError):  # if not now, then at the next transaction
                self._connection = self._connect()


def _attempt(connection: apsw.Connection, job: Job[Any]) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT job")
    try:
        result = job(connection)
    except Exception as error:
        if not connection.in_transaction:  # SQLite itself gave the whole transaction up (disk full, I/O error)
            raise
        connection.execute("ROLLBACK TO job; RELEASE job")
        return None, error
    connection.execute("RELEASE job")
    return result, None


def _answer(together: list[_Waiting], results: list[tuple[Any, BaseException | None]]) -> None:
    for waiting, (result, error) in zip(together, results, strict=True):
        try:
            waiting.loop.call_soon_threadsafe(_settle, waiting.future, result, error)
        except RuntimeError:  # the loop has ended: nobody waits for this answer any more
            continue


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)

"""Jobs that wait together are committed together; each is answered by itself, after the commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from osimages.odata.sql.sqlite.writer import Writer
from osimages.odata.sql.store import StoreUnavailableError
from tests.support.looped import run


class Bench:
    """A writer on a database with a table of numbers, which counts commits, and can be made to refuse one."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.commits = 0
        self.refuses = False
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.writer = Writer(self._connect)

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.database))
        connection.set_busy_timeout(0)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number INTEGER PRIMARY KEY)")
        connection.set_commit_hook(self._commit)
        return connection

    def _commit(self) -> bool:
        self.commits += 1
        return self.refuses

    def hold(self, _: apsw.Connection) -> None:
        """A job that keeps the writer busy until it may go on."""
        self.started.set()
        assert self.go_on.wait(60)

    async def together(self, *jobs: Callable[[apsw.Connection], Any]) -> list[Any]:
        """Results, or errors, of jobs that come in while the writer is busy."""
        self.started.clear()
        self.go_on.clear()
        holding = asyncio.create_task(self.writer.run(self.hold))
        await asyncio.to_thread(self.started.wait, 60)
        answers = asyncio.gather(*(self.writer.run(job) for job in jobs), self._release(), return_exceptions=True)
        results: list[Any] = await answers
        await holding
        return results[:-1]

    async def _release(self) -> None:
        """Starts after the jobs, which are waiting by then."""
        self.go_on.set()

    def kept(self) -> list[Any]:
        """The numbers that another connection finds."""
        connection = apsw.Connection(str(self.database))
        found = connection.execute("SELECT number FROM kept ORDER BY number").fetchall()
        connection.close()
        return [number for (number,) in found]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "kept.db")
    yield bench
    bench.go_on.set()
    bench.writer.close()


def keep(number: int) -> Callable[[apsw.Connection], int]:
    def job(connection: apsw.Connection) -> int:
        connection.execute("INSERT INTO kept VALUES (?)", (number,))
        return number

    return job


def keep_and_fail(number: int) -> Callable[[apsw.Connection], int]:
    def job(connection: apsw.Connection) -> int:
        keep(number)(connection)
        raise LookupError(str(number))

    return job


def lose_the_disk(connection: apsw.Connection) -> None:
    """What happens when SQLite finds no room: it ends the whole transaction, then says so."""
    connection.execute("ROLLBACK")
    raise apsw.FullError("database or disk is full")


def test_a_result_is_given_once_it_can_be_read_by_others(bench: Bench) -> None:
    assert run(bench.writer.run(keep(1))) == 1
    assert bench.kept() == [1]


def test_jobs_that_wait_are_committed_together_and_in_order(bench: Bench) -> None:
    order: list[int] = []

    def noted(number: int) -> Callable[[apsw.Connection], int]:
        def job(connection: apsw.Connection) -> int:
            order.append(number)
            return keep(number)(connection)

        return job

    assert run(bench.together(*(noted(number) for number in (3, 1, 2)))) == [3, 1, 2]
    assert order == [3, 1, 2]
    assert bench.kept() == [1, 2, 3]
    assert bench.commits == 2  # the one that held the writer, and the three together


def test_a_job_that_fails_undoes_only_itself(bench: Bench) -> None:
    first, failed, last = run(bench.together(keep(1), keep_and_fail(2), keep(3)))
    assert (first, last) == (1, 3)
    assert isinstance(failed, LookupError)
    assert bench.kept() == [1, 3]


def test_an_error_of_the_database_in_a_job_undoes_only_that_job(bench: Bench) -> None:
    def twice(connection: apsw.Connection) -> None:
        keep(7)(connection)
        keep(7)(connection)

    first, failed, last = run(bench.together(keep(1), twice, keep(3)))
    assert (first, last) == (1, 3)
    assert isinstance(failed, apsw.ConstraintError)
    assert bench.kept() == [1, 3]


def test_an_error_at_commit_answers_all_and_keeps_nothing(bench: Bench) -> None:
    async def refused() -> list[Any]:
        bench.refuses = True
        jobs = (bench.writer.run(keep(number)) for number in (1, 2))
        return await asyncio.gather(*jobs, return_exceptions=True)

    assert [type(each) for each in run(refused())] == [apsw.ConstraintError] * 2
    assert bench.kept() == []
    bench.refuses = False
    assert run(bench.writer.run(keep(3))) == 3
    assert bench.kept() == [3]


def test_where_the_transaction_is_lost_all_are_told_why(bench: Bench) -> None:
    answers = run(bench.together(keep(1), lose_the_disk, keep(3)))
    assert [type(each) for each in answers] == [apsw.FullError] * 3
    assert bench.kept() == []
    assert run(bench.writer.run(keep(4))) == 4


def test_a_database_that_another_writes_answers_all_and_works_again_after(bench: Bench) -> None:
    other = apsw.Connection(str(bench.database))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(apsw.BusyError):
        run(bench.writer.run(keep(1)))
    other.execute("ROLLBACK")
    other.close()
    assert run(bench.writer.run(keep(2))) == 2
    assert bench.kept() == [2]


def test_close_finishes_the_jobs_that_wait(bench: Bench) -> None:
    async def closed_while_busy() -> list[Any]:
        holding = asyncio.create_task(bench.writer.run(bench.hold))
        await asyncio.to_thread(bench.started.wait, 60)

        async def closing() -> None:
            bench.go_on.set()
            await asyncio.to_thread(bench.writer.close)

        answers = await asyncio.gather(*(bench.writer.run(keep(number)) for number in range(300)), closing())
        await holding
        return answers[:-1]

    assert run(closed_while_busy()) == list(range(300))  # more than are committed together
    assert bench.kept() == list(range(300))


def test_after_close_a_job_is_refused_and_close_may_be_repeated(bench: Bench) -> None:
    bench.writer.close()
    bench.writer.close()
    with pytest.raises(StoreUnavailableError, match="the store is closed"):
        run(bench.writer.run(keep(1)))
    assert bench.kept() == []


def test_a_caller_that_went_away_does_not_hold_up_the_others(bench: Bench) -> None:
    async def leave() -> None:
        waiting = asyncio.create_task(bench.writer.run(bench.hold))
        await asyncio.to_thread(bench.started.wait, 60)
        waiting.cancel()

    run(leave())  # its event loop has ended before the job does
    bench.go_on.set()
    assert run(bench.writer.run(keep(1))) == 1

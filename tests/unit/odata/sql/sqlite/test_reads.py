"""Queries that take long run on threads of their own: few at a time, with the same answers, and none is left behind."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from osimages.graph.tenant_storage import add_tenant
from osimages.odata.plan.constants import Pattern
from osimages.odata.plan.query import CollectionPlan, DeltaPlan
from osimages.odata.sql.sqlite import patterns
from osimages.odata.sql.sqlite import reads as reads_module
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.patterns import bind_patterns
from osimages.odata.sql.sqlite.reader import SqliteReader
from osimages.odata.sql.sqlite.reads import SqliteReads
from osimages.odata.sql.sqlite.store import SqliteStore
from osimages.odata.sql.store import DatabaseLimits, QueryTimeoutError, StoreUnavailableError
from tests.support.looped import run
from tests.unit.odata.sql.places import SqlitePlace
from tests.unit.odata.sql.stores import CONTOSO, WHOLE, a_tenant, edition, fill, image, plan, quality_update

_COUNTED = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {}) SELECT count(*) FROM n"
# Hundreds of milliseconds on any machine; for ever.
LONG, ENDLESS = 3_000_000, 10**15
SLOWEST_SECONDS = 600.0

Where = tuple[int, int]


def counting(to: int) -> Callable[[SqliteReader], Where]:
    """A query that counts, and tells its result and its thread."""
    return lambda reader: (reader.one(_COUNTED.format(to), ())[0], threading.get_ident())


def with_reads(
    path: Path, use: Callable[[SqliteReads], Coroutine[Any, Any, None]], query_seconds: float = SLOWEST_SECONDS
) -> None:
    """Uses the reads of a database, and ends it."""

    async def used() -> None:
        database = SqliteDatabase(path, limits=DatabaseLimits(query_seconds=query_seconds))
        try:
            await use(database._reads)
        finally:
            await database.close()

    run(used())


async def _under_way(reads: SqliteReads, count: int) -> list[asyncio.Task[Where]]:
    """So many endless queries, each of which has its turn or waits for one."""
    found = [asyncio.create_task(reads.run(("endless", number), counting(ENDLESS))) for number in range(count)]
    while len(reads._long_reads._running) < min(count, reads_module._MOST_THREADS):
        await asyncio.sleep(0)
    return found


def test_a_query_that_takes_long_goes_on_elsewhere_and_the_next_of_its_kind_starts_there(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(reads: SqliteReads) -> None:
        here = threading.get_ident()
        assert await reads.run("quick", counting(10)) == (10, here)
        count, where = await reads.run("long", counting(LONG))
        assert count == LONG
        assert where != here
        monkeypatch.setattr(reads_module, "_PATIENCE_SECONDS", 60.0)  # from now on nothing takes long
        assert (await reads.run("long", counting(10)))[1] != here, "what took long may take long again"
        assert (await reads.run("long", counting(10)))[1] == here, "it did not"

    with_reads(database, use)


def test_only_so_many_kinds_are_remembered(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        for number in range(reads_module._MOST_REMEMBERED + 3):
            reads._remember(number)
        assert list(reads._known_long) == list(range(3, reads_module._MOST_REMEMBERED + 3))

    with_reads(database, use)


def test_the_event_loop_goes_on_meanwhile(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        usual = sys.getswitchinterval()
        endless = await _under_way(reads, 2)
        for _ in range(100):
            assert (await reads.run("quick", counting(10)))[0] == 10
        assert not any(each.done() for each in endless)
        assert sys.getswitchinterval() < usual
        for each in endless:
            each.cancel()
        await asyncio.wait(endless)
        await reads.close()
        assert sys.getswitchinterval() == usual

    with_reads(database, use)


def test_a_query_that_takes_too_long_is_ended_wherever_it_began(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        for _ in range(2):
            with pytest.raises(QueryTimeoutError, match=r"longer than 0\.05 seconds"):
                await reads.run("endless", counting(ENDLESS))
        assert (await reads.run("quick", counting(10)))[0] == 10

    with_reads(database, use, query_seconds=0.05)


def test_of_many_long_queries_each_is_answered_or_refused(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        queries = [reads.run("endless", counting(ENDLESS)) for _ in range(30)]
        found = await asyncio.gather(*queries, return_exceptions=True)
        kinds = {type(each) for each in found}
        assert QueryTimeoutError in kinds
        assert kinds <= {QueryTimeoutError, StoreUnavailableError}
        assert (await reads.run("long", counting(100)))[0] == 100

    with_reads(database, use, query_seconds=0.1)


def test_a_query_that_gets_no_turn_is_refused_as_one_that_may_be_tried_again(database: Path) -> None:
    goes_on = threading.Event()

    def waiting(_reader: SqliteReader) -> bool:
        if threading.current_thread() is threading.main_thread():
            raise QueryTimeoutError(0)  # as the first look at the clock does
        return goes_on.wait(60)

    async def use(reads: SqliteReads) -> None:
        running = [asyncio.create_task(reads.run(number, waiting)) for number in range(reads_module._MOST_THREADS)]
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailableError, match="too many long queries are under way"):
            await reads.run("one more", waiting)
        goes_on.set()
        assert await asyncio.gather(*running) == [True] * len(running)
        assert await reads.run("one more", waiting) is True

    with_reads(database, use, query_seconds=0.05)


def test_a_query_that_nobody_waits_for_any_more_ends_and_gives_its_turn_back(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        given_up = await _under_way(reads, reads_module._MOST_THREADS + 1)
        for each in given_up:
            each.cancel()
        await asyncio.wait(given_up)
        assert all(each.cancelled() for each in given_up)
        assert (await reads.run("long", counting(LONG)))[0] == LONG

    with_reads(database, use)


def test_a_database_that_is_closed_ends_its_long_queries(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        under_way = await _under_way(reads, 5)
        await reads.close()
        for each in under_way:
            with pytest.raises(StoreUnavailableError, match="the store is closed"):
                await each
        with pytest.raises(StoreUnavailableError, match="the store is closed"):
            await reads.run("long", counting(LONG))
        assert not reads._long_reads._running

    with_reads(database, use)


def test_a_long_query_of_a_file_that_was_deleted_makes_no_new_one(database: Path) -> None:
    async def use(reads: SqliteReads) -> None:
        database.unlink()
        with pytest.raises(StoreUnavailableError, match="was deleted"):
            await reads.run("long", counting(LONG))
        assert not database.exists()

    with_reads(database, use)


def test_what_goes_wrong_on_a_thread_is_told(database: Path) -> None:
    def wrong(reader: SqliteReader) -> object:
        if threading.current_thread() is threading.main_thread():
            raise QueryTimeoutError(0)
        raise ArithmeticError("wrong")

    async def use(reads: SqliteReads) -> None:
        for _ in range(2 * reads_module._MOST_THREADS):
            with pytest.raises(ArithmeticError, match="wrong"):
                await reads.run("wrong", wrong)

    with_reads(database, use)


class _Everything(dict[object, None]):
    """Takes every kind of query for one that takes long."""

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key: object) -> bool:
        return True


@pytest.fixture
def filled(database: Path) -> SqliteStore:
    """A store of images with every kind of item."""
    store = SqlitePlace(database).opened()
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    updates = tuple(quality_update(f"10.0.{build}.1", 1 + build % 12) for build in range(40))
    other = image((edition("education", "2030-01-01"),), ("x86",), updates)
    fill(store, {"Ärger": other} | {f"Windows {number}": WHOLE for number in range(30)})
    return store


@pytest.mark.parametrize(
    "asked",
    [
        plan(),
        plan("supportedEditions/any(e:e/editionType eq 'education')"),
        plan("toupper(id) eq 'ÄRGER' and startswith(id,'Är')"),
        plan("availableUpdates/any(u:u/releaseMonth eq 9)", limit=7, options={"$count": "true", "$orderby": "id desc"}),
        plan(options={"$compute": "availableUpdates/$count mul 1.5 as half", "$select": "id,half"}),
        plan(options={"$apply": "aggregate(availableUpdates/$count with average as a)"}),
    ],
)
def test_answers_are_the_same_wherever_a_query_runs(
    filled: SqliteStore, asked: CollectionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = DeltaPlan(asked.shape.condition, asked.constants, after=3, known=5, limit=20)
    threads = []
    long_reads = filled._reads._long_reads
    read = long_reads._read

    def noted(*arguments: Any) -> Any:
        threads.append(threading.get_ident())
        return read(*arguments)

    def answers() -> tuple[object, ...]:
        queries = filled.page(CONTOSO, asked), filled.count(CONTOSO, asked), filled.delta(CONTOSO, changes)
        return tuple(map(run, queries))

    monkeypatch.setattr(long_reads, "_read", noted)
    at_once = answers()
    monkeypatch.setattr(filled._reads, "_known_long", _Everything())
    assert answers() == at_once
    assert len(threads) == 3
    assert threading.get_ident() not in threads
    run(filled.database.close())


def test_patterns_are_matched_on_a_thread_and_compiled_once(
    filled: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = plan("matchesPattern(id,'^W') or matchesPattern(id,'r$')", options={"$count": "true"})
    compiled, compile_pattern = [], patterns._compiled

    def noted(pattern: Pattern) -> object:
        compiled.append((pattern.text, threading.get_ident()))
        return compile_pattern(pattern)

    monkeypatch.setattr(patterns, "_compiled", noted)
    assert run(filled.page(CONTOSO, asked)).total == 31
    assert [text for text, _ in compiled] == ["^W", "r$"], "for 31 images, counted and read"
    assert threading.get_ident() not in [thread for _, thread in compiled]
    assert not filled._reads._known_long, "it takes long every time, or never: nothing is to be remembered"


def test_a_match_ends_the_query_once_its_time_is_over(filled: SqliteStore) -> None:
    limit = filled._reads._limit
    values = bind_patterns({"c0": Pattern("a", "$filter", 0)})
    limit.end()
    with pytest.raises(QueryTimeoutError):
        filled._one("SELECT odata_matches_pattern('a', :c0)", values)
    limit.lift()
    assert filled._one("SELECT odata_matches_pattern('a', :c0)", values) == (1,)

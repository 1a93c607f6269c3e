"""The log of an SQLite database stays short, also while there is never a moment in which nobody reads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest
import structlog
from structlog.testing import capture_logs

from osimages.graph.migrations import MIGRATIONS
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import connect, migrate
from osimages.odata.sql.sqlite.wal import LogLimit
from osimages.odata.sql.sqlite.writer import Writer

MEGABYTE = 1024 * 1024
LIMIT = 2 * MEGABYTE
WRITES, EACH = 40, 400_000
READERS = 3
# A transaction takes its snapshot when it first reads.
SNAPSHOT = "BEGIN; SELECT count(*) FROM filler"
FILL = "INSERT OR REPLACE INTO filler VALUES (?, randomblob(?))"


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Log as structlog does by itself: a service in this process, of other tests, has silenced warnings."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "osimages.db"
    migrate(file, MIGRATIONS)
    with contextlib.closing(connect(file)) as connection:
        connection.execute("CREATE TABLE filler (number INTEGER PRIMARY KEY, content BLOB)")
    return file


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


@contextlib.contextmanager
def overlapping_readers(path: Path) -> Iterator[None]:
    """Three readers in a ring, for ever: a new snapshot begins before the oldest one ends."""
    begun, ended = threading.Event(), threading.Event()

    def read() -> None:
        with contextlib.ExitStack() as opened:
            ring = [opened.enter_context(contextlib.closing(connect(path))) for _ in range(READERS)]
            for each in ring[1:]:
                each.execute(SNAPSHOT).fetchall()
            begun.set()
            while not ended.is_set():
                ring[0].execute(SNAPSHOT).fetchall()
                ring[1].execute("COMMIT")
                ring.append(ring.pop(0))

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _fill(number: int, connection: apsw.Connection) -> None:
    connection.execute(FILL, (number % 7, EACH))


def longest(path: Path, log: LogLimit | None) -> int:
    """The greatest length of the log while much is written."""
    found = 0

    async def write() -> None:
        nonlocal found
        maintain = (lambda _: None) if log is None else log.enforce
        writer = Writer(lambda: connect(path), maintain=maintain)
        try:
            for number in range(WRITES):
                await writer.run(partial(_fill, number))
                found = max(found, log_size(path))
        finally:
            writer.close()

    asyncio.run(write())
    return found


def test_overlapping_readers_let_the_log_grow_without_a_limit(path: Path) -> None:
    with overlapping_readers(path):
        assert longest(path, None) > WRITES * EACH


def test_the_log_stays_short_beside_overlapping_readers(path: Path) -> None:
    with overlapping_readers(path), capture_logs() as logged:
        assert longest(path, LogLimit(path, 60.0, LIMIT)) < LIMIT + 2 * EACH
    assert not logged


def test_one_who_reads_for_ever_is_told_of_and_waited_for_now_and_then(path: Path) -> None:
    log = LogLimit(path, 0.0, LIMIT)
    with contextlib.closing(connect(path)) as reader, capture_logs() as logged:
        reader.execute(SNAPSHOT).fetchall()
        assert longest(path, log) > WRITES * EACH
        assert len(logged) <= WRITES * EACH // LIMIT + 1, (
            "a checkpoint that cannot succeed is not tried with each write"
        )
        assert {each["event"] for each in logged} == {"the log of the database grows: somebody reads for long"}
        reader.execute("COMMIT")
        with contextlib.closing(connect(path)) as writer:
            log._next = 0
            log.enforce(writer)
            assert log_size(path) == 0
            assert writer.execute("PRAGMA busy_timeout").fetchall() == [(10_000,)], "the usual wait is back"


def test_a_log_that_was_long_is_cut_when_it_starts_anew(path: Path) -> None:
    with contextlib.closing(connect(path)) as connection:
        assert connection.execute("PRAGMA journal_size_limit").fetchall() == [(40_960_000,)]


def test_the_database_keeps_its_log_short(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "osimages.odata.sql.sqlite.wal.LogLimit.enforce", lambda _, connection: enforced.append(connection)
    )
    enforced: list[apsw.Connection] = []

    async def use() -> None:
        database = SqliteDatabase(path)
        await database.secret("a")
        await database.close()

    asyncio.run(use())
    assert enforced

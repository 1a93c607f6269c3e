"""The lock that reads share is held while nobody writes, and neither hides what is written nor lets the log grow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.tenant_storage import add_tenant, tenant_named
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import connect, migrate
from osimages.odata.sql.sqlite.pinned_lock import HeldLock
from tests.support.looped import run
from tests.unit.odata.sql.stores import CONTOSO, FABRIKAM, a_tenant


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database as it is after its first start."""
    path = tmp_path / "osimages.db"
    migrate(path, MIGRATIONS)
    return path


@pytest.fixture
def other(file: Path) -> Iterator[apsw.Connection]:
    """A connection of somebody else."""
    connection = connect(file)
    connection.execute("CREATE TABLE written (number INTEGER)")
    yield connection
    connection.close()


@pytest.fixture
def held(file: Path, other: apsw.Connection) -> Iterator[HeldLock]:
    """A lock that is held."""
    lock = HeldLock(connect(file))
    lock.look()
    assert not lock.is_held(), "at first nobody knows whether somebody writes"
    lock.look()
    assert lock.is_held()
    yield lock
    lock.close()


def write(connection: apsw.Connection) -> None:
    connection.execute("INSERT INTO written VALUES (1)")


def test_it_is_held_only_while_nobody_writes(held: HeldLock, other: apsw.Connection) -> None:
    held.look()
    assert held.is_held()
    for _ in range(2):
        write(other)
        held.look()
        assert not held.is_held()
    held.look()
    assert held.is_held()


def test_a_read_sees_what_was_written_since(held: HeldLock, file: Path, other: apsw.Connection) -> None:
    reader = connect(file)
    for number in range(1, 4):
        write(other)
        assert reader.execute("SELECT count(*) FROM written").fetchall() == [(number,)]
        assert held.is_held()
    reader.close()


def test_the_log_is_emptied_once_it_is_let_go(held: HeldLock, other: apsw.Connection) -> None:
    other.set_busy_timeout(0)
    write(other)
    ((is_busy, *_),) = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert is_busy
    held.look()
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall() == [(0, 0, 0)]


def test_a_file_that_cannot_be_read_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    lock = HeldLock(connect(path))
    path.write_bytes(b"no database at all" * 1000)
    for _ in range(3):
        lock.look()
        assert not lock.is_held()
    lock.close()


def test_a_database_that_expects_reads_sees_its_own_writes_and_those_of_others(file: Path) -> None:
    async def used() -> None:
        first, second = SqliteDatabase(file), SqliteDatabase(file)
        first.expect_reads()
        try:
            await first.change(add_tenant(a_tenant(CONTOSO)))
            assert await first.read(tenant_named(CONTOSO)) == a_tenant(CONTOSO)
            await second.change(add_tenant(a_tenant(FABRIKAM)))
            assert await first.read(tenant_named(FABRIKAM)) == a_tenant(FABRIKAM)
        finally:
            await second.close()
            await first.close()
        assert [each for each in asyncio.all_tasks() if each is not asyncio.current_task()] == []

    run(used())
    assert not file.with_name("osimages.db-wal").exists(), "nobody holds the file any more"

"""A database is made once, brought up to date once, and refused with a clear text where it cannot be used."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import apsw
import pytest

from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import add_tenant
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import connect, migrate
from tests.support.looped import run
from tests.support.patience import PATIENCE_SECONDS
from tests.unit.odata.sql.stores import CONTOSO, WHOLE, a_tenant, found

NEWEST = MIGRATIONS.steps("sqlite")[-1].number
COUNT = len(MIGRATIONS.steps("sqlite"))


def applied(database: Path) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(database))
    try:
        return connection.execute("SELECT number, name FROM schema_step ORDER BY number").fetchall()
    finally:
        connection.close()


def migrate_together(path: str, barrier: Barrier, answers: Queue[int | str]) -> None:
    barrier.wait(60)
    try:
        answers.put(migrate(Path(path), MIGRATIONS))
    except SchemaError as error:
        answers.put(str(error))


def test_the_steps_are_numbered_in_order_and_each_number_is_used_once() -> None:
    numbers = [step.number for step in MIGRATIONS.steps("sqlite")]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    assert all(step.sql.strip() for step in MIGRATIONS.steps("sqlite"))


def test_what_is_pending_follows_from_what_was_applied() -> None:
    every = [step.number for step in MIGRATIONS.steps("sqlite")]
    assert MIGRATIONS.pending("sqlite", (), "here") == MIGRATIONS.steps("sqlite")
    assert MIGRATIONS.pending("sqlite", every[:-1], "here") == MIGRATIONS.steps("sqlite")[-1:]
    assert MIGRATIONS.pending("sqlite", every, "here") == ()
    assert MIGRATIONS.pending("sqlite", [every[0], *every[2:]], "here") == MIGRATIONS.steps("sqlite")[1:2]


def test_a_fresh_database_gets_every_step_and_its_directory(tmp_path: Path) -> None:
    database = tmp_path / "new" / "directory" / "osimages.db"
    assert migrate(database, MIGRATIONS) == COUNT
    assert applied(database) == [(step.number, step.name) for step in MIGRATIONS.steps("sqlite")]


def test_a_second_time_nothing_is_done_and_nothing_lost(tmp_path: Path) -> None:
    database = tmp_path / "osimages.db"
    migrate(database, MIGRATIONS)
    store = SqliteDatabase(database, MIGRATIONS).store(GRAPH, IMAGES)
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    run(store.create(CONTOSO, "Windows 11 24H2", WHOLE))
    run(store.database.close())
    assert migrate(database, MIGRATIONS) == 0
    store = SqliteDatabase(database, MIGRATIONS).store(GRAPH, IMAGES)
    assert found(store) == ["Windows 11 24H2"]
    run(store.database.close())
    assert len(applied(database)) == COUNT


def test_of_processes_that_start_together_one_migrates_and_the_others_wait(tmp_path: Path) -> None:
    database = tmp_path / "osimages.db"
    several = 4
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(several), context.Queue()
    processes = [
        context.Process(target=migrate_together, args=(str(database), barrier, answers)) for _ in range(several)
    ]
    for process in processes:
        process.start()
    got = [answers.get(timeout=PATIENCE_SECONDS) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(got, key=str) == [0, 0, 0, COUNT]
    assert len(applied(database)) == COUNT


def test_a_newer_schema_is_refused_and_left_alone(database: Path) -> None:
    connection = connect(database)
    connection.execute("INSERT INTO schema_step VALUES (?, 'of_the_future', '2030-01-01')", (NEWEST + 1,))
    connection.close()
    expected = (
        f"The database {database} was made by a newer release of osimages (schema {NEWEST + 1}, this release knows "
        f"{NEWEST}). Upgrade osimages, or restore a backup that was made before."
    )
    with pytest.raises(SchemaError) as refused:
        migrate(database, MIGRATIONS)
    assert str(refused.value) == expected
    with pytest.raises(SchemaError) as refused:
        SqliteDatabase(database, MIGRATIONS).store(GRAPH, IMAGES)
    assert str(refused.value) == expected
    assert len(applied(database)) == COUNT + 1


@pytest.mark.parametrize("migrated_before", [False, True])
def test_a_store_needs_a_migrated_database(tmp_path: Path, migrated_before: bool) -> None:
    database = tmp_path / "osimages.db"
    if migrated_before:
        migrate(database, MIGRATIONS)
        connection = connect(database)
        connection.execute("DELETE FROM schema_step WHERE number = ?", (NEWEST,))
        connection.close()
    with pytest.raises(SchemaError) as refused:
        SqliteDatabase(database, MIGRATIONS).store(GRAPH, IMAGES)
    assert str(refused.value) == f"The database {database} is older than this release. Run `osimages db migrate`."


def test_another_file_is_not_taken_for_a_database(tmp_path: Path) -> None:
    other = tmp_path / "osimages.db"
    other.write_text("A letter to a friend, which is by far long enough to be no header of a database.\n" * 20)
    before = other.read_bytes()
    with pytest.raises(SchemaError) as refused:
        migrate(other, MIGRATIONS)
    assert str(refused.value) == f"{other} is not an SQLite database. Move it away, or name another file."
    assert other.read_bytes() == before


def test_a_directory_is_not_taken_for_a_database(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"The database .* cannot be opened: unable to open database file"):
        migrate(tmp_path, MIGRATIONS)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(SchemaError) as refused:
        migrate(tmp_path / "file" / "below" / "osimages.db", MIGRATIONS)
    assert str(refused.value).startswith(f"The directory {tmp_path / 'file' / 'below'} cannot be made: ")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom directory modes hold back")
def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(SchemaError, match="cannot be opened"):
        migrate(closed / "osimages.db", MIGRATIONS)


def test_a_new_file_that_another_process_holds_is_waited_for_no_longer_than_told(tmp_path: Path) -> None:
    database = tmp_path / "osimages.db"
    holder = apsw.Connection(str(database))
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SchemaError) as refused:
        connect(database, wait_seconds=0)
    assert str(refused.value) == f"The database {database} cannot be opened: database is locked."
    holder.execute("ROLLBACK")
    connect(database, wait_seconds=0).close()
    holder.close()


def test_a_failed_step_leaves_nothing_of_itself(tmp_path: Path) -> None:
    database = tmp_path / "osimages.db"
    connection = apsw.Connection(str(database))
    connection.execute("CREATE TABLE tenant (something_else TEXT)")
    connection.close()
    with pytest.raises(SchemaError, match=r"cannot be brought up to date: .*table tenant already exists"):
        migrate(database, MIGRATIONS)
    connection = apsw.Connection(str(database))
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    connection.close()
    assert tables == [("tenant",)]


def test_every_connection_is_durable_and_lets_readers_go_on(database: Path) -> None:
    connection = connect(database)
    assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    assert connection.execute("PRAGMA synchronous").fetchall() == [(2,)]
    connection.close()

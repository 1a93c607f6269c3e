"""The facts in a real, migrated database: what is written is read back equal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import apsw
import msgspec
import pytest

from osimages.graph.claims_storage import Fetch, write_fetch, write_statement
from osimages.graph.facts_storage import read_catalogue, write_catalogue
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.sqlite_facts import catalogue_of
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.file import connect, migrate
from osimages.odata.sql.transaction_script import KeyTakenError
from osimages.windows.builds import Build
from osimages.windows.facts import Catalogue, bundled, digest
from osimages.windows.merge.claims import Origin, Statement, Title, UpdateClaim, Weight


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "osimages.db"
    migrate(path, MIGRATIONS)
    return path


@pytest.fixture
def connection(database: Path) -> Iterator[apsw.Connection]:
    opened = connect(database)
    yield opened
    opened.close()


def write(connection: apsw.Connection, catalogue: Catalogue) -> bool:
    connection.execute("SAVEPOINT written")
    try:
        return execute(connection, write_catalogue(catalogue))
    except KeyTakenError:
        connection.execute("ROLLBACK TO written")
        raise
    finally:
        connection.execute("RELEASE written")


def read(connection: apsw.Connection) -> Catalogue | None:
    return execute(connection, read_catalogue())


def shorter(catalogue: Catalogue) -> Catalogue:
    """The same facts of one day later, without the first release."""
    return msgspec.structs.replace(catalogue, as_of=date(2026, 11, 24), releases=catalogue.releases[1:])


def rows(connection: apsw.Connection, table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])


def test_a_new_database_has_no_facts(connection: apsw.Connection) -> None:
    assert read(connection) is None


def test_the_bundled_facts_read_back_equal(connection: apsw.Connection) -> None:
    assert write(connection, bundled())
    found = read(connection)
    assert found == bundled()
    assert found is not None
    assert digest(found) == digest(bundled())


def test_each_fact_has_a_row(connection: apsw.Connection) -> None:
    write(connection, bundled())
    updates = [each for release in bundled().every_release for each in release.updates]
    assert rows(connection, "catalogue_update") == len(updates) == 1611 + 890 + 9
    assert rows(connection, "catalogue_update_source") == sum(len(each.sources) for each in updates)
    assert rows(connection, "catalogue_release") == 21 + 13 + 9
    assert rows(connection, "catalogue_edition") == 198 + 34 + 1
    assert rows(connection, "catalogue_state") == 1
    sql = (
        "SELECT s.name FROM catalogue_update u JOIN catalogue_update_source l ON l.id = u.id AND l.ordinal = u.ordinal "
        "JOIN catalogue_source s ON s.number = l.source WHERE u.build = '10.0.26200.9711'"
    )
    assert connection.execute(sql).fetchall() == [("cve5-2026-11",)]


def test_equal_facts_are_not_written_again(connection: apsw.Connection) -> None:
    assert write(connection, bundled())
    before = connection.total_changes()
    assert not write(connection, msgspec.structs.replace(bundled()))
    assert connection.total_changes() == before


def test_other_facts_replace_all(connection: apsw.Connection) -> None:
    write(connection, bundled())
    assert write(connection, shorter(bundled()))
    assert read(connection) == shorter(bundled())
    assert rows(connection, "catalogue_state") == 1


def test_facts_that_cannot_be_written_are_refused(connection: apsw.Connection) -> None:
    write(connection, bundled())
    twice = msgspec.structs.replace(shorter(bundled()), releases=bundled().releases[-1:] * 2)
    with pytest.raises(KeyTakenError):
        write(connection, twice)
    assert read(connection) == bundled()


def test_a_reader_sees_the_facts_of_one_moment(connection: apsw.Connection, database: Path) -> None:
    write(connection, bundled())
    writer = connect(database)
    writer.execute("BEGIN IMMEDIATE")
    write(writer, shorter(bundled()))
    assert read(connection) == bundled()
    writer.execute("COMMIT")
    assert read(connection) == shorter(bundled())
    writer.close()


def test_a_file_is_read_without_changing_it(connection: apsw.Connection, database: Path, tmp_path: Path) -> None:
    assert catalogue_of(tmp_path / "none.db") is None
    assert not (tmp_path / "none.db").exists()
    assert catalogue_of(database) is None
    write(connection, shorter(bundled()))
    assert catalogue_of(database) == shorter(bundled())


def test_a_database_that_is_older_than_the_facts_has_none(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    opened = connect(path)
    opened.execute("CREATE TABLE image (id TEXT)")
    opened.close()
    assert catalogue_of(path) is None


def as_of_the_last_release(path: Path, *, has_claims: bool) -> None:
    """Put a database back to the schema and facts of the release before servers were known."""
    opened = connect(path)
    older = msgspec.structs.replace(bundled(), as_of=date(2026, 11, 23), servers=(), others=())
    execute(opened, write_catalogue(older))
    if has_claims:
        now = datetime(2026, 11, 30, tzinfo=UTC)
        origin = Origin("index", "An index", "MIT", now.date(), Weight.TITLE)
        new = UpdateClaim(Build.parse("26200.9999"), "KB5990001", date(2026, 11, 30), title=Title.OUT_OF_BAND)
        execute(opened, write_fetch(Fetch("index", "read", "", now, now, 1), origin))
        execute(opened, write_statement(Statement(origin, (new,)), now))
    for table, column in _NEW_COLUMNS:
        opened.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    opened.execute("DELETE FROM schema_step WHERE number = 17")
    opened.close()


_NEW_COLUMNS = (
    *(("catalogue_release", "family"), ("catalogue_release", "details")),
    *(("catalogue_state", "servers_complete_until"), ("catalogue_state", "shipped_as_of")),
)


def test_a_database_of_the_last_release_has_no_facts_until_a_server_migrates_it(database: Path) -> None:
    as_of_the_last_release(database, has_claims=False)
    assert catalogue_of(database) is None
    migrate(database, MIGRATIONS)
    found = catalogue_of(database)
    assert found is not None
    assert (found.as_of, found.servers) == (date(2026, 11, 23), ())
    assert [each.id for each in found.releases] == [each.id for each in bundled().releases]


def test_claims_from_before_an_upgrade_are_merged_with_the_new_facts(database: Path) -> None:
    as_of_the_last_release(database, has_claims=True)
    before = catalogue_of(database)
    migrate(database, MIGRATIONS)
    after = catalogue_of(database)
    assert before == after
    assert after is not None
    assert after.as_of == date(2026, 11, 30)
    assert after.servers == bundled().servers
    assert Build.parse("26200.9999") in {each.build for release in after.releases for each in release.updates}


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "osimages.db"
    path.write_text("this is not a database, but a text that is long enough to be taken for one" * 20)
    with pytest.raises(SchemaError, match="is not an SQLite database"):
        catalogue_of(path)
    with pytest.raises(SchemaError, match="cannot be read"):
        catalogue_of(tmp_path)

"""A backup holds all of a database of either kind, and is restored into either; versions are never given out again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from osimages.graph.facts_storage import read_catalogue, write_catalogue
from osimages.graph.leases import holder_of, take
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.tables import METADATA
from osimages.graph.tenant_storage import Tenant, add_tenant, tenant_named
from osimages.odata.sql.backup import BackupError
from osimages.odata.sql.databases import back_up, restore
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.sqlite.file import connect
from osimages.odata.sql.transaction_script import Script, Statement
from osimages.windows.facts import bundled
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.unit.odata.sql.places import KINDS, AnyStore, Place, SqlitePlace, new_postgres
from tests.unit.odata.sql.stores import CONTOSO, FABRIKAM, WHOLE, a_tenant, image, publication, quality_update, rows

OTHERS = sorted(set(METADATA.tables) - {"tenant", "secret", "lease"})


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


@contextmanager
def opened(place: Place) -> Iterator[AnyStore]:
    store = place.opened()
    yield store
    run(store.database.close())


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Another database, of each kind."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "target.db")
    else:
        with new_postgres(request.getfixturevalue("postgres")) as place:
            yield place


def everything(store: AnyStore) -> dict[str, Any]:
    """All that a restored database has as it was."""
    found: dict[str, Any] = {
        f"{table} {tenant}": rows(store, table, tenant) for table in OTHERS for tenant in (CONTOSO, FABRIKAM)
    }
    found["catalogue"] = run(store.database.read(read_catalogue()))
    found["secret"] = run(store.database.secret("skiptoken"))
    found["tenants"] = [run(store.database.read(tenant_named(each))) for each in (CONTOSO, FABRIKAM)]
    return found


def fill(store: AnyStore) -> None:
    """Something of everything."""
    database = store.database
    run(database.change(add_tenant(a_tenant(CONTOSO))))
    run(database.change(add_tenant(Tenant(FABRIKAM, "Fabrikam ß😀", False, "all"))))
    run(database.change(write_catalogue(bundled())))
    run(database.change(take("publishing", "somebody", 1000)))
    run(publication(store, CONTOSO, {"published": WHOLE, "another": image()}, "label"))
    for key in ("é😀\\%'\"\u0001", "removed", "x" * 512):
        run(store.create(CONTOSO, key, image(updates=(quality_update(key[:20]),))))
    run(store.remove(CONTOSO, "removed", None))
    run(publication(store, CONTOSO, {"published": WHOLE}, "label"))


def test_what_is_backed_up_is_restored(place: Place, target: Place, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with opened(place) as store:
        fill(store)
        kept = everything(store)
        delta = run(store.database.secret("deltatoken"))
        run(back_up(place.url, file, MIGRATIONS, silent))
        after = run(store.create(CONTOSO, "lost", WHOLE))
    run(restore(target.url, file, MIGRATIONS, overwrite=True, progress=silent))
    with opened(target) as store:
        assert everything(store) == kept
        assert run(store.database.secret("deltatoken")) != delta
        assert run(store.database.read(holder_of("publishing"))) is None
        assert run(store.get(CONTOSO, "lost")) is None
        other = run(store.create(CONTOSO, "other", WHOLE))
        assert other.version > after.version


def test_a_version_that_was_given_out_is_not_given_out_again(place: Place, tmp_path: Path) -> None:
    """Also where the clock stands before the number that the database had reached."""
    file, far = tmp_path / "backup.db", 1 << 60
    with opened(place) as store:
        run(store.database.change(add_tenant(a_tenant(CONTOSO))))
        run(back_up(place.url, file, MIGRATIONS, silent))
        run(store.database.change(_counted_to(far)))
        last = run(store.create(CONTOSO, "a", WHOLE))
    run(restore(place.url, file, MIGRATIONS, overwrite=True, progress=silent))
    with opened(place) as store:
        assert run(store.create(CONTOSO, "a", image())).version > last.version > far


def _counted_to(number: int) -> Script[None]:
    yield Statement("UPDATE tenant SET last_change = :number", {"number": number})


def test_what_is_there_is_not_replaced_unasked(place: Place, target: Place, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with opened(place) as store:
        fill(store)
        run(back_up(place.url, file, MIGRATIONS, silent))
    with opened(target) as store:
        run(store.database.change(add_tenant(a_tenant("mine"))))
    with pytest.raises(BackupError, match="Say --overwrite"):
        run(restore(target.url, file, MIGRATIONS, overwrite=False, progress=silent))
    with opened(target) as store:
        assert run(store.database.read(tenant_named("mine"))) == a_tenant("mine")
        assert run(store.database.read(tenant_named(CONTOSO))) is None


def test_a_database_in_use_is_not_replaced(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with opened(place) as store:
        fill(store)
        run(back_up(place.url, file, MIGRATIONS, silent))
        run(store.create(CONTOSO, "later", WHOLE))
        with pytest.raises(BackupError, match=r"end the server first|end them first"):
            run(restore(place.url, file, MIGRATIONS, overwrite=True, progress=silent))
        assert run(store.get(CONTOSO, "later")) is not None


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda file: None, "There is no file"),
        (lambda file: file.write_text("no database at all, but long enough " * 50), "is not an SQLite database"),
        (lambda file: connect(file).close(), "is no backup of osimages"),
    ],
)
def test_what_is_no_backup_is_refused(target: Place, tmp_path: Path, make: Any, reason: str) -> None:
    file = tmp_path / "backup.db"
    make(file)
    with opened(target) as store:
        run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    with pytest.raises(BackupError, match=reason):
        run(restore(target.url, file, MIGRATIONS, overwrite=True, progress=silent))
    with opened(target) as store:
        assert run(store.database.read(tenant_named(CONTOSO))) == a_tenant(CONTOSO)


def test_a_damaged_backup_and_one_of_a_newer_release_are_refused(target: Place, tmp_path: Path) -> None:
    source, file = SqlitePlace(tmp_path / "source.db"), tmp_path / "backup.db"
    with opened(source) as store:
        fill(store)
        run(back_up(source.url, file, MIGRATIONS, silent))
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + os.urandom(20_000) + whole[middle + 20_000 :])
    with pytest.raises(BackupError, match=r"damaged|cannot be read"):
        run(restore(target.url, file, MIGRATIONS, overwrite=True, progress=silent))
    file.write_bytes(whole)
    newer = connect(file)
    newer.execute("INSERT INTO schema_step (number, name, applied_at) VALUES (9999, 'x', '')")
    newer.close()
    with pytest.raises(BackupError, match="made by a newer release"):
        run(restore(target.url, file, MIGRATIONS, overwrite=True, progress=silent))


def test_a_backup_is_one_file_that_its_owner_alone_may_read(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "backups" / "backup.db"
    file.parent.mkdir()
    run(back_up(place.url, file, MIGRATIONS, silent))
    assert [each.name for each in file.parent.iterdir()] == ["backup.db"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_writes_go_on_while_a_backup_is_made(tmp_path: Path) -> None:
    """The copy is of one moment: what is written between two pieces of it is not in it."""
    place, file = SqlitePlace(tmp_path / "source.db"), tmp_path / "backup.db"
    with opened(place) as store:
        run(store.database.change(add_tenant(a_tenant(CONTOSO))))
        writer = connect(place.path)
        large = "INSERT INTO secret (name, value) VALUES (?, zeroblob(30000000))"  # many pieces
        writer.execute(large, ("large",))
        told: list[int] = []

        def write(done: int, total: int) -> None:
            told.append(done)
            writer.execute("INSERT INTO secret (name, value) VALUES (?, x'00')", (str(len(told)),))

        run(back_up(place.url, file, MIGRATIONS, write))
        writer.close()
    assert len(told) > 3
    copy = apsw.Connection(str(file))
    assert copy.execute("SELECT name FROM secret").fetchall() == [("large",)]
    copy.close()


def test_a_postgresql_backup_needs_a_current_schema(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    with pytest.raises(SchemaError, match="older than this release"):
        run(back_up(url, tmp_path / "backup.db", MIGRATIONS, silent))
    postgres.drop(url)

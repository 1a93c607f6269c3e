"""The catalogue's facts in an SQLite database: replaced as a whole, and read as a whole."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import apsw

from osimages.catalogue.builds import Build
from osimages.catalogue.facts import Catalogue, Edition, Kind, Release, Source, Update, digest
from osimages.storage.migrate import SchemaError

_BUSY_MILLISECONDS = 10_000

# Every table with its columns, in the order in which rows are made below.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "catalogue_state": ("digest", "as_of", "complete_until"),
    "catalogue_source": ("number", "name", "what", "licence", "as_of"),
    "catalogue_release": ("id", "ordinal", "product", "version", "os_build", "general_availability"),
    "catalogue_release_source": ("id", "source"),
    "catalogue_architecture": ("id", "ordinal", "value"),
    "catalogue_edition": ("id", "ordinal", "edition_type", "support_end_date", "servicing", "note"),
    "catalogue_edition_source": ("id", "ordinal", "source"),
    "catalogue_update": (
        *("id", "ordinal", "build", "kb", "release_date", "kind", "is_canonical_b", "release_year", "release_month"),
        *("label", "scope", "basis", "is_in_msrc", "is_expired"),
    ),
    "catalogue_update_source": ("id", "ordinal", "source"),
}
Rows = Iterable[tuple[Any, ...]]


def write_catalogue(connection: apsw.Connection, catalogue: Catalogue) -> bool:
    """Replaces all facts, unless those in the database are the same; tells whether it wrote.

    Part of the caller's transaction where one is open, in one of its own otherwise.
    """
    found = connection.execute("SELECT digest FROM catalogue_state").fetchone()
    if found is not None and found[0] == digest(catalogue):
        return False
    with _transaction(connection):
        for table, rows in _rows(catalogue).items():
            columns = _COLUMNS[table]
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 (names of this module)
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)  # noqa: S608
    return True


def read_catalogue(connection: apsw.Connection) -> Catalogue | None:
    """The facts, all of one moment; None where none were written, or the database is older than their tables."""
    # A savepoint reads from one snapshot, inside the caller's transaction and outside of one.
    with connection:
        table = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'catalogue_state'").fetchone()
        state = connection.execute("SELECT as_of, complete_until FROM catalogue_state").fetchone() if table else None
        if state is not None:
            return Catalogue(
                as_of=date.fromisoformat(state[0]),
                complete_until=date.fromisoformat(state[1]),
                sources=tuple(Source(*row[1:]) for row in _all(connection, "catalogue_source", "number")),
                releases=_releases(connection),
            )
    return None


def catalogue_of(path: Path) -> Catalogue | None:
    """The facts in a database file, which is not changed; None where there is no file, or no facts in it.

    Raises SchemaError when the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(_BUSY_MILLISECONDS)
            return read_catalogue(connection)
        finally:
            connection.close()
    except apsw.NotADBError:
        raise SchemaError(f"{path} is not an SQLite database. Move it away, or name another file.") from None
    except apsw.Error as error:
        raise SchemaError(f"The database {path} cannot be read: {error}.") from None


@contextlib.contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    if connection.in_transaction:
        with connection:
            yield
        return
    # Immediate: of two processes that start together the second waits, where a read that turns into a write fails.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _rows(catalogue: Catalogue) -> dict[str, Rows]:
    releases = catalogue.releases
    editions = [(each.id, *pair) for each in releases for pair in enumerate(each.editions)]
    updates = [(each.id, *pair) for each in releases for pair in enumerate(each.updates)]
    return {
        "catalogue_state": [(digest(catalogue), str(catalogue.as_of), str(catalogue.complete_until))],
        "catalogue_source": [
            (number, each.name, each.what, each.licence, each.as_of) for number, each in enumerate(catalogue.sources)
        ],
        "catalogue_release": [
            (each.id, number, each.product, each.version, each.os_build, str(each.general_availability))
            for number, each in enumerate(releases)
        ],
        "catalogue_release_source": [(each.id, source) for each in releases for source in each.sources],
        "catalogue_architecture": [(each.id, *pair) for each in releases for pair in enumerate(each.architectures)],
        "catalogue_edition": [
            (key, number, each.edition_type, str(each.support_end_date), each.servicing, each.note)
            for key, number, each in editions
        ],
        "catalogue_edition_source": [
            (key, number, source) for key, number, each in editions for source in each.sources
        ],
        "catalogue_update": [(key, number, *_update_columns(each)) for key, number, each in updates],
        "catalogue_update_source": [(key, number, source) for key, number, each in updates for source in each.sources],
    }


def _update_columns(update: Update) -> tuple[Any, ...]:
    return (
        str(update.build),
        update.kb,
        None if update.release_date is None else str(update.release_date),
        update.kind.value,
        update.is_canonical_b,
        update.year,
        update.month,
        update.label,
        update.scope,
        update.basis,
        update.is_in_msrc,
        update.is_expired,
    )


def _all(connection: apsw.Connection, table: str, order: str) -> apsw.Cursor:
    return connection.execute(f"SELECT {', '.join(_COLUMNS[table])} FROM {table} ORDER BY {order}")  # noqa: S608


def _releases(connection: apsw.Connection) -> tuple[Release, ...]:
    architectures: defaultdict[str, list[str]] = defaultdict(list)
    for key, _, value in _all(connection, "catalogue_architecture", "id, ordinal"):
        architectures[key].append(value)
    sources: defaultdict[str, list[int]] = defaultdict(list)
    for key, source in _all(connection, "catalogue_release_source", "id, source"):
        sources[key].append(source)
    editions, updates = _editions(connection), _updates(connection)
    return tuple(
        Release(
            id=key,
            product=product,
            version=version,
            os_build=os_build,
            general_availability=date.fromisoformat(available),
            architectures=tuple(architectures[key]),
            editions=tuple(editions[key]),
            updates=tuple(updates[key]),
            sources=tuple(sources[key]),
        )
        for key, _, product, version, os_build, available in _all(connection, "catalogue_release", "ordinal")
    )


def _editions(connection: apsw.Connection) -> Mapping[str, list[Edition]]:
    sources = _item_sources(connection, "catalogue_edition_source")
    found: defaultdict[str, list[Edition]] = defaultdict(list)
    for key, number, edition_type, ends, servicing, note in _all(connection, "catalogue_edition", "id, ordinal"):
        edition = Edition(edition_type, date.fromisoformat(ends), servicing, note, tuple(sources[key, number]))
        found[key].append(edition)
    return found


def _updates(connection: apsw.Connection) -> Mapping[str, list[Update]]:
    sources = _item_sources(connection, "catalogue_update_source")
    found: defaultdict[str, list[Update]] = defaultdict(list)
    for row in _all(connection, "catalogue_update", "id, ordinal"):
        key, number, build, kb, day, kind, canonical, year, month, label, scope, basis, in_msrc, expired = row
        update = Update(
            build=Build.parse(build),
            kb=kb,
            release_date=None if day is None else date.fromisoformat(day),
            kind=Kind(kind),
            is_canonical_b=bool(canonical),
            year=year,
            month=month,
            label=label,
            scope=scope,
            basis=basis,
            is_in_msrc=bool(in_msrc),
            is_expired=bool(expired),
            sources=tuple(sources[key, number]),
        )
        found[key].append(update)
    return found


def _item_sources(connection: apsw.Connection, table: str) -> Mapping[tuple[str, int], list[int]]:
    found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for key, number, source in _all(connection, table, "id, ordinal, source"):
        found[key, number].append(source)
    return found

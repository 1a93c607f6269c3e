"""The catalogue's facts in an SQLite file that no server need have opened."""

from __future__ import annotations

from pathlib import Path

import apsw

from osimages.catalogue.facts import Catalogue
from osimages.storage.catalogue import read_catalogue
from osimages.storage.migrate import SchemaError
from osimages.storage.sqlite_steps import perform

_BUSY_MILLISECONDS = 10_000


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
            return _read(connection)
        finally:
            connection.close()
    except apsw.NotADBError:
        raise SchemaError(f"{path} is not an SQLite database. Move it away, or name another file.") from None
    except apsw.Error as error:
        raise SchemaError(f"The database {path} cannot be read: {error}.") from None


def _read(connection: apsw.Connection) -> Catalogue | None:
    with connection:  # a savepoint, so that all is of one moment
        older = "SELECT count(*) FROM sqlite_schema WHERE name = 'catalogue_state'"
        is_older = connection.execute(older).fetchall() == [(0,)]
        found = None if is_older else perform(connection, read_catalogue())
    return found  # noqa: RET504 (mypy takes a block of apsw's connection for one that may swallow exceptions)

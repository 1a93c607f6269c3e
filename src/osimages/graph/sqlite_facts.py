"""The catalogue's facts in an SQLite file that no server need have opened."""

from __future__ import annotations

from pathlib import Path

import apsw

from osimages.graph.claims_storage import read_overrides_text, read_statements
from osimages.graph.facts_storage import has_claims, read_catalogue, read_shipped_as_of
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.file import reading
from osimages.odata.sql.transaction_script import Script
from osimages.windows.facts import Catalogue, bundled
from osimages.windows.merge.merging import merge
from osimages.windows.merge.overrides import parse_overrides

_HAS_TABLE = "SELECT count(*) FROM sqlite_schema WHERE name = ?"
_HAS_SERVERS = "SELECT count(*) FROM pragma_table_info('catalogue_state') WHERE name = 'shipped_as_of'"


def catalogue_of(path: Path) -> Catalogue | None:
    """The facts in a database file, which is not changed; None where there is no file, or no facts in it.

    Facts that an older release of osimages merged are merged again with those of this release, as a server does at its
    start. Raises SchemaError when the file cannot be read.
    """
    if not path.exists():
        return None
    with reading(path) as connection:
        return _read(connection)


def _read(connection: apsw.Connection) -> Catalogue | None:
    found = None
    with connection:  # a savepoint, so that all is of one moment
        if _count(connection, _HAS_TABLE, "catalogue_state"):
            is_older = not _count(connection, _HAS_SERVERS)
            has_sources = bool(_count(connection, _HAS_TABLE, "catalogue_overrides"))
            found = execute(connection, _facts(is_older, has_sources))
    return found


def _count(connection: apsw.Connection, query: str, *values: str) -> int:
    found = connection.execute(query, values).fetchone()
    return int(found[0]) if found is not None else 0


def _facts(is_older: bool, has_sources: bool) -> Script[Catalogue | None]:
    """Return the facts. `is_older`: the tables are those of an older release; `has_sources`: claims have sources."""
    if has_sources and (yield from has_claims()):
        shipped_as_of = "" if is_older else (yield from read_shipped_as_of())
        if shipped_as_of < str(bundled().as_of):
            overrides = parse_overrides((yield from read_overrides_text()), "the overrides in the database")
            return merge(bundled(), (yield from read_statements()), overrides).catalogue
    return None if is_older else (yield from read_catalogue())

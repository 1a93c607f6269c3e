"""What an SQLite database is and holds; the file is only read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from osimages.odata.sql.database_info import DatabaseInfo
from osimages.odata.sql.migrations import Migrations, SchemaError
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.file import applied_steps, opened_to_read, reading
from osimages.odata.sql.transaction_script import Script

Contents = TypeVar("Contents")


def damage(path: Path) -> str | None:
    """Return what is wrong with the pages and rows of the file, in SQLite's words; None where nothing is.

    A file that is no database at all is not damaged: opening it raises an error that says so.

    It reads the whole file (https://www.sqlite.org/pragma.html#pragma_quick_check).
    """
    try:
        with opened_to_read(path) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)").fetchall()]
    except apsw.NotADBError:
        return None
    except (apsw.CorruptError, apsw.IOError, apsw.SQLError) as error:
        return str(error)
    return None if found == ["ok"] else " ".join(found[0].split())


def describe(
    path: Path, migrations: Migrations, contents: Callable[[], Script[Contents]]
) -> tuple[DatabaseInfo, Contents | None]:
    """Return what the file is, and what `contents` reads if its tables are current.

    Raises SchemaError if there is no such file, or it cannot be read.
    """
    if not path.exists():
        raise SchemaError(f"There is no database {path} yet: the server or `{migrations.command}` makes one.")
    with reading(path) as connection:
        applied = applied_steps(connection)
        is_current = not migrations.pending("sqlite", applied, str(path))
        found = execute(connection, contents()) if is_current else None
    size = sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())
    version = f"SQLite {apsw.sqlite_lib_version()}"
    return DatabaseInfo(str(path), version, size, max(applied, default=0), is_current), found

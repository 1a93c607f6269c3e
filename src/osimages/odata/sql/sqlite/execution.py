"""Runs steps on an SQLite connection."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from osimages.odata.sql.transaction_script import KeyTakenError, Result, Rows, Script

_TAKEN = (apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_UNIQUE)


def execute(connection: apsw.Connection, steps: Script[Result]) -> Result:
    """Runs all steps, within the transaction of the caller. Raises KeyTakenError, and what the steps raise."""
    rows: Rows | None = None
    try:
        while True:
            # A generator starts with None, which its type cannot say.
            ask = steps.send(rows)  # type: ignore[arg-type]
            if isinstance(ask.values, Mapping):
                rows = connection.execute(ask.sql, ask.values).fetchall()
            else:
                connection.executemany(ask.sql, ask.values)
                rows = ()
    except StopIteration as end:
        result: Result = end.value
        return result
    except apsw.ConstraintError as error:
        if getattr(error, "extendedresult", None) in _TAKEN:
            raise KeyTakenError(str(error)) from error
        raise

"""Counts the rows of the most important tables, for `osimages db info`."""

from __future__ import annotations

import msgspec

from osimages.odata.sql.transaction_script import Script, Statement

_COUNTED = {"tenants": "tenant", "images": "image", "auditEvents": "audit_event"}


class DatabaseContents(msgspec.Struct, frozen=True, rename="camel"):
    """The number of rows by name, and the day of the catalogue's facts."""

    counts: dict[str, int] = {}
    catalogue_as_of: str | None = None


def contents() -> Script[DatabaseContents]:
    """Count the rows, and read the day of the facts."""
    counts = {}
    for name, table in _COUNTED.items():
        rows = yield Statement(f"SELECT count(*) FROM {table}")  # noqa: S608 (names of this module)
        counts[name] = int(rows[0][0])
    state = yield Statement("SELECT as_of FROM catalogue_state")
    return DatabaseContents(counts, str(state[0][0]) if state else None)

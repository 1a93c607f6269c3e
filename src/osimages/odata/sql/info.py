"""What a database is and holds, for people who look after it."""

from __future__ import annotations

import msgspec

from osimages.odata.sql.transaction_script import Ask, Steps

_COUNTED = {"tenants": "tenant", "images": "image", "auditEvents": "audit_event"}


class DatabaseInfo(msgspec.Struct, frozen=True, rename="camel"):
    """A database: which, how large, its schema, and how much is in it (empty where the schema is older)."""

    database: str
    system: str
    size_bytes: int
    schema: int
    is_current: bool
    counts: dict[str, int]
    catalogue_as_of: str | None


def contents() -> Steps[tuple[dict[str, int], str | None]]:
    """How many rows the most important tables have, and the day of the catalogue's facts."""
    counts = {}
    for name, table in _COUNTED.items():
        rows = yield Ask(f"SELECT count(*) FROM {table}")  # noqa: S608 (names of this module)
        counts[name] = int(rows[0][0])
    state = yield Ask("SELECT as_of FROM catalogue_state")
    return counts, str(state[0][0]) if state else None

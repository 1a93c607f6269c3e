"""The description of a database, for people who look after it."""

from __future__ import annotations

import msgspec


class DatabaseInfo(msgspec.Struct, frozen=True, rename="camel"):
    """A database: its place, system and size, the number of its newest migration, and whether none is missing."""

    database: str
    system: str
    size_bytes: int
    schema: int
    is_current: bool

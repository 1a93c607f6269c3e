"""Which migration steps there are, and which a database still needs.

Numbered SQL, run by the drivers that the service uses anyway; docs/decisions/0002-numbered-sql-migrations.md says why.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from osimages.odata.sql.transaction_script import Ask, Steps

STEP_TABLE = (
    "CREATE TABLE IF NOT EXISTS schema_step (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
    "applied_at TEXT NOT NULL)"
)
APPLIED_STEPS = "SELECT number FROM schema_step"
RECORD_STEP = "INSERT INTO schema_step (number, name, applied_at) VALUES (:number, :name, :applied_at)"


class SchemaError(Exception):
    """The database cannot be used as it is; the text says why and what to do."""


class OldSchemaError(SchemaError):
    """The database needs migrations before it can be used."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration: its number, its name, and its SQL for one database."""

    number: int
    name: str
    sql: str


@cache
def steps(database: str) -> tuple[Step, ...]:
    """All steps for `sqlite` or `postgresql`, in order."""
    ending = f".{database}.sql"
    found = []
    for entry in files("osimages.graph.migrations").iterdir():
        if entry.name.endswith(ending):
            number, _, name = entry.name.removesuffix(ending).partition("_")
            found.append(Step(int(number), name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda step: step.number))


def known_steps() -> frozenset[int]:
    """Return the numbers of the steps that this release knows; they are the same for either database."""
    return frozenset(step.number for step in steps("sqlite"))


def recorded_steps() -> Steps[frozenset[int]]:
    """Read the numbers of the steps that a database has had."""
    rows = yield Ask(APPLIED_STEPS)
    return frozenset(int(row[0]) for row in rows)


def pending(database: str, applied: Collection[int], where: str) -> tuple[Step, ...]:
    """The steps that were not applied yet: also older ones than the newest that was, as steps may be released later.

    Raises SchemaError when the database is newer than this release knows.
    """
    known = steps(database)
    newest = known[-1].number
    if max(applied, default=0) > newest:
        raise SchemaError(
            f"The database {where} was made by a newer release of osimages (schema {max(applied)}, this release knows "
            f"{newest}). Upgrade osimages, or restore a backup that was made before."
        )
    return tuple(step for step in known if step.number not in applied)

"""The migrations of an application: numbered SQL steps, and which of them a database still needs.

They are run by the drivers that the service uses anyway; docs/decisions/0002-numbered-sql-migrations.md says why.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from osimages.odata.sql.transaction_script import Script, Statement

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
class Migration:
    """One step: its number, its name, and its SQL for one kind of database."""

    number: int
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Migrations:
    """The migrations of `application`: files named `0001_name.sqlite.sql` and `0001_name.postgresql.sql` in `package`.

    `command` applies them. Backups leave out the rows of `transient` tables.
    """

    package: str
    application: str
    command: str
    transient: tuple[str, ...] = ()

    def steps(self, kind: str) -> tuple[Migration, ...]:
        """Return all steps for `sqlite` or `postgresql`, in order."""
        return _steps(self.package, kind)

    def numbers(self) -> frozenset[int]:
        """Return the numbers of all steps; they are the same for either database."""
        return frozenset(step.number for step in self.steps("sqlite"))

    def pending(self, kind: str, applied: Collection[int], where: str) -> tuple[Migration, ...]:
        """Return the steps that were not applied yet, also those older than the newest that was applied.

        Raises SchemaError if the database is newer than this release.
        """
        known = self.steps(kind)
        newest = known[-1].number
        if max(applied, default=0) > newest:
            raise SchemaError(
                f"The database {where} was made by a newer release of {self.application} (schema {max(applied)}, this "
                f"release knows {newest}). Upgrade {self.application}, or restore a backup that was made before."
            )
        return tuple(step for step in known if step.number not in applied)

    def check(self, kind: str, applied: Collection[int], where: str) -> None:
        """Raise OldSchemaError if the database needs a migration, SchemaError if it is newer than this release."""
        if self.pending(kind, applied, where):
            raise OldSchemaError(f"The database {where} is older than this release. Run `{self.command}`.")


def recorded_steps() -> Script[frozenset[int]]:
    """Read the numbers of the steps that a database has had."""
    rows = yield Statement(APPLIED_STEPS)
    return frozenset(int(row[0]) for row in rows)


@cache
def _steps(package: str, kind: str) -> tuple[Migration, ...]:
    ending = f".{kind}.sql"
    found = []
    for entry in files(package).iterdir():
        if entry.name.endswith(ending):
            number, _, name = entry.name.removesuffix(ending).partition("_")
            found.append(Migration(int(number), name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda step: step.number))

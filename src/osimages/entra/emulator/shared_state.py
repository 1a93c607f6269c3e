"""State that all workers of the emulator share: redeemed codes, devices, consents.

It lies in a file of its own beside the keys, not in the service's database: it belongs to this data directory's keys,
is useless without them, and may be deleted at any time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import apsw
import msgspec

from osimages.entra.emulator.private_files import UnusableError, create_private, private_directory

FILE_NAME = "authority.db"
_WAIT_MILLISECONDS = 5000
_TABLES = """
CREATE TABLE IF NOT EXISTS redeemed (id TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS device (
  user_code TEXT PRIMARY KEY, application TEXT NOT NULL, tenant TEXT NOT NULL, scope TEXT NOT NULL,
  until REAL NOT NULL, user TEXT, decision TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS poll (user_code TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consent (
  tenant TEXT, user TEXT, application TEXT, resource TEXT, permission TEXT,
  PRIMARY KEY (tenant, user, application, resource, permission)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS long_lived (kid TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
"""

Decision = Literal["pending", "approved", "declined", "redeemed"]


class PendingDevice(msgspec.Struct, frozen=True, array_like=True):
    """A device that waits for somebody to enter its code, or waited."""

    user_code: str
    application: str
    tenant: str
    scope: str
    user: str | None
    decision: Decision


class EmulatorState:
    """The file in a data directory, opened when it is first needed. Times are seconds since 1970.

    For use from one thread. Every call is a look-up or one short transaction. Raises UnusableError where the file
    cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._opened: apsw.Connection | None = None

    def redeem(self, identity: str, until: float, now: float) -> bool:
        """Mark a code as used; return False if it was before. It is stored until it would be too old anyway."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM redeemed WHERE until < ?", (now,))
            return _changed(connection, "INSERT OR IGNORE INTO redeemed VALUES (?, ?)", (identity, until))

    def add_device(self, device: PendingDevice, until: float, now: float) -> bool:
        """Store a device that waits; return False if its code is taken."""
        values = (device.user_code, device.application, device.tenant, device.scope, until, device.user)
        with self.transaction() as connection:
            connection.execute("DELETE FROM device WHERE until < ?", (now,))
            connection.execute("DELETE FROM poll WHERE user_code NOT IN (SELECT user_code FROM device)")
            sql = "INSERT OR IGNORE INTO device VALUES (?, ?, ?, ?, ?, ?, ?)"
            return _changed(connection, sql, (*values, device.decision))

    def device(self, user_code: str, now: float) -> PendingDevice | None:
        """Return the device with that code, unless it waited too long."""
        rows = self._rows(
            "SELECT user_code, application, tenant, scope, user, decision FROM device"
            " WHERE user_code = ? AND until >= ?",
            (user_code, now),
        )
        return msgspec.convert(rows[0], PendingDevice) if rows else None

    def polled(self, user_code: str, now: float) -> float:
        """Record a poll of a device that waits. Return the seconds since its last one, infinity if it is the first."""
        with self.transaction() as connection:
            last = next(connection.execute("SELECT at FROM poll WHERE user_code = ?", (user_code,)), None)
            connection.execute("INSERT OR REPLACE INTO poll VALUES (?, ?)", (user_code, now))
        return math.inf if last is None else now - float(last[0])

    def decide(self, user_code: str, before: Decision, decision: Decision) -> bool:
        """Move a device from one decision to another; return False if it was not there (any more)."""
        sql = "UPDATE device SET decision = ? WHERE user_code = ? AND decision = ?"
        with self.transaction() as connection:
            return _changed(connection, sql, (decision, user_code, before))

    def approve(self, user_code: str, tenant: str, user: str) -> bool:
        """Let a device that waits act for a user of a tenant; return False if it does not wait (any more)."""
        sql = (
            "UPDATE device SET decision = 'approved', tenant = ?, user = ? WHERE user_code = ? AND decision = 'pending'"
        )
        with self.transaction() as connection:
            return _changed(connection, sql, (tenant, user, user_code))

    def consented(self, tenant: str, user: str, application: str, resource: str) -> frozenset[str]:
        """Return the permissions that a user lets an application use."""
        rows = self._rows(
            "SELECT permission FROM consent WHERE tenant = ? AND user = ? AND application = ? AND resource = ?",
            (tenant, user, application, resource),
        )
        return frozenset(str(row[0]) for row in rows)

    def consent(self, tenant: str, user: str, application: str, resource: str, permissions: Collection[str]) -> None:
        """Store the permissions that a user lets an application use."""
        rows = [(tenant, user, application, resource, each) for each in permissions]
        with self.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO consent VALUES (?, ?, ?, ?, ?)", rows)

    def note_long_lived(self, kid: str, until: float) -> None:
        """Record that a key has signed a token that lives longer than the usual ones."""
        sql = "INSERT INTO long_lived VALUES (?, ?) ON CONFLICT (kid) DO UPDATE SET until = max(until, excluded.until)"
        with self.transaction() as connection:
            connection.execute(sql, (kid, until))

    def long_lived(self, kid: str) -> float:
        """Return when the last of the long-lived tokens that a key has signed expires; 0 if there are none."""
        rows = self._rows("SELECT until FROM long_lived WHERE kid = ?", (kid,))
        return float(rows[0][0]) if rows else 0.0

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """A transaction that only one process has at a time; also for changes of the files beside this one."""
        with self._usable() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file; another call opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _rows(self, sql: str, values: tuple[str | float, ...]) -> list[tuple[Any, ...]]:
        with self._usable() as connection:
            return list(connection.execute(sql, values))

    @contextmanager
    def _usable(self) -> Iterator[apsw.Connection]:
        try:
            if self._opened is None:
                self._opened = self._open()
            yield self._opened
        except (apsw.Error, OSError) as error:
            raise UnusableError(f"{self._path} cannot be used: {error}. It may be deleted.") from None

    def _open(self) -> apsw.Connection:
        private_directory(self._path.parent)
        # SQLite would make the file for everybody to read, and it holds the codes that devices show.
        create_private(self._path)
        connection = apsw.Connection(str(self._path))
        connection.set_busy_timeout(_WAIT_MILLISECONDS)
        # A code that was redeemed just before a power cut may be redeemed again after it: no more is at stake.
        for statement in ("PRAGMA synchronous = NORMAL", _TABLES):
            connection.execute(statement)
        return connection


def _changed(connection: apsw.Connection, sql: str, values: tuple[str | float | None, ...]) -> bool:
    connection.execute(sql, values)
    return connection.changes() == 1

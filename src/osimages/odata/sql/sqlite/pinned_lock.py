"""A lock that reading transactions of SQLite share, held while nobody writes, so that they do not each ask the system.

See docs/decisions/0023: it makes reads cheaper, and changes nothing of what they see.
"""

from __future__ import annotations

import asyncio

import apsw

# How long a hold may keep the log from being started anew after a write.
LONGEST_HOLD_SECONDS = 1.0
# A transaction takes its lock when it first reads.
_HOLD = "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1"


class HeldLock:
    """Looks once a second whether somebody has written; if not, holds the lock until the next look.

    `connection` is for nothing else. For use from one thread: the event loop's.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        connection.set_busy_timeout(0)
        self._version: object = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Looks from now on, as long as the running event loop does."""
        self.look()
        self._timer = asyncio.get_running_loop().call_later(LONGEST_HOLD_SECONDS, self.start)

    def look(self) -> None:
        """Lets go; and holds again where nothing was written since the last look."""
        try:
            self._let_go()
            version = self._connection.execute("PRAGMA data_version").fetchall()
            if version == self._version:
                self._connection.execute(_HOLD).fetchall()
            self._version = version
        except apsw.Error:  # a file that cannot be read is told where somebody needs it
            self._version = None

    def is_held(self) -> bool:
        """Whether it holds the lock now."""
        return self._connection.in_transaction

    def close(self) -> None:
        """Lets go, for good."""
        if self._timer is not None:
            self._timer.cancel()
        self._connection.close()

    def _let_go(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

"""Keeps SQLite's log (WAL) from growing without end while readers overlap.

SQLite restarts its log only while nobody reads from it. With a few readers that overlap there is
none: what a checkpoint has copied stays in the log, which grows by everything that is written. A checkpoint that waits
for readers makes the moment: it keeps writers out, and who starts to read meanwhile reads the database file alone
(https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files, SQLITE_CHECKPOINT_TRUNCATE). It waits as long as
the oldest snapshot may last, and then for those that were begun meanwhile, so snapshots must have a limit.
"""

from __future__ import annotations

from pathlib import Path

import apsw
import structlog

LONGEST_LOG_BYTES = 64 * 1024 * 1024
# Nobody may write while a checkpoint waits.
_LONGEST_WAIT_SECONDS = 60.0
_log = structlog.get_logger()


class LogLimit:
    """Restarts the log of a database when it has more than `most_bytes`, for the thread that writes.

    `read_seconds` is how long a snapshot lasts at most. Another process may read for longer, such as a backup: then the
    log continues to grow, a warning says so, and the next attempt follows after another `most_bytes`.
    """

    def __init__(self, database: Path, read_seconds: float, most_bytes: int = LONGEST_LOG_BYTES) -> None:
        self._file = database.with_name(f"{database.name}-wal")
        self._wait_milliseconds = int(min(2 * read_seconds, _LONGEST_WAIT_SECONDS) * 1000)
        self._most_bytes = most_bytes
        self._next = most_bytes

    def enforce(self, connection: apsw.Connection) -> None:
        """Restart the log if it is too long; to be called outside of transactions."""
        size = self._size()
        if size < self._most_bytes:
            self._next = self._most_bytes
        if size < self._next:
            return
        usual = int(str(connection.execute("PRAGMA busy_timeout").fetchall()[0][0]))
        try:
            connection.set_busy_timeout(self._wait_milliseconds)
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            _log.warning("the log of the database grows: somebody reads for long", bytes=size, reason=str(error))
            self._next = size + self._most_bytes
        finally:
            connection.set_busy_timeout(usual)

    def _size(self) -> int:
        try:
            return self._file.stat().st_size
        except OSError:  # the log is made with the first write
            return 0

"""Checks whether this server can do its work now: a database that answers and can be written, and signing keys."""

from __future__ import annotations

import asyncio

import structlog

from osimages.entra.tokens.keys import KeySource
from osimages.graph import leases
from osimages.graph.migrations import MIGRATIONS
from osimages.odata.sql.migrations import recorded_steps
from osimages.odata.sql.store import Database, DatabaseGoneError
from osimages.odata.sql.transaction_script import Script

# A load balancer asks again after a few seconds: an answer has to be there before that.
_PATIENCE_SECONDS = 2.0
_PROBE = "readiness"
_log = structlog.get_logger()


class Readiness:
    """The state of a database and of a source of keys. For use from one thread: the event loop's.

    There is at most one probe of the database at a time, however many requests wait for it. A probe that does not end
    is not repeated.
    """

    def __init__(self, database: Database, keys: KeySource, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._database = database
        self._keys = keys
        self._patience_seconds = patience_seconds
        self._probe: asyncio.Task[str | None] | None = None
        self._action = ""
        self._reason: str | None = None

    async def reason(self) -> str | None:
        """Return why requests cannot be served now, in words that anybody may read; None if they can.

        The log has the details, once for each change.
        """
        keys = None if self._keys.as_of is not None else "there are no signing keys: they could not be fetched"
        reason = "; ".join(each for each in (await self._database_reason(), keys) if each) or None
        if reason != self._reason:
            if reason is None:
                _log.info("ready again")
            else:
                _log.warning("not ready", reason=reason)
            self._reason = reason
        return reason

    async def close(self) -> None:
        """End a probe that is under way."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait({self._probe}, timeout=self._patience_seconds)

    async def _database_reason(self) -> str | None:
        if self._probe is None:
            self._probe = asyncio.create_task(self._use_database())
        probe = self._probe
        done, _ = await asyncio.wait({probe}, timeout=self._patience_seconds)
        if not done:
            return f"the database cannot be {self._action} within {self._patience_seconds:g} seconds"
        if self._probe is probe:
            self._probe = None
        return probe.result()

    async def _use_database(self) -> str | None:
        """Read the schema and write a row; return what went wrong."""
        self._action = "read"
        try:
            applied, known = await self._database.read(recorded_steps()), MIGRATIONS.numbers()
            if max(applied, default=0) > max(known):
                return f"the schema of the database ({max(applied)}) is newer than this release knows ({max(known)})"
            if known - applied:
                return "the schema of the database is older than this release: run osimages db migrate"
            self._action = "written"
            await self._database.change(_written())
        except DatabaseGoneError as error:
            _log.warning("database gone", reason=str(error))
            return "the database is gone: its file was deleted or replaced"
        except Exception as error:
            # Any other error means not ready, too, such as a table that somebody dropped.
            _log.warning("database not usable", reason=str(error), action=self._action)
            return f"the database cannot be {self._action}"
        return None


def _written() -> Script[None]:
    """Write to the disk, and leave nothing there."""
    yield from leases.take(_PROBE, _PROBE, 0, by_force=True)
    yield from leases.release(_PROBE, _PROBE)

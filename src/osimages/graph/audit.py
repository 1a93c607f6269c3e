"""What is written down about requests: each change in the transaction that makes it, each refusal a moment later.

A change and its event are one transaction, so that a crash loses neither or both. Refusals change nothing; they are
gathered and written together, each tenant's up to so many a minute, and counted beyond that: a flood of them neither
fills the disk nor keeps others from writing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.audit_events import Event, changed, dated, first_id, refused, refused_further
from osimages.graph.audit_retention import prune, tenant_names
from osimages.odata.plan.query import Stored
from osimages.odata.plan.resolve import Target
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.changes import Changes
from osimages.odata.sql.store import Database, StoreUnavailableError
from osimages.odata.sql.transaction_script import Script
from osimages.odata.sql.writes import Record

_log = structlog.get_logger()
_GATHER_SECONDS = 0.5
_PRUNE_SECONDS = 3600.0
# Whoever has a token of a tenant that is not served must not fill the memory either.
_MOST_WAITING = 10_000


class Audit:
    """Writes events with `changes`, the changes of the events' own type.

    `now` gives the time; events are kept for `retention_days`; of a tenant's refusals, `refusals_per_minute` are
    written singly. For use from one thread: the event loop's.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        now: Callable[[], datetime],
        *,
        retention_days: int,
        refusals_per_minute: int,
    ) -> None:
        self._database = database
        self._changes = changes
        self._now = now
        self._retention = timedelta(days=retention_days)
        self._refusals_per_minute = refusals_per_minute
        self._waiting: list[tuple[str, str, Event]] = []
        self._refused: dict[str, int] = {}
        self._unknown = 0
        self._minute = 0
        self._gathering: asyncio.Task[None] | None = None
        self._pruning: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Starts what goes on in the background."""
        self._pruning = asyncio.create_task(self._prune_now_and_then())

    async def close(self) -> None:
        """Ends it, and writes what waits."""
        for task in (self._pruning, self._gathering):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._count_up()
        await self._write()

    def record(self, request: ApiRequest, actor: VerifiedToken, target: Target) -> Record:
        """The steps that write down what a request changes, in the transaction that changes it."""

        def record(key: str, before: Stored | None, after: Stored | None) -> Script[None]:
            event_id, event = dated(changed(request, actor, target, key, before, after), self._now())
            # An event has the number of the change that it tells of; a removal's is not at hand.
            version = None if after is None else after.version
            yield from self._changes.append(actor.tenant, event_id, event, version)

        return record

    def refused(self, request: ApiRequest, actor: VerifiedToken, status: int, message: str) -> None:
        """Notes that a request was refused."""
        moment = self._now()
        self._start_minute(moment)
        number = self._refused[actor.tenant] = self._refused.get(actor.tenant, 0) + 1
        if number <= self._refusals_per_minute and len(self._waiting) < _MOST_WAITING:
            self._waiting.append((actor.tenant, *dated(refused(request, actor, status, message), moment)))
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather())

    def refused_unknown(self) -> None:
        """Notes that a request was refused whose sender is not known: it is counted, and the log tells how many."""
        self._start_minute(self._now())
        self._unknown += 1
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather())

    async def prune(self) -> None:
        """Takes away the events that are older than they are kept."""
        before = first_id(self._now() - self._retention)
        for tenant in await self._database.read(tenant_names()):
            while await self._database.change(prune(tenant, before)):
                await asyncio.sleep(0)

    def _start_minute(self, moment: datetime) -> None:
        """Ends the minute before, where this is another one."""
        minute = int(moment.timestamp() // 60)
        if minute != self._minute:
            self._count_up()
            self._minute = minute

    def _count_up(self) -> None:
        """Ends the minute: what was refused beyond the events that it may have becomes one event."""
        for tenant, number in self._refused.items():
            if number > self._refusals_per_minute:
                further = refused_further(number - self._refusals_per_minute)
                self._waiting.append((tenant, *dated(further, self._now())))
        self._refused = {}
        if self._unknown:
            _log.warning("requests refused for their token", number=self._unknown)
            self._unknown = 0

    async def _gather(self) -> None:
        """Writes what was refused meanwhile, until nothing more is."""
        while self._refused or self._unknown:
            await asyncio.sleep(_GATHER_SECONDS)
            self._start_minute(self._now())
            try:
                await self._write()
            except Exception as error:  # whatever is wrong with these, those that come later are written
                _log.error("refusals not written to the audit", exc_info=error)
        self._gathering = None

    async def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            await self._database.change(self._append(waiting))
        except StoreUnavailableError as error:
            _log.warning("refusals not written to the audit", number=len(waiting), reason=str(error))

    def _append(self, waiting: Iterable[tuple[str, str, Event]]) -> Script[None]:
        for tenant, key, event in waiting:
            # A tenant that is not served has no audit.
            with contextlib.suppress(LookupError):
                yield from self._changes.append(tenant, key, event)

    async def _prune_now_and_then(self) -> None:
        while True:
            try:
                await self.prune()
            except StoreUnavailableError as error:
                _log.warning("audit not pruned", reason=str(error))
            await asyncio.sleep(_PRUNE_SECONDS)

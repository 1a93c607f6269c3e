"""Publishes to all tenants when there is something new: once, however many workers and machines there are.

Two leases in the database see to that. `calendar` says whose calendar counts: a server whose day is frozen
(`--today`), or that waits another number of days, must not publish in turns with one of real time; the server that was
started last decides, and when it ends, another takes over. `publishing` says who is doing the work just now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncGenerator, Callable

import msgspec
import structlog

from osimages.graph import leases
from osimages.graph.current_catalogue import CurrentCatalogue, Publication
from osimages.graph.publishing import Difference, forget_removals, publish, unpublished
from osimages.odata.sql.store import Database, Store, StoreUnavailableError
from osimages.odata.sql.transaction_script import Script, Statement

_log = structlog.get_logger()
_CALENDAR, _PUBLISHING = "calendar", "publishing"
# A process that dies while it publishes is waited for so long; each batch of tenants renews it.
_WORK_SECONDS = 60.0
# A few milliseconds of work for the database's writer, between which clients' writes have their turn.
_TENANTS_AT_ONCE = 10
_DUE = (
    "SELECT tenant FROM tenant WHERE licensed AND catalogue = :choice AND published <> :label AND tenant > :after "
    "ORDER BY tenant LIMIT :most"
)
_CHOICES = ("supported", "all")


class Round(msgspec.Struct, frozen=True):
    """What a round of publishing did: the tenants that got something new, and the images that changed in them."""

    tenants: int = 0
    images: int = 0


class Publisher:
    """Publishes the current catalogue to the tenants of a database."""

    def __init__(self, database: Database, images: Store, current: CurrentCatalogue, calendar: str) -> None:
        self.database = database
        self.images = images
        self.current = current
        self._calendar = calendar
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._has_warned = False
        # Called with the outcome of each publishing run: published, nothing_due, elsewhere (another process), failed.
        self.on_run: Callable[[str], None] = lambda outcome: None

    async def claim(self, check_seconds: float) -> None:
        """Make this process's calendar the one that counts: the server that was started last decides."""
        await self.database.change(leases.take(_CALENDAR, self._calendar, lasting(check_seconds), by_force=True))

    async def give_up(self) -> None:
        """Lets other servers decide again, at the end of this one."""
        await self.database.change(leases.release(_CALENDAR, self._calendar))

    async def decides(self) -> bool:
        """Return whether no other calendar counts just now."""
        other = await self.other_calendar()
        if other is not None and not self._has_warned:
            _log.warning("a server with another calendar publishes on this database", calendar=other)
        self._has_warned = other is not None
        return other is None

    async def other_calendar(self) -> str | None:
        """Return the calendar of another server that counts just now, if there is one."""
        holder = await self.database.read(leases.holder_of(_CALENDAR))
        return None if holder == self._calendar else holder

    async def may_publish(self) -> bool:
        """Take over new facts; return whether this process may publish them."""
        await self.current.refresh(self.database)
        return await self.decides()

    async def tenants_due(self) -> AsyncGenerator[tuple[str, Publication], None]:
        """Return every tenant that has not got today's catalogue yet, with what it is to get."""
        for choice in _CHOICES:
            publication = self.current.publication(choice)
            after = ""
            while found := await self.database.read(_due(choice, publication.label, after, _TENANTS_AT_ONCE)):
                for tenant in found:
                    # Tenants with a clock of their own get what is published on their day when they are next served.
                    if tenant not in self.current.clock.tenants:
                        yield tenant, publication
                after = found[-1]

    async def differences(self) -> AsyncGenerator[tuple[str, Difference], None]:
        """What publishing now would change, for each tenant that has not got today's catalogue yet."""
        async for tenant, publication in self.tenants_due():
            yield tenant, await self.database.read(unpublished(self.images.changes, tenant, publication.images))

    async def round(self, step: Callable[[int], None] = lambda tenants: None) -> Round | None:
        """Take over new facts, then publish what is due; None where another process is about it, or decides.

        `step` is told the number of tenants after each batch.
        """
        await self.current.refresh(self.database)
        if not await self._is_due():
            return Round()
        if not await self.decides():
            return None
        if not await self.database.change(leases.take(_PUBLISHING, self._holder, _WORK_SECONDS)):
            return None
        tenants = images = 0
        try:
            async for batch in _batches(self.tenants_due()):
                changed = await self.database.change(self._publish(batch))
                tenants, images = tenants + len(batch), images + changed
                step(len(batch))
        finally:
            await self.database.change(leases.release(_PUBLISHING, self._holder))
        return Round(tenants, images)

    async def run(self, seconds: float, remembered_days: float) -> None:
        """A round every so many seconds, for ever; what goes wrong is logged, and tried again.

        Once it has published, what publishing took away more than `remembered_days` ago is forgotten: until then,
        clients that ask what changed are told.
        """
        while True:
            self.on_run(await self._run(seconds, remembered_days))
            await asyncio.sleep(seconds)

    async def _run(self, seconds: float, remembered_days: float) -> str:
        """Publish what is due, and return the outcome for `on_run`."""
        try:
            if not await self.database.change(leases.take(_CALENDAR, self._calendar, lasting(seconds))):
                return "elsewhere"
            done = await self.round()
            if done is None:
                return "elsewhere"
            if not done.tenants:
                return "nothing_due"
            _log.info("catalogue published", tenants=done.tenants, images_changed=done.images)
            await self.database.change(forget_removals(remembered_days))
        except (StoreUnavailableError, leases.LeaseLostError) as error:
            _log.warning("catalogue not published", reason=str(error))
            return "failed"
        except Exception:
            _log.exception("publishing failed")
            return "failed"
        return "published"

    async def _is_due(self) -> bool:
        async with contextlib.aclosing(self.tenants_due()) as due:
            async for _ in due:
                return True
        return False

    def _publish(self, batch: list[tuple[str, Publication]]) -> Script[int]:
        """A batch of tenants in one transaction, in which the lease is renewed: whoever lost it writes nothing."""
        if not (yield from leases.take(_PUBLISHING, self._holder, _WORK_SECONDS)):
            raise leases.LeaseLostError("another process publishes")
        changed = 0
        for tenant, publication in batch:
            changed += yield from publish(self.images.changes, tenant, publication.images, publication.label)
        return changed


def lasting(check_seconds: float) -> float:
    """How long the calendar counts of a server that falls silent, in seconds."""
    return max(60.0, 3 * check_seconds)


def _due(choice: str, label: str, after: str, most: int) -> Script[list[str]]:
    rows = yield Statement(_DUE, {"choice": choice, "label": label, "after": after, "most": most})
    return [str(row[0]) for row in rows]


async def _batches(
    due: AsyncGenerator[tuple[str, Publication], None],
) -> AsyncGenerator[list[tuple[str, Publication]], None]:
    batch: list[tuple[str, Publication]] = []
    async for each in due:
        batch.append(each)
        if len(batch) == _TENANTS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch

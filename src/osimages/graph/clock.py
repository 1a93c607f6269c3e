"""What time and day it is: real time, unless the calendar is frozen or a tenant has a clock of its own."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from osimages.windows.calendar import PACIFIC, pacific_today


@dataclass(frozen=True, slots=True)
class TenantClock:
    """A clock of one tenant, which shows `moment` (seconds since 1970) at the real time `since` (monotonic, seconds).

    `id` names it in the tokens that are issued by it; a clock that is set again keeps its id. A frozen clock stands
    still.
    """

    id: str
    moment: float
    since: float
    frozen: bool

    def seconds(self) -> float:
        """Return the time that it shows, in seconds since 1970."""
        return self.moment if self.frozen else self.moment + time.monotonic() - self.since


@dataclass(frozen=True, slots=True)
class Clock:
    """Gives the time and the day, to a tenant with a clock of its own by that clock.

    `frozen_day` replaces today's date for everything that follows the calendar (publishing, support checks); the
    validity of tokens then still follows real time, so that a demonstration on another day needs no other tokens.
    A tenant's own clock counts for both. Such clocks are in the memory of this process.
    """

    frozen_day: date | None = None
    tenants: dict[str, TenantClock] = field(default_factory=dict, compare=False)

    def now(self, tenant: str = "") -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(self.seconds(tenant), UTC) if tenant in self.tenants else datetime.now(UTC)

    def seconds(self, tenant: str = "") -> float:
        """Return the time, in seconds since 1970."""
        own = self.tenants.get(tenant)
        return time.time() if own is None else own.seconds()

    def elapsed(self, tenant: str = "") -> float:
        """Seconds from an arbitrary moment, for measuring how much time passes."""
        own = self.tenants.get(tenant)
        return time.monotonic() if own is None else own.seconds()

    def today(self, tenant: str = "") -> date:
        """Today's date in Pacific Time, or the frozen day."""
        own = self.tenants.get(tenant)
        if own is not None:
            return datetime.fromtimestamp(own.seconds(), PACIFIC).date()
        return self.frozen_day or pacific_today()

    def id(self, tenant: str) -> str:
        """Return the id of a tenant's own clock; empty in real time."""
        own = self.tenants.get(tenant)
        return "" if own is None else own.id

    def set(self, tenant: str, moment: float, *, frozen: bool) -> TenantClock:
        """Set a tenant's own clock, which it gets if it has none."""
        identity = self.id(tenant) or secrets.token_urlsafe(12)
        own = self.tenants[tenant] = TenantClock(identity, moment, time.monotonic(), frozen)
        return own

    def remove(self, tenant: str) -> bool:
        """Return a tenant to real time; False if it is there already."""
        return self.tenants.pop(tenant, None) is not None

"""What day it is: real time for tokens, a Pacific calendar day (which tests may freeze) for the catalogue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

# Graph: "supportEndDate ... is always in Pacific Time"; Patch Tuesday is announced at 10:00 Pacific.
PACIFIC = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class Clock:
    """Gives the time and the day.

    `frozen_day` replaces today's date for everything that follows the calendar (publishing, support checks); the
    validity of tokens always follows real time, so that a demonstration on another day needs no other tokens.
    """

    frozen_day: date | None = None

    def now(self) -> datetime:
        """The real time, in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """The real time, in seconds since 1970."""
        return time.time()

    def today(self) -> date:
        """Today's date in Pacific Time, or the frozen day."""
        return self.frozen_day or datetime.now(PACIFIC).date()

"""The calendar of Windows: today in Pacific Time, and Patch Tuesday, the second Tuesday of each month.

Microsoft releases the B updates on it: https://learn.microsoft.com/windows/deployment/update/release-cycle
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from zoneinfo import ZoneInfo

# Graph: "supportEndDate ... is always in Pacific Time"; Patch Tuesday is announced at 10:00 Pacific.
PACIFIC = ZoneInfo("America/Los_Angeles")

_TUESDAY = 1  # date.weekday() counts from Monday = 0
_EARLIEST_SECOND_TUESDAY = 8

# In February 2017 Microsoft put all updates off to March, so that month has no B release.
# https://msrc.microsoft.com/blog/2017/02/february-2017-security-update-release/
MONTHS_WITHOUT_PATCH_TUESDAY = frozenset({(2017, 2)})


def pacific_today() -> date:
    """Return today's date in Pacific Time."""
    return datetime.now(PACIFIC).date()


def patch_tuesday(year: int, month: int) -> date:
    """Return the second Tuesday of a month, whether or not anything was released on it (MONTHS_WITHOUT_PATCH_TUESDAY).

    Raises ValueError for a month outside 1 to 12 or a year outside 1 to 9999.
    """
    earliest = date(year, month, _EARLIEST_SECOND_TUESDAY)
    return earliest + timedelta(days=(_TUESDAY - earliest.weekday()) % 7)


def patch_tuesdays(count: int = 12, until: date | None = None) -> tuple[date, ...]:
    """Return the last `count` Patch Tuesdays up to and including `until` (today in Pacific Time), newest first.

    They are fewer only where the calendar begins. Raises ValueError if `count` is negative.
    """
    day = until or pacific_today()
    if count < 0:
        raise ValueError(f"the number of Patch Tuesdays cannot be negative: {count}")
    found: list[date] = []
    year, month = day.year, day.month
    while len(found) < count and year >= MINYEAR:
        tuesday = patch_tuesday(year, month)
        if tuesday <= day and (year, month) not in MONTHS_WITHOUT_PATCH_TUESDAY:
            found.append(tuesday)
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return tuple(found)


def next_patch_tuesday(day: date) -> date:
    """Return the first Patch Tuesday after `day`. Raises OverflowError where the calendar ends."""
    year, month = day.year, day.month
    while year <= MAXYEAR:
        tuesday = patch_tuesday(year, month)
        if tuesday > day and (year, month) not in MONTHS_WITHOUT_PATCH_TUESDAY:
            return tuesday
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    raise OverflowError(f"the calendar ends before the next Patch Tuesday after {day}")

"""Time is real, the day is that of the Pacific coast, and only the day can be frozen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from osimages.graph.clock import Clock
from osimages.windows.calendar import PACIFIC

DAY = date(2026, 11, 24)


def test_now_is_the_real_time_in_utc() -> None:
    for clock in (Clock(), Clock(DAY)):
        before = datetime.now(UTC)
        assert before <= clock.now() <= datetime.now(UTC)
        assert clock.now().utcoffset() == timedelta(0)


def test_today_is_the_day_on_the_pacific_coast() -> None:
    before = datetime.now(PACIFIC).date()
    today = Clock().today()
    assert before <= today <= datetime.now(PACIFIC).date()


def test_a_frozen_day_stays() -> None:
    assert Clock(DAY).today() == DAY
    assert Clock(date.min).today() == date.min


def test_the_pacific_day_begins_seven_or_eight_hours_after_that_of_utc() -> None:
    assert datetime(2026, 7, 1, 6, 59, tzinfo=UTC).astimezone(PACIFIC).date() == date(2026, 6, 30)
    assert datetime(2026, 7, 1, 7, 0, tzinfo=UTC).astimezone(PACIFIC).date() == date(2026, 7, 1)
    assert datetime(2026, 12, 1, 7, 59, tzinfo=UTC).astimezone(PACIFIC).date() == date(2026, 11, 30)
    assert datetime(2026, 12, 1, 8, 0, tzinfo=UTC).astimezone(PACIFIC).date() == date(2026, 12, 1)

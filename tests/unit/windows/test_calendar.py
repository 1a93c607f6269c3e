"""Patch Tuesdays: the second Tuesday of every month but one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.calendar import PACIFIC, next_patch_tuesday, pacific_today, patch_tuesday, patch_tuesdays

DAYS = st.dates(date(1900, 1, 1), date(9990, 1, 1))


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2026, 10, 13), (2026, 9, 8), (2025, 4, 8), (2024, 10, 8), (2018, 1, 9), (2024, 2, 13), (2026, 12, 8)],
)
def test_known_patch_tuesdays(year: int, month: int, day: int) -> None:
    assert patch_tuesday(year, month) == date(year, month, day)


@given(st.integers(1, 9999), st.integers(1, 12))
def test_it_is_the_second_tuesday_of_the_month(year: int, month: int) -> None:
    found = patch_tuesday(year, month)
    tuesdays = [day for day in range(1, 15) if date(year, month, day).weekday() == 1]
    assert (found.year, found.month) == (year, month)
    assert found.day == tuesdays[1]


@pytest.mark.parametrize(("year", "month"), [(2026, 0), (2026, 13), (0, 1), (10000, 1)])
def test_a_month_that_does_not_exist_is_an_error(year: int, month: int) -> None:
    with pytest.raises(ValueError, match=r"month|year"):
        patch_tuesday(year, month)


def test_the_day_itself_counts() -> None:
    assert patch_tuesdays(2, date(2026, 10, 13)) == (date(2026, 10, 13), date(2026, 9, 8))
    assert patch_tuesdays(2, date(2026, 10, 12)) == (date(2026, 9, 8), date(2026, 8, 11))


def test_february_2017_had_none() -> None:
    assert patch_tuesdays(3, date(2017, 3, 20)) == (date(2017, 3, 14), date(2017, 1, 10), date(2016, 12, 13))
    assert patch_tuesdays(1, date(2017, 2, 28)) == (date(2017, 1, 10),)
    assert next_patch_tuesday(date(2017, 1, 10)) == date(2017, 3, 14)


@given(DAYS, st.integers(0, 30))
def test_they_go_back_month_by_month(day: date, count: int) -> None:
    found = patch_tuesdays(count, day)
    assert len(found) == count
    assert all(each <= day for each in found)
    apart = [newer - older for newer, older in pairwise(found)]
    assert all(timedelta(28) <= each <= timedelta(35) or each == timedelta(63) for each in apart)


@given(DAYS)
def test_the_next_one_follows_the_last_one(day: date) -> None:
    coming = next_patch_tuesday(day)
    assert coming > day
    assert patch_tuesdays(2, coming) == (coming, patch_tuesdays(1, day)[0])


def test_the_ends_of_the_calendar() -> None:
    assert patch_tuesdays(5, date(1, 2, 1)) == (date(1, 1, 9),)
    assert patch_tuesdays(0, date(2026, 10, 13)) == ()
    with pytest.raises(ValueError, match="negative"):
        patch_tuesdays(-1, date(2026, 10, 13))
    with pytest.raises(OverflowError, match="calendar ends"):
        next_patch_tuesday(date(9999, 12, 31))


def test_today_is_the_day_in_pacific_time() -> None:
    before = datetime.now(PACIFIC).date()
    assert before <= pacific_today() <= datetime.now(PACIFIC).date()

"""Dates as consoles, locales, .NET, WMI and Active Directory write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.fleet.dates import date_in, is_day_first

EVENING = datetime(2026, 11, 20, 17, 55, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20)),
        ("2026-11-20 17:55:03.0000000", EVENING),
        ("2026-11-20T17:55:03Z", EVENING),
        ("2026-11-20T18:55:03+01:00", EVENING),
        ("2026-11-20 17:55", datetime(2026, 11, 20, 17, 55)),
        ("2026-1-5", datetime(2026, 1, 5)),
        ("11/20/2026 5:55:03 PM", EVENING),
        ("11/20/2026 12:55:03 AM", datetime(2026, 11, 20, 0, 55, 3)),
        ("20.11.2026 17:55:03", EVENING),
        ("20. 11. 2026 17.55", datetime(2026, 11, 20, 17, 55)),
        ("20.11.2026", datetime(2026, 11, 20)),
        ("2026/11/20 17:55:03", EVENING),
        ("2026年11月20日 17:55", datetime(2026, 11, 20, 17, 55)),
        ("/Date(1795197303000)/", EVENING),
        ("\\/Date(1795197303000)\\/", EVENING),
        ("20261120175503.000000+060", EVENING),
        ("134396709030000000", EVENING),
        ("1795197303", EVENING),
        ("1795197303000", EVENING),
        ("46346.75", datetime(2026, 11, 20, 18)),
        ("46346,75", datetime(2026, 11, 20, 18)),
        ("Nov 20, 2026 5:55 PM", datetime(2026, 11, 20, 17, 55)),
        ("Nov 20, 2026, 5:55:03 PM", EVENING),
        ("20 November 2026 at 17:55:03", EVENING),
        ("2026-11-20 오후 5:55:03", EVENING),
        ("2026-11-20 오전 5:55:03", datetime(2026, 11, 20, 5, 55, 3)),
        ("2026/11/20 午後 5:55:03", EVENING),
        ("2026年11月20日 下午5:55:03", EVENING),
        ("11/20/2026 5:55:03 μμ", EVENING),
        ("11/20/2026 5:55:03 π.μ.", datetime(2026, 11, 20, 5, 55, 3)),
        ("20.11.2026 ÖS 5:55:03", EVENING),
        ("11/20/2026 5:55:03 م", EVENING),
        ("Friday, November 20, 2026", datetime(2026, 11, 20)),
        ("20 Nov 2026", datetime(2026, 11, 20)),
    ],
)
def test_every_form(text: str, expected: datetime) -> None:
    assert date_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "never",
            "Unknown",
            "24H2",
            "10.0.26100.9445",
            "26100.9445",
            "0001-01-01T00:00:00Z",
            "9999-12-31",
            "0",
            "x" * 99,
        ),
        *("2026-13-45", "2026-11-20x", "99/99/2026", "/Date(99999999999999)/", "1601-01-01", "20 Xyz 2026", "46346"),
    ],
)
def test_what_is_no_date_or_says_never(text: str) -> None:
    assert date_in(text) is None


def test_the_order_of_day_and_month_is_that_of_the_column() -> None:
    assert is_day_first(["3/4/2026", "25/4/2026"], otherwise=False)
    assert not is_day_first(["3/4/2026", "4/25/2026"], otherwise=True)
    assert is_day_first(["3/4/2026", "x"], otherwise=True)
    assert date_in("3/4/2026", day_first=True) == datetime(2026, 4, 3)
    assert date_in("3/4/2026") == datetime(2026, 3, 4)


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2098, 12, 31)), st.timedeltas(timedelta(hours=-12), timedelta(hours=12))
)
def test_iso_dates_are_read_in_utc(when: datetime, shift: timedelta) -> None:
    assert date_in(when.isoformat()) == when
    assert date_in(when.replace(tzinfo=UTC).isoformat()) == when


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    assert date_in(text) is None or isinstance(date_in(text), datetime)

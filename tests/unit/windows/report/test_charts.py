"""Where the parts of charts lie."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.report.charts import columns, quarters, stacked, timeline
from osimages.windows.report.template_environment import templates


@given(st.lists(st.integers(0, 10**6), max_size=8))
def test_a_stacked_bar_is_filled_exactly_without_gaps(values: list[int]) -> None:
    parts = stacked([("a", value, "good") for value in values])
    assert [part.value for part in parts] == [value for value in values if value]
    x = 0.0
    for part in parts:
        assert part.x == pytest.approx(x, abs=0.01)
        x += part.width
    assert x == pytest.approx(100 if parts else 0, abs=0.01)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_columns_fill_the_width_and_the_highest_is_full(values: list[int]) -> None:
    found = columns([("a", value, "good") for value in values])
    assert max(each.height for each in found) == (100 if any(values) else 0)
    assert found[-1].x + found[-1].width == pytest.approx(100, abs=0.1)


def test_a_timeline_lies_between_a_year_ago_and_its_last_end() -> None:
    today = date(2026, 11, 23)
    lanes = [("a", "", "bad", date(2016, 1, 1)), ("b", "", "good", today), ("c", "", "good", date(2050, 1, 1))]
    found = timeline(lanes, today)
    assert [each.width for each in found.lanes] == [0.6, found.today, 100]
    assert [each.label for each in found.ticks] == ["2026", "2027", "2028", "2029", "2030", "2031", "2032"]


def test_quarters_end_on_their_last_days() -> None:
    assert list(map(str, quarters(date(2026, 11, 23), 3))) == ["2026-12-31", "2027-03-31", "2027-06-30"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ 1234567 | count }}", "1,234,567"),
        ("{{ 1 | share(3) }}", "33.3%"),
        ("{{ 1 | share(100000) }}", "&lt;0.1%"),
        ("{{ 99999 | share(100000) }}", "&gt;99.9%"),
        ("{{ 0 | share(0) }}", "0%"),
        ("{{ a | left(b) }}", "last day"),
    ],
)
def test_numbers_as_people_read_them(text: str, shown: str) -> None:
    day = date(2026, 11, 23)
    assert templates().from_string(text).render(a=day, b=day) == shown

"""Encoded values compare as the values themselves do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.model import value_encoding

_DECIMALS = st.decimals(-(10**20) + 1, 10**20 - 1, places=18)


@given(_DECIMALS, _DECIMALS)
def test_decimals_sort_as_text_and_come_back(left: Decimal, right: Decimal) -> None:
    first, second = value_encoding.decimal_text(left), value_encoding.decimal_text(right)
    assert (first < second, first == second) == (left < right, left == right)
    assert value_encoding.decimal_of(first) == left
    assert len(first) == 39


@pytest.mark.parametrize(
    ("given_", "kept"),
    [("0", "0"), ("-0", "0"), ("5e-19", "1e-18"), ("-5e-19", "-1e-18"), ("4e-19", "0"), ("1e19", "1e19")],
)
def test_decimals_are_rounded_half_away_from_zero(given_: str, kept: str) -> None:
    assert value_encoding.decimal_of(value_encoding.decimal_text(Decimal(given_))) == Decimal(kept)


@pytest.mark.parametrize("text", ["1e20", "-1e20", "99999999999999999999.9999999999999999999", "1e400", "Infinity"])
def test_decimals_that_are_too_large(text: str) -> None:
    with pytest.raises(OverflowError):
        value_encoding.decimal_text(Decimal(text))


@given(st.integers(value_encoding.EARLIEST, value_encoding.LATEST))
def test_moments_come_back(instant: int) -> None:
    assert value_encoding.moment(value_encoding.moment_text(instant)) == (instant, 0)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_durations_come_back(microseconds: int) -> None:
    assert value_encoding.duration(value_encoding.duration_text(microseconds)) == microseconds


@given(st.integers(0, value_encoding.MICROSECONDS_A_DAY - 1))
def test_times_come_back(microseconds: int) -> None:
    assert value_encoding.time_of_day(value_encoding.time_text(microseconds)) == microseconds


@given(st.binary(max_size=10))
def test_bytes_come_back(value: bytes) -> None:
    assert value_encoding.binary(value_encoding.binary_text(value)) == value
    assert value_encoding.binary(value_encoding.binary_text(value).rstrip("=")) == value


def test_moments_are_equal_whatever_their_offset() -> None:
    assert value_encoding.moment("1970-01-01T00:00:01Z") == (1_000_000, 0)
    assert value_encoding.moment("1970-01-01T02:00:01+02:00") == (1_000_000, 120)
    assert value_encoding.moment("1969-12-31T18:30:01.0000019-05:30") == (1_000_001, -330)
    assert value_encoding.microseconds_since_epoch(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-30T00:00:00Z", "2026-01-01T24:01:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z"),
        *("2026-01-01T00:00:00+15:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00", "0000-01-01T00:00:00Z"),
        "12026-01-01T00:00:00Z",
    ],
)
def test_moments_that_do_not_exist(text: str) -> None:
    with pytest.raises(ValueError):
        value_encoding.moment(text)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1D", "P1Y", "P1M", "PT1", "P1D ", "P" + "9" * 40 + "D"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        value_encoding.duration(text)


def test_a_duration_beyond_64_bits_is_too_large() -> None:
    with pytest.raises(OverflowError):
        value_encoding.duration("P999999999D")


@pytest.mark.parametrize("text", ["{32a4ac62-1b1a-4a4c-9a3b-0123456789ab}", "32a4ac621b1a4a4c9a3b0123456789ab", "x"])
def test_what_is_no_guid(text: str) -> None:
    with pytest.raises(ValueError):
        value_encoding.guid(text)


@pytest.mark.parametrize(("value", "single"), [(0.5, 0.5), (0.1, 0.10000000149011612), (1e300, float("inf"))])
def test_singles(value: float, single: float) -> None:
    assert value_encoding.single(value) == single


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-24T01:30:15.25+02:00", "2026-11-23T23:30:15.25Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59.999999-14:00"),
        ("9999-12-31T23:30:00-02:00", "9999-12-31T11:30:00-14:00"),
    ],
)
def test_every_moment_that_can_be_kept_can_be_shown(text: str, shown: str) -> None:
    instant = value_encoding.moment(text)[0]
    assert value_encoding.moment_shown(instant) == shown
    assert value_encoding.moment(shown)[0] == instant

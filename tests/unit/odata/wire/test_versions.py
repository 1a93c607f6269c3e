"""Versions of OData in headers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from osimages.odata.wire.versions import is_supported, is_supported_maximum, version_number


@pytest.mark.parametrize(
    ("header", "number"),
    [
        *(("4.0", "4"), ("4.00", "4"), ("4", "4"), ("04.0", "4"), (" 4.0\t", "4"), ("4.010", "4.01"), ("4.1", "4.1")),
        *(("4.0;NetFx", "4"), ("4.01; a ;b\r\n", "4.01"), ("4.0 ;", "4"), ("123.456", "123.456")),
    ],
)
def test_a_number_up_to_the_semicolon(header: str, number: str) -> None:
    assert version_number(header) == Decimal(number)


@pytest.mark.parametrize(
    "header",
    ["", " ", "x", ";", ";4.0", "4.", ".4", "4.0.0", "4,0", "+4.0", "-4.0", "4e0", "4.0 x", "NaN", "٤", "9" * 10],
)
def test_what_is_no_number(header: str) -> None:
    assert version_number(header) is None
    assert not is_supported(version_number(header))
    assert not is_supported_maximum(version_number(header))


@pytest.mark.parametrize(
    ("header", "as_version", "as_maximum"),
    [
        ("3.0", False, False),
        ("3.999", False, False),
        ("4.0", True, True),
        ("4.001", False, True),
        ("4.01", True, True),
        ("4.02", False, True),
        ("5", False, True),
    ],
)
def test_which_are_supported(header: str, as_version: bool, as_maximum: bool) -> None:
    number = version_number(header)
    assert (is_supported(number), is_supported_maximum(number)) == (as_version, as_maximum)

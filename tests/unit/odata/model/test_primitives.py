"""What JSON stands for a value of each primitive type, and in which form it is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest

from osimages.odata.model.primitives import canonical
from osimages.odata.model.types import Primitive


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        (Primitive.STRING, "x", "x"),
        (Primitive.BOOLEAN, True, True),
        (Primitive.BYTE, 255, 255),
        (Primitive.SBYTE, -128, -128),
        (Primitive.INT16, 32767, 32767),
        (Primitive.INT32, -(1 << 31), -(1 << 31)),
        (Primitive.INT64, (1 << 63) - 1, (1 << 63) - 1),
        (Primitive.INT64, "-9223372036854775808", -(1 << 63)),
        (Primitive.SINGLE, Decimal("0.1"), 0.1),
        (Primitive.DOUBLE, 3, 3.0),
        (Primitive.DOUBLE, "-INF", "-INF"),
        (Primitive.DOUBLE, "NaN", "NaN"),
        (Primitive.DECIMAL, Decimal("12.50"), Decimal("12.50")),
        (Primitive.DECIMAL, 10**19, 10**19),
        (Primitive.DECIMAL, "1e-18", Decimal("1e-18")),
        (Primitive.DECIMAL, 0.1, Decimal("0.1")),
        (Primitive.GUID, "32A4AC62-1B1A-4A4C-9A3B-0123456789AB", "32a4ac62-1b1a-4a4c-9a3b-0123456789ab"),
        (Primitive.DATE, "2024-02-29", "2024-02-29"),
        (Primitive.DATETIMEOFFSET, "2026-11-24t08:00:00z", "2026-11-24T08:00:00Z"),
        (Primitive.TIMEOFDAY, "23:59:59.5", "23:59:59.5"),
        (Primitive.DURATION, "p1dt2h", "P1DT2H"),
        (Primitive.BINARY, "AAEC/w==", "AAEC_w=="),
    ],
)
def test_what_is_kept(type_: Primitive, value: object, kept: object) -> None:
    found = canonical(type_, value)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        *((each, None) for each in Primitive),
        *((each, []) for each in Primitive),
        *((each, True) for each in Primitive if each is not Primitive.BOOLEAN),
        (Primitive.STRING, "\0"),
        (Primitive.BOOLEAN, 1),
        (Primitive.BYTE, -1),
        (Primitive.INT32, "1"),
        (Primitive.INT64, 1 << 63),
        (Primitive.INT64, "1.0"),
        (Primitive.SINGLE, Decimal("1e39")),
        (Primitive.DOUBLE, Decimal("1e400")),
        (Primitive.DOUBLE, "1"),
        (Primitive.DECIMAL, Decimal("1e20")),
        (Primitive.DECIMAL, Decimal("1e-19")),
        (Primitive.DECIMAL, "INF"),
        (Primitive.DATE, "2026-W01-1"),
        (Primitive.DATETIMEOFFSET, "2026-11-24T08:00:00"),
        (Primitive.TIMEOFDAY, "24:00"),
        (Primitive.DURATION, "P"),
        (Primitive.GUID, "32a4ac621b1a4a4c9a3b0123456789ab"),
        (Primitive.BINARY, "A"),
    ],
)
def test_what_is_no_value_of_a_type(type_: Primitive, value: object) -> None:
    with pytest.raises((ValueError, OverflowError)):
        canonical(type_, value)

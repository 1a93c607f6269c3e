"""What JSON may stand for a value of each primitive type, and the one form of it that is kept.

Source: https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_PrimitiveValue
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from osimages.odata.model import value_encoding
from osimages.odata.model.types import Primitive

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?")
_NO_NUMBERS = ("INF", "-INF", "NaN")


def canonical(type_: Primitive, value: object) -> object:
    """The form of a JSON value that is kept. Raises ValueError or OverflowError where it is no value of that type."""
    return _CONVERSIONS[type_](value)


def _string(value: object) -> str:
    # U+0000 cannot be stored by PostgreSQL and ends a string in SQLite's functions: both stores refuse it alike.
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _integer(lowest: int, highest: int) -> Callable[[object], int]:
    def convert(value: object) -> int:
        # Clients that ask for IEEE754Compatible numbers send long ones as text (JSON format, section 4.6.1).
        if isinstance(value, str) and highest > 1 << 32 and _WHOLE.fullmatch(value):
            value = int(value)
        # Clients with floating-point numbers only send 10.0, which is the same number in JSON.
        if isinstance(value, float | Decimal) and lowest <= value <= highest and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError
        return value

    return convert


def _signed(bits: int) -> Callable[[object], int]:
    return _integer(-(1 << bits - 1), (1 << bits - 1) - 1)


def _double(value: object) -> float | str:
    if isinstance(value, str) and value in _NO_NUMBERS:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError
    found = float(value)
    if math.isinf(found):
        raise OverflowError
    return found


def _single(value: object) -> float | str:
    found = _double(value)
    if isinstance(found, float) and math.isinf(value_encoding.single(found)):
        raise OverflowError
    return found


def _decimal(value: object) -> Decimal | int:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError
    value_encoding.decimal_text(value)  # refuses more than 20 digits before the point
    if isinstance(value, int):
        return value
    if -int(value.as_tuple().exponent) > value_encoding.SCALE:
        raise ValueError
    return value


def _text(read: Callable[[str], object], keep: Callable[[str], str] = str) -> Callable[[object], str]:
    """Text that a reader takes, kept in its canonical form."""

    def convert(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError
        read(value)
        return keep(value)

    return convert


def _day(text: str) -> date:
    return date.fromisoformat(value_encoding.day(text))


_CONVERSIONS: Mapping[Primitive, Callable[[object], object]] = {
    Primitive.STRING: _string,
    Primitive.BOOLEAN: _boolean,
    Primitive.BYTE: _integer(0, 255),
    Primitive.SBYTE: _signed(8),
    Primitive.INT16: _signed(16),
    Primitive.INT32: _signed(32),
    Primitive.INT64: _signed(64),
    Primitive.SINGLE: _single,
    Primitive.DOUBLE: _double,
    Primitive.DECIMAL: _decimal,
    Primitive.GUID: _text(value_encoding.guid, str.lower),
    Primitive.DATE: _text(_day),
    Primitive.DATETIMEOFFSET: _text(value_encoding.moment, str.upper),
    Primitive.TIMEOFDAY: _text(value_encoding.time_of_day),
    Primitive.DURATION: _text(value_encoding.duration, str.upper),
    Primitive.BINARY: _text(
        value_encoding.binary, lambda text: value_encoding.binary_text(value_encoding.binary(text))
    ),
}

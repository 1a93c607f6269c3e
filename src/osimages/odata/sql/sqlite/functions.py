"""Functions that SQLite lacks, in Python: exact arithmetic, dates, Unicode, conversions. Null in is null out.

None of them raises: what cannot be calculated (division by zero, more than 64 bits, the year 10000) is null.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import apsw

from osimages.odata.model import value_encoding
from osimages.odata.model.types import Primitive
from osimages.odata.model.value_encoding import (
    MICROSECONDS_A_DAY,
    MICROSECONDS_A_MINUTE,
    MICROSECONDS_A_SECOND,
    in_64_bits,
)
from osimages.odata.plan.constants import INTEGER_LIMITS, INTEGERS, NUMBERS
from osimages.odata.sql.sqlite.patterns import matcher

Function = Callable[..., Any]
# Code points with the property White_Space: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_WHITE_SPACE += "\u2028\u2029\u202f\u205f\u3000"
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?")
_LARGEST_SUBSTRING = (1 << 31) - 1


# --- arithmetic -------------------------------------------------------------------------------------------------------
def _truncated(dividend: int, divisor: int) -> int:
    found = abs(dividend) // abs(divisor)
    return found if (dividend < 0) == (divisor < 0) else -found


def _whole(operation: Callable[[int, int], int]) -> Function:
    return lambda left, right: in_64_bits(operation(left, right))


def _decimals(operation: Callable[[Decimal, Decimal], Decimal]) -> Function:
    read, write = value_encoding.decimal_of, value_encoding.decimal_text
    return lambda left, right: write(operation(read(left), read(right)))


def _moved(text: str, microseconds: int) -> str:
    """A day at midnight, moved by a duration, without its time."""
    return (date.fromisoformat(text) + timedelta(days=microseconds // MICROSECONDS_A_DAY)).isoformat()


def _days_between(left: str, right: str) -> int:
    return (date.fromisoformat(left) - date.fromisoformat(right)).days * MICROSECONDS_A_DAY


def _scaled(operation: Callable[[Decimal, Decimal], Decimal]) -> Function:
    """A duration and a decimal."""
    return lambda duration, by: in_64_bits(
        value_encoding.rounded(operation(Decimal(duration), value_encoding.decimal_of(by)))
    )


_ARITHMETIC: dict[str, Function] = {
    "add_int64": _whole(lambda left, right: left + right),
    "subtract_int64": _whole(lambda left, right: left - right),
    "multiply_int64": _whole(lambda left, right: left * right),
    "divide_int64": _whole(_truncated),
    "remainder_int64": _whole(lambda left, right: left - right * _truncated(left, right)),
    "remainder_double": math.fmod,
    "add_decimal": _decimals(value_encoding.total),
    "subtract_decimal": _decimals(lambda left, right: value_encoding.total(left, right.copy_negate())),
    "multiply_decimal": _decimals(value_encoding.product),
    "divide_decimal": _decimals(value_encoding.quotient),
    "remainder_decimal": _decimals(value_encoding.remainder),
    "negate_decimal": lambda text: value_encoding.decimal_text(value_encoding.decimal_of(text).copy_negate()),
    "add_duration": _whole(lambda left, right: left + right),
    "subtract_duration": _whole(lambda left, right: left - right),
    "multiply_duration": _scaled(value_encoding.product),
    "divide_duration": _scaled(value_encoding.quotient),
    "add_datetimeoffset": lambda moment, duration: value_encoding.in_range(moment + duration),
    "subtract_datetimeoffset": lambda moment, duration: value_encoding.in_range(moment - duration),
    "add_date": _moved,
    "subtract_date": lambda day, duration: _moved(day, -duration),
    "difference_date": _days_between,
}


def _round_double(value: float) -> float:
    if math.isinf(value):
        return value
    below = math.floor(abs(value))
    return math.copysign(below + (abs(value) - below >= 0.5), value)


def _decimal_rounding(mode: str) -> Function:
    return lambda text: value_encoding.decimal_text(value_encoding.decimal_of(text).to_integral_value(mode))


_ROUNDING: dict[str, Function] = {
    "round_decimal": _decimal_rounding("ROUND_HALF_UP"),
    "floor_decimal": _decimal_rounding("ROUND_FLOOR"),
    "ceiling_decimal": _decimal_rounding("ROUND_CEILING"),
    "round_double": _round_double,
    "floor_double": lambda value: value if math.isinf(value) else float(math.floor(value)),
    "ceiling_double": lambda value: value if math.isinf(value) else float(math.ceil(value)),
}


# --- strings, dates and times -----------------------------------------------------------------------------------------
def _substring(text: str, start: int, length: int = _LARGEST_SUBSTRING) -> str:
    if length < 0:
        raise ValueError
    first = start if start >= 0 else max(0, len(text) + start)
    return text[first : first + length]


def _date_of(moment: int, offset: int) -> str:
    return value_encoding.calendar(moment + offset * MICROSECONDS_A_MINUTE).date().isoformat()


_OTHERS: dict[str, Function] = {
    "lower": str.lower,
    "upper": str.upper,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "trim": lambda text: text.strip(_WHITE_SPACE),
    "substring": _substring,
    "date_of": _date_of,
    "time_of": lambda moment, offset: (moment + offset * MICROSECONDS_A_MINUTE) % MICROSECONDS_A_DAY,
    "offset_of": lambda moment, offset: offset,
    "year": lambda day: int(day[:4]),
    "month": lambda day: int(day[5:7]),
    "day": lambda day: int(day[8:]),
    "hour": lambda time: time // (60 * MICROSECONDS_A_MINUTE),
    "minute": lambda time: time // MICROSECONDS_A_MINUTE % 60,
    "second": lambda time: time // MICROSECONDS_A_SECOND % 60,
    "fractional_seconds": lambda time: value_encoding.decimal_text(Decimal(time % MICROSECONDS_A_SECOND).scaleb(-6)),
    "total_seconds": lambda duration: value_encoding.decimal_text(Decimal(duration).scaleb(-6)),
}


# --- conversions ------------------------------------------------------------------------------------------------------
def _read_float(text: str) -> float:
    if text in ("INF", "-INF"):
        return math.inf if text == "INF" else -math.inf
    return float(_number(text))


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _whole_number(target: Primitive) -> Callable[[Any], int]:
    lowest, highest = INTEGER_LIMITS[target]

    def convert(value: Decimal | float) -> int:
        found = value_encoding.rounded(Decimal(value))
        if not lowest <= found <= highest:
            raise OverflowError
        return found

    return convert


def _integral(text: str) -> Decimal:
    found = _number(text)
    if found != found.to_integral_value():
        raise ValueError(text)
    return found


def _after(first: Function, second: Function) -> Function:
    return lambda value: second(first(value))


_FROM_TEXT: dict[Primitive, Function] = {
    Primitive.BOOLEAN: _boolean,
    **{each: _after(_integral, _whole_number(each)) for each in INTEGERS},
    Primitive.SINGLE: lambda text: value_encoding.single(_read_float(text)),
    Primitive.DOUBLE: _read_float,
    Primitive.DECIMAL: lambda text: value_encoding.decimal_text(_number(text)),
    Primitive.GUID: value_encoding.guid,
    Primitive.DATE: value_encoding.day,
    Primitive.DATETIMEOFFSET: lambda text: value_encoding.moment(text if _has_zone(text) else f"{text}Z")[0],
    Primitive.TIMEOFDAY: value_encoding.time_of_day,
    Primitive.DURATION: value_encoding.duration,
    Primitive.BINARY: value_encoding.binary,
}
_FROM_NUMBER: dict[Primitive, Function] = {
    **{each: _whole_number(each) for each in INTEGERS},
    Primitive.SINGLE: lambda value: value_encoding.single(float(value)),
    Primitive.DOUBLE: float,
    Primitive.DECIMAL: lambda value: value_encoding.decimal_text(
        Decimal(repr(value) if isinstance(value, float) else value)
    ),
}


def _has_zone(text: str) -> bool:
    return text[-1:] in ("Z", "z") or text[-6:-5] in ("+", "-")


def _conversions() -> Iterator[tuple[str, Function]]:
    for type_, write in value_encoding.TO_TEXT.items():
        yield f"{type_.name.lower()}_to_string", write
    for type_, read in _FROM_TEXT.items():
        yield f"string_to_{type_.name.lower()}", read
    for source in NUMBERS:
        for target, convert in _FROM_NUMBER.items():
            if source is Primitive.DECIMAL:
                yield f"decimal_to_{target.name.lower()}", _after(value_encoding.decimal_of, convert)
            else:
                yield f"{source.name.lower()}_to_{target.name.lower()}", convert


# --- SQLite -----------------------------------------------------------------------------------------------------------
def _total(function: Function) -> Function:
    @functools.wraps(function)
    def answer(*arguments: Any) -> Any:
        if None in arguments:
            return None
        try:
            return function(*arguments)
        except (ArithmeticError, ValueError, LookupError):
            return None

    return answer


FUNCTIONS: Mapping[str, Function] = {
    f"odata_{name}": _total(function)
    for name, function in {**_ARITHMETIC, **_ROUNDING, **_OTHERS, **dict(_conversions())}.items()
}


class _DecimalTotal:
    """The sum of decimals that are not null, with all their digits, and how many they are."""

    def __init__(self) -> None:
        self.sum = Decimal(0)
        self.count = 0

    def step(self, text: str | None) -> None:
        """One more decimal."""
        if text is not None:
            self.sum = value_encoding.total(self.sum, value_encoding.decimal_of(text))
            self.count += 1

    def final_sum(self) -> str | None:
        """The sum; null for none, and where it has too many digits."""
        return _written(lambda: self.sum) if self.count else None

    def final_average(self) -> str | None:
        """The sum divided by how many they are; null where the sum has too many digits."""
        kept = self.final_sum()
        return (
            None
            if kept is None
            else _written(lambda: value_encoding.quotient(value_encoding.decimal_of(kept), Decimal(self.count)))
        )


def _written(value: Callable[[], Decimal]) -> str | None:
    try:
        return value_encoding.decimal_text(value())
    except ArithmeticError:
        return None


def _aggregate(final: Callable[[_DecimalTotal], str | None]) -> Callable[[], Any]:
    return lambda: (_DecimalTotal(), _DecimalTotal.step, final)


def register(connection: apsw.Connection, is_over: Callable[[], bool]) -> None:
    """Makes the functions known to a connection; those that may take long end its query once the time `is_over`."""
    connection.create_scalar_function("odata_matches_pattern", matcher(is_over), 2, deterministic=True)
    connection.create_aggregate_function("odata_sum_decimal", _aggregate(_DecimalTotal.final_sum), 1)
    connection.create_aggregate_function("odata_average_decimal", _aggregate(_DecimalTotal.final_average), 1)
    for name, function in FUNCTIONS.items():
        connection.create_scalar_function(name, function, deterministic=True)

"""The functions of the filter language, declared: name, types of the arguments, type of the result.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_CanonicalFunctions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osimages.odata.model.types import Primitive
from osimages.odata.plan.expressions import Operation, TextMatch

_STRING, _INTEGER, _DECIMAL, _DOUBLE = Primitive.STRING, Primitive.INT32, Primitive.DECIMAL, Primitive.DOUBLE
_DATE, _MOMENT, _TIME = Primitive.DATE, Primitive.DATETIMEOFFSET, Primitive.TIMEOFDAY


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function. `through` is applied to a first argument of type Edm.DateTimeOffset, in its own
    time zone, before the operation itself.
    """

    parameters: tuple[Primitive, ...]
    result: Primitive
    operation: Operation
    through: Operation | None = None


def _of_day(operation: Operation) -> tuple[Signature, ...]:
    return (
        Signature((_DATE,), _INTEGER, operation),
        Signature((_MOMENT,), _INTEGER, operation, Operation.DATE_OF),
    )


def _of_time(operation: Operation, result: Primitive = _INTEGER) -> tuple[Signature, ...]:
    return (
        Signature((_TIME,), result, operation),
        Signature((_MOMENT,), result, operation, Operation.TIME_OF),
    )


def _rounding(operation: Operation) -> tuple[Signature, ...]:
    return Signature((_DECIMAL,), _DECIMAL, operation), Signature((_DOUBLE,), _DOUBLE, operation)


VALUE_FUNCTIONS: Mapping[str, tuple[Signature, ...]] = {
    "concat": (Signature((_STRING, _STRING), _STRING, Operation.CONCAT),),
    "indexof": (Signature((_STRING, _STRING), _INTEGER, Operation.INDEX_OF),),
    "length": (Signature((_STRING,), _INTEGER, Operation.LENGTH),),
    "substring": (
        Signature((_STRING, _INTEGER), _STRING, Operation.SUBSTRING),
        Signature((_STRING, _INTEGER, _INTEGER), _STRING, Operation.SUBSTRING),
    ),
    "tolower": (Signature((_STRING,), _STRING, Operation.TO_LOWER),),
    "toupper": (Signature((_STRING,), _STRING, Operation.TO_UPPER),),
    "trim": (Signature((_STRING,), _STRING, Operation.TRIM),),
    "year": _of_day(Operation.YEAR),
    "month": _of_day(Operation.MONTH),
    "day": _of_day(Operation.DAY),
    "hour": _of_time(Operation.HOUR),
    "minute": _of_time(Operation.MINUTE),
    "second": _of_time(Operation.SECOND),
    "fractionalseconds": _of_time(Operation.FRACTIONAL_SECONDS, _DECIMAL),
    "totalseconds": (Signature((Primitive.DURATION,), _DECIMAL, Operation.TOTAL_SECONDS),),
    "round": _rounding(Operation.ROUND),
    "floor": _rounding(Operation.FLOOR),
    "ceiling": _rounding(Operation.CEILING),
}
# Functions of a date and time that look at its time zone.
LOCAL_FUNCTIONS: Mapping[str, tuple[Primitive, Operation | None]] = {
    "date": (_DATE, Operation.DATE_OF),
    "time": (_TIME, Operation.TIME_OF),
    "totaloffsetminutes": (_INTEGER, None),
}
TEXT_MATCHES: Mapping[str, TextMatch] = {each.value.lower(): each for each in TextMatch}
MOMENTS = ("now", "mindatetime", "maxdatetime")
COLLECTION_FUNCTIONS = ("hassubset", "hassubsequence")
TYPE_FUNCTIONS = ("cast", "isof")

# Which types arithmetic takes on its left and right, beside numbers: the result, and the operation on encoded values.
ARITHMETIC: Mapping[str, Operation] = {
    "add": Operation.ADD,
    "sub": Operation.SUBTRACT,
    "mul": Operation.MULTIPLY,
    "div": Operation.DIVIDE,
    "divby": Operation.DIVIDE,
    "mod": Operation.REMAINDER,
}
_DURATION = Primitive.DURATION
CALENDAR: Mapping[tuple[str, Primitive, Primitive], tuple[Primitive, Operation]] = {
    ("add", _MOMENT, _DURATION): (_MOMENT, Operation.ADD),
    ("sub", _MOMENT, _DURATION): (_MOMENT, Operation.SUBTRACT),
    ("sub", _MOMENT, _MOMENT): (_DURATION, Operation.DIFFERENCE),
    ("add", _DATE, _DURATION): (_DATE, Operation.ADD),
    ("sub", _DATE, _DURATION): (_DATE, Operation.SUBTRACT),
    ("sub", _DATE, _DATE): (_DURATION, Operation.DIFFERENCE),
    ("add", _DURATION, _DURATION): (_DURATION, Operation.ADD),
    ("sub", _DURATION, _DURATION): (_DURATION, Operation.SUBTRACT),
    ("mul", _DURATION, _DECIMAL): (_DURATION, Operation.MULTIPLY),
    ("mul", _DECIMAL, _DURATION): (_DURATION, Operation.MULTIPLY),
    ("div", _DURATION, _DECIMAL): (_DURATION, Operation.DIVIDE),
    ("divby", _DURATION, _DECIMAL): (_DURATION, Operation.DIVIDE),
}

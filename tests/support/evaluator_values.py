"""Values of the filter language and what is done with them, in plain Python: the lower half of the oracle."""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any
from uuid import UUID

from osimages.odata.model.types import ComplexType, EnumType, Primitive, PropertyType
from osimages.odata.text.tree import Literal, LiteralKind

_WIDE = Context(prec=200)
_INTEGER = 1 << 63
_START = datetime(1970, 1, 1)


@dataclass(frozen=True, order=True)
class Duration:
    """Microseconds."""

    microseconds: int


@dataclass(frozen=True, order=True)
class Clock:
    """Microseconds from midnight."""

    microseconds: int


@dataclass(frozen=True)
class Moment:
    """Microseconds from 1970 in UTC, and the offset of its clock in minutes."""

    instant: int
    offset: int

    def local(self) -> datetime | None:
        """What the clock there shows, in the years that a calendar has."""
        try:
            return _START + timedelta(microseconds=self.instant, minutes=self.offset)
        except OverflowError:
            return None


@dataclass(frozen=True)
class EnumValue:
    """A member of an enumeration."""

    number: int


@dataclass(frozen=True)
class Single:
    """A number of 32 bits: a literal beside it is rounded to as many."""

    value: float


def logic(operator: str, values: list[bool | None]) -> bool | None:
    decisive = operator == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


# --- values -----------------------------------------------------------------------------------------------------------
def literal(tree: Literal) -> Any:
    value = tree.value
    match tree.kind:
        case LiteralKind.INTEGER:
            assert isinstance(value, int)
            return value if -_INTEGER <= value < _INTEGER else _large(value)
        case LiteralKind.DECIMAL:
            assert isinstance(value, float | Decimal)
            return _large(value)
        case LiteralKind.DATE:
            return date.fromisoformat(str(value))
        case LiteralKind.DATETIMEOFFSET:
            return moment(str(value))
        case LiteralKind.TIMEOFDAY:
            return _clock(str(value))
        case LiteralKind.DURATION:
            return _duration(str(value))
        case LiteralKind.BINARY:
            return _bytes(str(value))
        case LiteralKind.GUID:
            return UUID(str(value))
    return value


def _large(value: float | Decimal) -> Any:
    """A number that is no Int64: a decimal, if it has few enough digits."""
    if isinstance(value, float) or not -(10**20) < value < 10**20:
        return float(value)
    exact = Decimal(value)
    return exact if exact == _kept(exact) else float(value)


def decode(type_: PropertyType, value: Any) -> Any:
    if value is None or isinstance(type_, ComplexType):
        return value
    if isinstance(type_, EnumType):
        return as_member(type_, value)
    return _DECODERS[type_](value) if type_ in _DECODERS else value


def as_member(type_: EnumType | None, value: Any) -> Any:
    if type_ is None or not isinstance(value, str):
        return value
    number = 0
    for name in value.split(","):
        number |= type_.by_name[name.strip()].value
    return EnumValue(number)


def moment(text: str) -> Moment:
    text = text.upper()
    if text.endswith("Z"):
        text, offset = text[:-1], 0
    else:
        sign = -1 if text[-6] == "-" else 1
        text, offset = text[:-6], sign * (int(text[-5:-3]) * 60 + int(text[-2:]))
    local = datetime.fromisoformat(text)
    return Moment((local - _START) // timedelta(microseconds=1) - offset * 60_000_000, offset)


def _clock(text: str) -> Clock:
    found = time.fromisoformat(text)
    return Clock(((found.hour * 60 + found.minute) * 60 + found.second) * 1_000_000 + found.microsecond)


def _duration(text: str) -> Duration:
    sign = -1 if text.startswith("-") else 1
    total, number, units = Decimal(0), "", {"D": 86_400, "H": 3600, "M": 60, "S": 1}
    for letter in text.lstrip("+-").upper():
        if letter in "0123456789.":
            number += letter
        elif number:
            total += Decimal(number) * units[letter]
            number = ""
    return Duration(sign * int(total * 1_000_000))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _float(value: Any) -> float | None:
    found = {"INF": math.inf, "-INF": -math.inf}.get(value, value)
    return float(found)


def _of_32_bits(value: float) -> float:
    try:
        found: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return found


_DECODERS: Mapping[Primitive, Callable[[Any], Any]] = {
    Primitive.DOUBLE: _float,
    Primitive.SINGLE: lambda value: Single(_of_32_bits(_float(value) or 0.0)),
    Primitive.DECIMAL: lambda value: Decimal(str(value)),
    Primitive.GUID: UUID,
    Primitive.DATE: date.fromisoformat,
    Primitive.DATETIMEOFFSET: moment,
    Primitive.TIMEOFDAY: _clock,
    Primitive.DURATION: _duration,
    Primitive.BINARY: _bytes,
}

# --- comparisons ------------------------------------------------------------------------------------------------------
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}


def compared(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return {"eq": left is right, "ne": left is not right}.get(operator, False)
    left, right = _alike(left, right)
    if isinstance(left, str) and isinstance(right, Duration):
        left = _duration(left)
    if isinstance(right, str) and isinstance(left, Duration):
        right = _duration(right)
    return COMPARISONS[operator](_ordered(left), _ordered(right))


def _ordered(value: Any) -> Any:
    match value:
        case Moment(instant, _):
            return instant
        case EnumValue(number):
            return number
        case UUID():
            return str(value)
    return value


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Numeric promotion."""
    if isinstance(left, Single) or isinstance(right, Single):
        return _beside_single(left, right), _beside_single(right, left)
    if isinstance(left, float) and isinstance(right, int | Decimal) and not isinstance(right, bool):
        return left, float(right)
    if isinstance(right, float) and isinstance(left, int | Decimal) and not isinstance(left, bool):
        return float(left), right
    return left, right


def beside(other: Any, literal: Any) -> Any:
    """A literal number beside an Edm.Single is one."""
    if not isinstance(other, Single) or not isinstance(literal, int | float | Decimal):
        return literal
    return literal if math.isnan(literal) else Single(_of_32_bits(float(literal)))


def _beside_single(value: Any, other: Any) -> Any:
    if isinstance(value, Single):
        return value.value
    return float(value) if isinstance(value, int | Decimal) else value


# --- arithmetic -------------------------------------------------------------------------------------------------------
def zero(value: Any) -> Any:
    return Duration(0) if isinstance(value, Duration) else 0


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    times = (date, Moment, Duration)
    if isinstance(left, times) or isinstance(right, times):
        return _with_times(operator, left, right)
    left, right = _alike(left, right)
    if isinstance(left, float):
        return _with_floats(operator, left, float(right))
    if isinstance(left, int) and isinstance(right, int) and operator != "divby":
        return _whole(_with_integers(operator, left, right))
    return _with_decimals(operator, Decimal(left), Decimal(right))


def _whole(value: int | None) -> int | None:
    return value if value is not None and -_INTEGER <= value < _INTEGER else None


def _with_integers(operator: str, left: int, right: int) -> int | None:
    if operator in ("div", "mod"):
        if right == 0:
            return None
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "div" else left - quotient * right
    return {"add": left + right, "sub": left - right, "mul": left * right}[operator]


def _with_floats(operator: str, left: float, right: float) -> float | None:
    if operator in ("div", "divby", "mod") and right == 0:
        return None
    if operator == "mod":
        found = math.nan if math.isinf(left) else math.fmod(left, right)
    elif operator in ("div", "divby"):
        found = left / right
    else:
        found = {"add": left + right, "sub": left - right, "mul": left * right}[operator]
    return None if math.isnan(found) else found


def _with_decimals(operator: str, left: Decimal, right: Decimal) -> Decimal | None:
    if operator in ("div", "divby", "mod") and right == 0:
        return None
    calculate = {
        "add": _WIDE.add,
        "sub": _WIDE.subtract,
        "mul": _WIDE.multiply,
        "div": _WIDE.divide,
        "divby": _WIDE.divide,
        "mod": _WIDE.remainder,
    }[operator]
    return _kept(calculate(left, right))


def _kept(value: Decimal) -> Decimal | None:
    if not -(10**20) <= value <= 10**20:
        return None
    found = value.quantize(Decimal(1).scaleb(-18), ROUND_HALF_UP, _WIDE)
    return found if -(10**20) < found < 10**20 else None


def _with_times(operator: str, left: Any, right: Any) -> Any:
    match operator, left, right:
        case "add" | "sub", _, Duration(microseconds):
            return _moved(left, microseconds if operator == "add" else -microseconds)
        case "sub", Moment(), Moment():
            return Duration(left.instant - right.instant)
        case "sub", date(), date():
            return Duration((left - right).days * 86_400_000_000)
        case "mul", Duration(), _:
            return _times(left, right, _WIDE.multiply)
        case "mul", _, Duration():
            return _times(right, left, _WIDE.multiply)
        case _:
            return _times(left, right, _WIDE.divide)


def _moved(start: Any, by: int) -> Any:
    try:
        match start:
            case Moment(instant, offset):
                _ = _START + timedelta(microseconds=instant + by)
                return Moment(instant + by, offset)
            case Duration(microseconds):
                moved = _whole(microseconds + by)
                return None if moved is None else Duration(moved)
            case _:
                return (datetime(start.year, start.month, start.day) + timedelta(microseconds=by)).date()
    except OverflowError:
        return None


def _times(duration: Duration, by: Any, calculate: Callable[[Decimal, Decimal], Decimal]) -> Duration | None:
    number = cast(by, "Edm.Decimal")
    if number is None or (number == 0 and calculate == _WIDE.divide):
        return None
    exact = calculate(Decimal(duration.microseconds), number)
    found = _whole(int(exact.to_integral_value(ROUND_HALF_UP)))
    return None if found is None else Duration(found)


# --- functions --------------------------------------------------------------------------------------------------------
def _substring(text: str, start: int, length: int | None = None) -> str | None:
    if length is not None and length < 0:
        return None
    characters = list(text)
    first = start if start >= 0 else max(len(characters) + start, 0)
    return "".join(characters[first:] if length is None else characters[first:][:length])


def _day(of: Any) -> Any:
    return of.local() if isinstance(of, Moment) else of


def _time(of: Any) -> int:
    if isinstance(of, Moment):
        return (of.instant + of.offset * 60_000_000) % 86_400_000_000
    microseconds: int = of.microseconds
    return microseconds


def _part(name: str) -> Callable[[Any], Any]:
    return lambda of: None if _day(of) is None else getattr(_day(of), name)


def _rounded(mode: str) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        value = value.value if isinstance(value, Single) else value
        if isinstance(value, float):
            return value if math.isinf(value) else float(Decimal(value).to_integral_value(mode))
        return _kept(Decimal(value).to_integral_value(mode))

    return apply


def _white(text: str) -> str:
    spaces = [chr(each) for each in (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B))]
    return text.strip("".join([*spaces, "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"]))


def _date_of(moment: Moment) -> date | None:
    local = moment.local()
    return None if local is None else local.date()


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": lambda text, part: part in text,
    "matchespattern": lambda text, pattern: re.search(pattern.replace("$", r"\Z"), text, re.ASCII) is not None,
    "startswith": lambda text, part: text[: len(part)] == part,
    "endswith": lambda text, part: text[len(text) - len(part) :] == part if len(part) <= len(text) else False,
    "concat": lambda left, right: left + right,
    "length": len,
    "indexof": lambda text, part: text.find(part),
    "substring": _substring,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": _white,
    "year": _part("year"),
    "month": _part("month"),
    "day": _part("day"),
    "hour": lambda of: _time(of) // 3_600_000_000,
    "minute": lambda of: _time(of) // 60_000_000 % 60,
    "second": lambda of: _time(of) // 1_000_000 % 60,
    "fractionalseconds": lambda of: Decimal(_time(of) % 1_000_000) / 1_000_000,
    "date": _date_of,
    "time": lambda of: Clock(_time(of)),
    "totaloffsetminutes": lambda of: of.offset,
    "totalseconds": lambda of: Decimal(of.microseconds) / 1_000_000,
    "round": _rounded(ROUND_HALF_UP),
    "floor": _rounded(ROUND_FLOOR),
    "ceiling": _rounded(ROUND_CEILING),
}
_BOUNDS = {
    "Edm.Byte": (0, 255),
    "Edm.SByte": (-128, 127),
    "Edm.Int16": (-(1 << 15), (1 << 15) - 1),
    "Edm.Int32": (-(1 << 31), (1 << 31) - 1),
    "Edm.Int64": (-_INTEGER, _INTEGER - 1),
}


def cast(value: Any, target: str) -> Any:
    """Numbers to numbers, and the plain cases of numbers to text."""
    if value is None:
        return None
    value = value.value if isinstance(value, Single) else value.number if isinstance(value, EnumValue) else value
    if target in _BOUNDS:
        if isinstance(value, float) and math.isinf(value):
            return None
        found = int(Decimal(value).to_integral_value(ROUND_HALF_UP))
        return found if _BOUNDS[target][0] <= found <= _BOUNDS[target][1] else None
    if target == "Edm.Decimal":
        if isinstance(value, float):
            return None if math.isinf(value) else _kept(Decimal(repr(value)))
        return _kept(Decimal(value))
    if target == "Edm.String":
        return str(value).lower() if isinstance(value, bool) else str(value)
    return Single(_of_32_bits(float(value))) if target == "Edm.Single" else float(value)

"""How values are encoded so that a database compares and sorts them right; filters' constants and columns agree on it.

Why each encoding is as it is: docs/decisions/0010-column-encodings.md.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from osimages.odata.model.types import Primitive, Property

SCALE = 18
WHOLE_DIGITS = 20
_DIGITS = WHOLE_DIGITS + SCALE
_UNIT = Decimal(1).scaleb(-SCALE)
_WIDE = Context(prec=4 * _DIGITS, rounding=ROUND_HALF_UP)
_NINES = 10**_DIGITS - 1
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_A_SECOND = 1_000_000
MICROSECONDS_A_MINUTE = 60 * MICROSECONDS_A_SECOND
MICROSECONDS_A_DAY = 86_400 * MICROSECONDS_A_SECOND
EARLIEST = (datetime.min - _EPOCH) // _MICROSECOND
LATEST = (datetime.max - _EPOCH) // _MICROSECOND
_FARTHEST = 14 * 60  # minutes from UTC
LARGEST_INTEGER = (1 << 63) - 1
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?",
    re.IGNORECASE,
)
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.(?P<fraction>[0-9]{1,12}))?)?"
_TIME_OF_DAY = re.compile(_TIME)
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE = re.compile(_DAY)
_MOMENT = re.compile(rf"(?P<day>{_DAY})T(?P<time>{_TIME})(?P<offset>Z|[+-][0-9]{{2}}:[0-9]{{2}})")
_LONGEST_DURATION = 40  # characters of a duration: more digits would not fit into 64 bits anyhow


def may_be_null(declared: Property) -> bool:
    """Whether a value of a property, or an item of its collection, may be absent."""
    return declared.nullable or not (declared.required or declared.collection)


def in_64_bits(number: int) -> int:
    """The number itself. Raises OverflowError when it needs more than 64 bits."""
    if not -LARGEST_INTEGER - 1 <= number <= LARGEST_INTEGER:
        raise OverflowError
    return number


# --- decimals ---------------------------------------------------------------------------------------------------------
def decimal_text(value: Decimal | int) -> str:
    """A decimal as text that sorts by value: 20 digits before and 18 after the point, negatives as nines' complement.

    More than 18 digits after the point are rounded, half away from zero. Raises OverflowError beyond 20 digits.
    """
    try:
        scaled = int(_WIDE.quantize(Decimal(value), _UNIT).scaleb(SCALE, _WIDE))
    except InvalidOperation:
        raise OverflowError from None
    if abs(scaled) > _NINES:
        raise OverflowError
    return f"1{scaled:0{_DIGITS}}" if scaled >= 0 else f"0{_NINES + scaled:0{_DIGITS}}"


def decimal_of(text: str) -> Decimal:
    """The decimal that `decimal_text` encoded."""
    digits = int(text[1:])
    return Decimal(digits if text[0] == "1" else digits - _NINES).scaleb(-SCALE, _WIDE)


def total(left: Decimal, right: Decimal) -> Decimal:
    """A decimal addition with all its digits."""
    return _WIDE.add(left, right)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """A decimal division with more digits than are kept. Raises ArithmeticError for division by zero."""
    return _WIDE.divide(dividend, divisor)


def product(left: Decimal, right: Decimal) -> Decimal:
    """A decimal multiplication with all its digits."""
    return _WIDE.multiply(left, right)


def remainder(dividend: Decimal, divisor: Decimal) -> Decimal:
    """What is left of the dividend, with its sign. Raises ArithmeticError for division by zero."""
    return _WIDE.remainder(dividend, divisor)


def rounded(value: Decimal) -> int:
    """The nearest whole number, half away from zero."""
    return int(value.to_integral_value(ROUND_HALF_UP))


# --- floating point ---------------------------------------------------------------------------------------------------
def single(value: float) -> float:
    """The nearest Edm.Single."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


# --- dates, times, durations ------------------------------------------------------------------------------------------
def day(text: str) -> str:
    """A day as ISO text. Raises ValueError when there is no such day."""
    if not _DATE.fullmatch(text):  # fromisoformat alone would also take week dates
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def moment(text: str) -> tuple[int, int]:
    """A date and time as microseconds from 1970-01-01T00:00:00Z and its offset in minutes. Raises ValueError."""
    match = _MOMENT.fullmatch(text.upper())
    if match is None:
        raise ValueError(text)
    offset = _offset(match["offset"])
    local = (datetime.fromisoformat(match["day"]) - _EPOCH) // _MICROSECOND + time_of_day(match["time"])
    return local - offset * MICROSECONDS_A_MINUTE, offset


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


def microseconds_since_epoch(instant: datetime) -> int:
    """A date and time that knows its time zone, as it is encoded."""
    return (instant.astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MICROSECOND


def in_range(instant: int) -> int:
    """The encoded moment itself. Raises OverflowError outside the years 1 to 9999."""
    if not EARLIEST <= instant <= LATEST:
        raise OverflowError
    return instant


def calendar(local: int) -> datetime:
    """The date and time of microseconds from the epoch, as a clock there shows it. Raises OverflowError."""
    return _EPOCH + timedelta(microseconds=local)


def time_of_day(text: str) -> int:
    """A time of day as microseconds from midnight; digits beyond are cut off. Raises ValueError."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    found = time.fromisoformat(text.partition(".")[0])
    seconds = (found.hour * 60 + found.minute) * 60 + found.second
    return seconds * MICROSECONDS_A_SECOND + int((match["fraction"] or "")[:6].ljust(6, "0"))


def time_text(microseconds: int) -> str:
    """A time of day as OData writes it."""
    seconds, fraction = divmod(microseconds, MICROSECONDS_A_SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:06}".rstrip("0") if fraction else text


def moment_text(instant: int) -> str:
    """A moment in UTC as OData writes it. Raises OverflowError outside the years 1 to 9999."""
    whole = calendar(in_range(instant))
    return f"{whole.date().isoformat()}T{time_text(instant % MICROSECONDS_A_DAY)}Z"


def moment_shown(instant: int) -> str:
    """A moment as OData writes it: in UTC, or with another offset where it has no year in UTC that a date can have."""
    for offset, name in ((0, "Z"), (_FARTHEST, "+14:00"), (-_FARTHEST, "-14:00")):
        local = instant + offset * MICROSECONDS_A_MINUTE
        if EARLIEST <= local <= LATEST:
            return moment_text(local).removesuffix("Z") + name
    raise OverflowError


def duration(text: str) -> int:
    """A duration as microseconds; digits beyond are cut off. Raises ValueError or OverflowError."""
    match = _DURATION.fullmatch(text)
    if match is None or len(text) > _LONGEST_DURATION or text[-1] in "PpTt":
        raise ValueError(text)
    days, hours, minutes = (int(match[part] or 0) for part in ("days", "hours", "minutes"))
    whole, _, fraction = (match["seconds"] or "0").partition(".")
    seconds = ((days * 24 + hours) * 60 + minutes) * 60 + int(whole)
    found = seconds * MICROSECONDS_A_SECOND + int(fraction[:6].ljust(6, "0"))
    return in_64_bits(-found if match["sign"] == "-" else found)


def duration_text(microseconds: int) -> str:
    """A duration as OData writes it, in days, hours, minutes and seconds."""
    seconds, fraction = divmod(abs(microseconds), MICROSECONDS_A_SECOND)
    parts = [(seconds // 3600 % 24, "H"), (seconds // 60 % 60, "M")]
    text = "".join(f"{number}{unit}" for number, unit in parts if number)
    if seconds % 60 or fraction:
        text += f"{seconds % 60}.{fraction:06}".rstrip("0").rstrip(".") + "S"
    days = f"{seconds // 86_400}D" if seconds >= 86_400 else ""
    sign = "-" if microseconds < 0 else ""
    return f"{sign}P{days}T{text}" if text else f"{sign}P{days}" if days else "PT0S"


# --- the others -------------------------------------------------------------------------------------------------------
def guid(text: str) -> str:
    """A GUID in lower case. Raises ValueError."""
    found = str(UUID(text))
    if found != text.lower():  # UUID takes braces and other forms, too
        raise ValueError(text)
    return found


def binary(text: str) -> bytes:
    """The bytes of base64url text, padded or not. Raises ValueError."""
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError(text) from None


def binary_text(value: bytes) -> str:
    """Bytes as base64url text, as OData writes them."""
    return base64.urlsafe_b64encode(value).decode()


# --- encoded values as text -------------------------------------------------------------------------------------------
def decimal_shown(text: str) -> str:
    """An encoded decimal as people write it, without zeros at the end."""
    shown = f"{decimal_of(text):f}"
    found = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if found == "-0" else found


def double_shown(value: float) -> str:
    """The shortest text that reads as this number; infinity as OData writes it."""
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return repr(value).removesuffix(".0")


def single_shown(value: float) -> str:
    """The shortest text that reads as this Edm.Single."""
    if math.isinf(value):
        return double_shown(value)
    shortest = (float(f"{value:.{each}g}") for each in range(1, 10))
    return double_shown(next(each for each in shortest if single(each) == value))


# The text of an encoded value of each type, as `cast` and JSON have it.
TO_TEXT: Mapping[Primitive, Callable[[Any], str]] = {
    Primitive.STRING: str,
    Primitive.BOOLEAN: lambda value: "true" if value else "false",
    **dict.fromkeys((Primitive.BYTE, Primitive.SBYTE, Primitive.INT16, Primitive.INT32, Primitive.INT64), str),
    Primitive.SINGLE: single_shown,
    Primitive.DOUBLE: double_shown,
    Primitive.DECIMAL: decimal_shown,
    Primitive.GUID: str,
    Primitive.DATE: str,
    Primitive.DATETIMEOFFSET: moment_text,
    Primitive.TIMEOFDAY: time_text,
    Primitive.DURATION: duration_text,
    Primitive.BINARY: binary_text,
}


def _double(value: object) -> float | None:
    found = float(str(value).replace("INF", "inf"))  # JSON has no infinity: OData writes it as text
    return None if math.isnan(found) else found


def _single(value: object) -> float | None:
    found = _double(value)
    return None if found is None else single(found)


# From a canonical JSON value to what a column holds; other types are held as they are.
TO_COLUMN: Mapping[Primitive, Callable[[Any], Any]] = {
    Primitive.SINGLE: _single,
    Primitive.DOUBLE: _double,
    Primitive.DECIMAL: lambda value: decimal_text(Decimal(str(value))),
    Primitive.GUID: lambda value: guid(str(value)),
    Primitive.DATETIMEOFFSET: lambda value: moment(str(value))[0],
    Primitive.TIMEOFDAY: lambda value: time_of_day(str(value)),
    Primitive.DURATION: lambda value: duration(str(value)),
    Primitive.BINARY: lambda value: binary(str(value)),
}

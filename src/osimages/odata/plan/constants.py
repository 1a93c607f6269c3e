"""Literals of a query as constants of a property's type; says clearly why one does not fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum

import msgspec

from osimages.odata.model import value_encoding
from osimages.odata.model.types import EnumType, Model, Primitive
from osimages.odata.plan.expressions import ScalarType
from osimages.odata.text.tree import EnumLiteral, Literal, LiteralKind


class Moment(Enum):
    """A moment that is known only when a query is run; it is the same wherever it stands in one request."""

    NOW = "now"


class Pattern(msgspec.Struct, frozen=True):
    """A regular expression, compiled by the database; `position` is where it stands in the option (with its `$`)."""

    text: str
    option: str
    position: int


Constant = str | int | float | bool | bytes | Moment | Pattern

INTEGERS = (Primitive.BYTE, Primitive.SBYTE, Primitive.INT16, Primitive.INT32, Primitive.INT64)
FLOATS = (Primitive.SINGLE, Primitive.DOUBLE)
NUMBERS = (*INTEGERS, *FLOATS, Primitive.DECIMAL)
INTEGER_LIMITS: Mapping[Primitive, tuple[int, int]] = {
    Primitive.BYTE: (0, 255),
    Primitive.SBYTE: (-128, 127),
    **{type_: (-(1 << bits - 1), (1 << bits - 1) - 1) for type_, bits in zip(INTEGERS[2:], (16, 32, 64), strict=True)},
}
_NUMBER_LITERALS = (LiteralKind.INTEGER, LiteralKind.DECIMAL)
_LARGEST = 1 << 63
_BEYOND = 10**value_encoding.WHOLE_DIGITS


class MismatchError(Exception):
    """A literal that cannot be compared with a property; the text says why and what is expected."""


def resolved(constants: tuple[object, ...], started: int) -> tuple[object, ...]:
    """Constants as a store takes them: `now()` is the moment at which the query started, wherever it stands."""
    return tuple(started if each is Moment.NOW else each for each in constants)


def constant(model: Model, expected: ScalarType, literal: Literal | EnumLiteral) -> Constant:
    """What a literal is as a value of that type, as `encoding` encodes it; enumeration members as numbers.

    Raises MismatchError.
    """
    if isinstance(expected, EnumType):
        return _member(model, expected, literal)
    if isinstance(literal, EnumLiteral):
        raise MismatchError(f"a member of '{literal.type_name}' cannot be compared with {expected.value}")
    if expected is Primitive.STRING and literal.kind is LiteralKind.STRING:  # the most usual comes first
        return _text(literal)
    if expected in NUMBERS and literal.kind in _NUMBER_LITERALS:
        return _number(expected, literal)
    if literal.kind in _KINDS.get(expected, ()):
        return _CONVERSIONS[expected](literal)
    raise MismatchError(f"{described(literal)} cannot be compared with {expected.value}{_hint(expected)}")


def offset_of(literal: Literal) -> int:
    """The time zone's minutes of a literal date and time that `constant` took."""
    return value_encoding.moment(str(literal.value))[1]


def natural_type(literal: Literal) -> Primitive | None:
    """The type of a literal where nothing beside it says another; None for null and for shapes on a map."""
    if literal.kind is LiteralKind.INTEGER:
        value = literal.value
        assert isinstance(value, int)
        if -(1 << 31) <= value < 1 << 31:
            return Primitive.INT32
        return Primitive.INT64 if -_LARGEST <= value < _LARGEST else _large_type(value)
    if literal.kind is LiteralKind.DECIMAL:
        return _large_type(literal.value) if isinstance(literal.value, Decimal) else Primitive.DOUBLE
    return _NATURAL.get(literal.kind)


def _large_type(value: int | Decimal) -> Primitive:
    """An Edm.Decimal where it can hold the number."""
    # Comparisons of decimals are exact; `abs` would round to 28 digits.
    fits = -_BEYOND < value < _BEYOND and _fraction_digits(value) <= value_encoding.SCALE
    return Primitive.DECIMAL if fits else Primitive.DOUBLE


def _fraction_digits(value: int | Decimal) -> int:
    """How many digits a number has after its point, trailing zeros apart."""
    if isinstance(value, int):
        return 0
    _, digits, exponent = value.as_tuple()
    zeros = 0
    while zeros < len(digits) and digits[-1 - zeros] == 0:
        zeros += 1
    return 0 if zeros == len(digits) else max(0, -int(exponent) - zeros)


def is_not_a_number(literal: Literal | EnumLiteral) -> bool:
    """Whether a literal is NaN, which nothing equals."""
    return isinstance(literal, Literal) and isinstance(literal.value, float) and math.isnan(literal.value)


def described(literal: Literal) -> str:
    """What a literal is, with its article: `an integer`, `a date and time`."""
    name = literal.kind.value
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def type_name(model: Model, of: ScalarType) -> str:
    """The name of a type as a client knows it."""
    return model.qualified(of.name) if isinstance(of, EnumType) else of.value


def _member(model: Model, expected: EnumType, literal: Literal | EnumLiteral) -> int:
    name = model.qualified(expected.name)
    if isinstance(literal, EnumLiteral):
        if not model.is_named(expected.name, literal.type_name):
            raise MismatchError(f"a member of '{literal.type_name}' cannot be compared with '{name}'")
        text = literal.member
    elif literal.kind is LiteralKind.STRING:
        text = str(literal.value)
    else:
        raise MismatchError(f"{described(literal)} cannot be compared with '{name}': write its member in quotes")
    found = 0
    for part in [each.strip() for each in text.split(",")] if expected.is_flags else [text]:
        members = expected.members_of(part)
        if not members:
            known = ", ".join(each.name for each in expected.members)
            raise MismatchError(f"'{part[:64]}' is not a member of '{name}', whose members are {known}")
        for each in members:
            found |= each.value
    return found


def _number(expected: Primitive, literal: Literal) -> Constant:
    value = literal.value
    assert isinstance(value, int | float | Decimal)
    if expected in FLOATS:
        if math.isnan(value):  # a database knows no such number
            raise MismatchError("NaN stands for no value: it can only be compared with eq, ne, gt, ge, lt and le")
        return value_encoding.single(float(value)) if expected is Primitive.SINGLE else float(value)
    if isinstance(value, float):
        kind = "a decimal" if expected is Primitive.DECIMAL else "an integer"
        raise MismatchError(f"{kind} property can only be compared with a finite number")
    if expected is Primitive.DECIMAL:
        return _decimal(value)
    if not -_LARGEST <= value < _LARGEST:  # no property is that large, and a database cannot bind it
        return math.copysign(math.inf, value)
    return float(value) if _fraction_digits(value) else int(value)


def is_between_integers(literal: Literal | EnumLiteral) -> bool:
    """Whether a literal is no integer, but so near to one that as a floating-point number it would be that one."""
    value = literal.value if isinstance(literal, Literal) else None
    if not isinstance(value, Decimal) or not -_LARGEST < value < _LARGEST:
        return False
    return _fraction_digits(value) > 0 and float(value).is_integer()


def _decimal(value: int | Decimal) -> str:
    if _fraction_digits(value) > value_encoding.SCALE:
        raise MismatchError(f"a decimal has at most {value_encoding.SCALE} digits after the point")
    try:
        return value_encoding.decimal_text(value)
    except OverflowError:
        raise MismatchError(f"a decimal has at most {value_encoding.WHOLE_DIGITS} digits before the point") from None


def _text(literal: Literal) -> str:
    text = str(literal.value)
    if "\0" in text:
        raise MismatchError("a string holds no character U+0000")
    return text


def _read(read: Callable[[str], Constant], missing: str) -> Callable[[Literal], Constant]:
    def convert(literal: Literal) -> Constant:
        try:
            return read(str(literal.value))
        except (ValueError, OverflowError):
            raise MismatchError(f"there is no {missing} {str(literal.value)[:64]}") from None

    return convert


_CONVERSIONS: Mapping[Primitive, Callable[[Literal], Constant]] = {
    Primitive.STRING: _text,
    Primitive.BOOLEAN: lambda literal: bool(literal.value),
    Primitive.DATE: _read(value_encoding.day, "day"),
    Primitive.DATETIMEOFFSET: _read(lambda text: value_encoding.moment(text)[0], "date and time"),
    Primitive.TIMEOFDAY: _read(value_encoding.time_of_day, "time of day"),
    Primitive.DURATION: _read(value_encoding.duration, "duration"),
    Primitive.GUID: _read(value_encoding.guid, "GUID"),
    Primitive.BINARY: _read(value_encoding.binary, "binary value"),
}
_KINDS: Mapping[Primitive, tuple[LiteralKind, ...]] = {
    Primitive.STRING: (LiteralKind.STRING,),
    Primitive.BOOLEAN: (LiteralKind.BOOLEAN,),
    Primitive.DATE: (LiteralKind.DATE,),
    Primitive.DATETIMEOFFSET: (LiteralKind.DATETIMEOFFSET,),
    Primitive.TIMEOFDAY: (LiteralKind.TIMEOFDAY,),
    # OData 4.01 lets the prefix be left out: URL conventions, section 5.1.1.14.1.
    Primitive.DURATION: (LiteralKind.DURATION, LiteralKind.STRING),
    Primitive.GUID: (LiteralKind.GUID,),
    Primitive.BINARY: (LiteralKind.BINARY,),
}
_NATURAL: Mapping[LiteralKind, Primitive] = {kinds[0]: type_ for type_, kinds in _KINDS.items()}


def _hint(expected: Primitive) -> str:
    return {
        Primitive.DATE: ": write a day without quotes, such as 2026-11-23",
        Primitive.DATETIMEOFFSET: ": write a date and time without quotes, such as 2026-11-23T08:00:00Z",
        Primitive.TIMEOFDAY: ": write a time without quotes, such as 08:00:00",
        Primitive.DURATION: ": write a duration such as duration'P1DT12H'",
        Primitive.GUID: ": write a GUID without quotes",
        Primitive.BINARY: ": write base64url text such as binary'AAEC'",
        Primitive.STRING: ": write a string in single quotes",
        **dict.fromkeys(NUMBERS, ": write a number without quotes, such as 11"),
    }.get(expected, "")

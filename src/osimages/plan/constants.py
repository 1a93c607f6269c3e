"""Literals of a query as constants of a property's type; says clearly why one does not fit."""

from __future__ import annotations

import math
from datetime import date

from osimages.edm.types import EnumType, Model, Primitive
from osimages.odata.tree import EnumLiteral, Literal, LiteralKind
from osimages.plan.expressions import ScalarType

Constant = str | int | float | bool


class MismatchError(Exception):
    """A literal that cannot be compared with a property; the text says why and what is expected."""


def constant(model: Model, expected: ScalarType, literal: Literal | EnumLiteral) -> Constant:
    """What a literal is as a value of that type: enumeration members as numbers, dates as ISO text.

    Raises MismatchError.
    """
    if isinstance(expected, EnumType):
        return _member(model, expected, literal)
    if isinstance(literal, EnumLiteral):
        raise MismatchError(f"a member of '{literal.type_name}' cannot be compared with {expected.value}")
    if expected is Primitive.DATE:
        return _date(literal)
    if expected is Primitive.STRING and literal.kind is LiteralKind.STRING:
        return _text(literal)
    if expected in _INTEGERS and literal.kind in (LiteralKind.INTEGER, LiteralKind.DECIMAL):
        return _number(literal)
    if expected is Primitive.BOOLEAN and literal.kind is LiteralKind.BOOLEAN:
        return bool(literal.value)
    raise MismatchError(f"{described(literal)} cannot be compared with {expected.value}{_hint(expected)}")


_INTEGERS = (Primitive.INT16, Primitive.INT32, Primitive.INT64)
_LARGEST = 1 << 63


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
        # Graph's own tools write the namespace as microsoft.graph or graph.
        if literal.type_name not in (name, f"graph.{expected.name}", expected.name):
            raise MismatchError(f"a member of '{literal.type_name}' cannot be compared with '{name}'")
        text = literal.member
    elif literal.kind is LiteralKind.STRING:
        text = str(literal.value)
    else:
        raise MismatchError(f"{described(literal)} cannot be compared with '{name}': write its member in quotes")
    member = expected.by_name.get(text) or expected.by_name.get(text.lower())
    if member is None:
        members = ", ".join(each.name for each in expected.members)
        raise MismatchError(f"'{text[:64]}' is not a member of '{name}', whose members are {members}")
    return member.value


def _date(literal: Literal) -> str:
    if literal.kind is not LiteralKind.DATE:
        raise MismatchError(f"{described(literal)} cannot be compared with Edm.Date{_hint(Primitive.DATE)}")
    try:
        return date.fromisoformat(str(literal.value)).isoformat()
    except ValueError:
        raise MismatchError(f"there is no day {literal.value}") from None


def _text(literal: Literal) -> str:
    text = str(literal.value)
    if "\0" in text:
        raise MismatchError("a string holds no character U+0000")
    return text


def _number(literal: Literal) -> int | float:
    value = literal.value
    assert isinstance(value, int | float)
    if not math.isfinite(value):
        raise MismatchError("an integer property can only be compared with a finite number")
    # Beyond 64 bits a database cannot bind it; nor can a property be that large.
    return float(value) if isinstance(value, int) and not -_LARGEST <= value < _LARGEST else value


def _hint(expected: Primitive) -> str:
    return {
        Primitive.DATE: ": write a day without quotes, such as 2026-11-23",
        Primitive.STRING: ": write a string in single quotes",
        **dict.fromkeys(_INTEGERS, ": write a number without quotes, such as 11"),
    }.get(expected, "")

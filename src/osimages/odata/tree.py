"""The tree of an OData expression. It holds names as they were written; what they mean is for the plan to find out.

Every node knows the position in the text at which it starts (for an operator: where the operator stands).
"""

from __future__ import annotations

from enum import Enum

import msgspec


class LiteralKind(Enum):
    """The kinds of literal that the text itself tells apart."""

    NULL = "null"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    STRING = "string"
    GUID = "guid"
    DATE = "date"
    DATETIMEOFFSET = "date and time"
    TIMEOFDAY = "time of day"
    DURATION = "duration"
    BINARY = "binary"
    GEO = "geography or geometry"


class Literal(msgspec.Struct, frozen=True):
    """A constant. `value` is None, bool, int, float or str; dates, times and the like stay text."""

    kind: LiteralKind
    value: bool | int | float | str | None
    position: int


class EnumLiteral(msgspec.Struct, frozen=True):
    """A constant of a named enumeration: microsoft.graph.managedDeviceArchitecture'x64'."""

    type_name: str
    member: str
    position: int


class Name(msgspec.Struct, frozen=True):
    """A name at the start of a path: a property, a lambda variable, or `$it`, `$this`, `$root`."""

    name: str
    position: int


class Alias(msgspec.Struct, frozen=True):
    """A parameter alias or annotation: @name."""

    name: str
    position: int


class Member(msgspec.Struct, frozen=True):
    """of/name."""

    of: Expression
    name: str
    position: int


class Cast(msgspec.Struct, frozen=True):
    """of/Namespace.Type, or Namespace.Type at the start of a path."""

    of: Expression | None
    type_name: str
    position: int


class Argument(msgspec.Struct, frozen=True):
    """One argument of a call; functions of the model take theirs by name."""

    name: str | None
    value: Expression


class Call(msgspec.Struct, frozen=True):
    """A function of the language or of the model, or a key predicate: name(arguments), of/name(arguments)."""

    of: Expression | None
    name: str
    arguments: tuple[Argument, ...]
    position: int


class Count(msgspec.Struct, frozen=True):
    """of/$count, with the filter of of/$count($filter=...)."""

    of: Expression
    condition: Expression | None
    position: int


class Filtered(msgspec.Struct, frozen=True):
    """of/$filter(condition)."""

    of: Expression
    condition: Expression
    position: int


class Quantifier(Enum):
    """The two lambda operators."""

    ANY = "any"
    ALL = "all"


class Lambda(msgspec.Struct, frozen=True):
    """of/any(variable: condition); without variable and condition of/any()."""

    of: Expression
    quantifier: Quantifier
    variable: str | None
    condition: Expression | None
    position: int


class Unary(msgspec.Struct, frozen=True):
    """not operand, -operand."""

    operator: str
    operand: Expression
    position: int


class Binary(msgspec.Struct, frozen=True):
    """left operator right, for comparisons, arithmetic, `has` and `in`."""

    operator: str
    left: Expression
    right: Expression
    position: int


class Logical(msgspec.Struct, frozen=True):
    """`and` or `or` between two or more operands, in order: long chains stay flat."""

    operator: str
    operands: tuple[Expression, ...]
    position: int


class ListExpression(msgspec.Struct, frozen=True):
    """(1, 2) after `in`, or [1, 2]."""

    items: tuple[Expression, ...]
    position: int


class ObjectExpression(msgspec.Struct, frozen=True):
    """{"name": value}."""

    members: tuple[tuple[str, Expression], ...]
    position: int


Expression = (
    Literal
    | EnumLiteral
    | Name
    | Alias
    | Member
    | Cast
    | Call
    | Count
    | Filtered
    | Lambda
    | Unary
    | Binary
    | Logical
    | ListExpression
    | ObjectExpression
)


class OrderItem(msgspec.Struct, frozen=True):
    """One item of $orderby."""

    expression: Expression
    descending: bool

"""The tree of an OData expression. It holds names as they were written; what they mean is for the plan to find out.

Every node knows the position in the text at which it starts (for an operator: where the operator stands).
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from osimages.odata.text.search_tree import Search


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
    """A constant. Numbers with a point or an exponent are exact (`Decimal`), INF and NaN are floats.

    Dates, times, GUIDs, durations and binary values stay text; the text of GEO starts with its type: `geography'...'`.
    """

    kind: LiteralKind
    value: bool | int | float | Decimal | str | None
    position: int


class EnumLiteral(msgspec.Struct, frozen=True):
    """A constant of a named enumeration: example.architecture'x64'."""

    type_name: str
    member: str
    position: int


class Name(msgspec.Struct, frozen=True):
    """A name at the start of a path: a property, a lambda variable, or `$it`, `$this`, `$root`, `$these`."""

    name: str
    position: int


class Alias(msgspec.Struct, frozen=True):
    """A parameter alias: @name."""

    name: str
    position: int


class Annotation(msgspec.Struct, frozen=True):
    """An annotation: @Core.Messages, or of/@Core.Messages#qualifier. The name holds all of it."""

    of: Expression | None
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
    """One argument of a call, or one value of a key; functions of the model take theirs by name."""

    name: str | None
    value: Expression


class Call(msgspec.Struct, frozen=True):
    """A function of the language or of the model: name(arguments), of/name(arguments).

    With named arguments it may as well be a key of several properties: only a model can tell.
    """

    of: Expression | None
    name: str
    arguments: tuple[Argument, ...]
    position: int


class Key(msgspec.Struct, frozen=True):
    """One entity of a collection: of(1), of('x'), of(@alias)."""

    of: Expression
    arguments: tuple[Argument, ...]
    position: int


class TypeName(msgspec.Struct, frozen=True):
    """The type that `cast` and `isof` are given: Edm.String, Collection(Edm.String)."""

    name: str
    collection: bool
    position: int


class Case(msgspec.Struct, frozen=True):
    """case(condition:value,...): the value beside the first condition that is true."""

    branches: tuple[tuple[Expression, Expression], ...]
    position: int


class Count(msgspec.Struct, frozen=True):
    """of/$count, with the options of of/$count($filter=...;$search=...)."""

    of: Expression
    condition: Expression | None
    search: Search | None
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


class AggregateFrom(msgspec.Struct, frozen=True):
    """from properties with method: first aggregated within each group, then over the groups."""

    properties: tuple[Expression, ...]
    method: str | None


class Aggregate(msgspec.Struct, frozen=True):
    """expression with method from ... as alias. No expression: `$count`, no method: a count or a custom aggregate."""

    expression: Expression | None
    method: str | None
    stages: tuple[AggregateFrom, ...]
    alias: str | None
    position: int


class Aggregated(msgspec.Struct, frozen=True):
    """of/aggregate(expression with method)."""

    of: Expression
    aggregate: Aggregate
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
    | Annotation
    | Member
    | Cast
    | Call
    | Key
    | TypeName
    | Case
    | Count
    | Filtered
    | Lambda
    | Aggregated
    | Unary
    | Binary
    | Logical
    | ListExpression
    | ObjectExpression
)

"""Bound expressions: a filter whose names and types the model has confirmed. They know no text and no SQL.

Constants stand in a list beside the tree, and the tree holds their numbers (`Parameter`): two filters that differ only
in values are equal as trees, so that the query for that shape is rendered once.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from osimages.odata.model.types import EnumType, Primitive

ScalarType = Primitive | EnumType
# Members of enumerations are the same only where they are identical. Their hash is in Python unless it is taken from
# `object`, and the shape of every query is hashed.


class Comparison(Enum):
    """Comparison operators (OData URL conventions, section 5.1.1.1)."""

    __hash__ = object.__hash__

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class TextMatch(Enum):
    """String functions that answer true or false (OData URL conventions, section 5.1.1.5)."""

    __hash__ = object.__hash__

    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"
    MATCHES_PATTERN = "matchesPattern"


class Operation(Enum):
    """What makes a value of values; each is the name of a method of the renderer."""

    __hash__ = object.__hash__

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    REMAINDER = "remainder"
    NEGATE = "negate"
    DIFFERENCE = "difference"
    CONCAT = "concat"
    INDEX_OF = "index_of"
    LENGTH = "length"
    SUBSTRING = "substring"
    TO_LOWER = "to_lower"
    TO_UPPER = "to_upper"
    TRIM = "trim"
    DATE_OF = "date_of"
    TIME_OF = "time_of"
    OFFSET_OF = "offset_of"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"
    FRACTIONAL_SECONDS = "fractional_seconds"
    TOTAL_SECONDS = "total_seconds"
    ROUND = "round"
    FLOOR = "floor"
    CEILING = "ceiling"


class Parameter(msgspec.Struct, frozen=True):
    """A constant, by its number in the plan's list."""

    number: int


class Null(msgspec.Struct, frozen=True):
    """OData's null as a value."""


class Field(msgspec.Struct, frozen=True):
    """A property of the entity, or of an item of the collection `collection` (None for a collection of primitives).

    `name` is a path where the property belongs to a complex value: address/city. `depth` is 0 for the entity itself,
    and grows with each lambda around the item. `offset` asks for the time zone's minutes of an Edm.DateTimeOffset.
    """

    collection: str | None
    name: str | None
    depth: int = 0
    offset: bool = False


class FunctionCall(msgspec.Struct, frozen=True):
    """An operator or a function; `type` is the type that tells its variants apart, such as that of its operands."""

    operation: Operation
    type: Primitive
    arguments: tuple[Value, ...]


class Convert(msgspec.Struct, frozen=True):
    """A value of one type as a value of another; null where that cannot be."""

    operand: Value
    source: Primitive
    target: Primitive


class Case(msgspec.Struct, frozen=True):
    """The value that belongs to the first condition that holds; null when none does."""

    branches: tuple[tuple[Condition, Value], ...]


class Column(msgspec.Struct, frozen=True):
    """A column of the rows that `$apply` has made, by its number."""

    number: int


class Order(msgspec.Struct, frozen=True):
    """A term to sort by. Null comes before every value, descending after all (OData Protocol, section 11.2.6.2)."""

    value: Value
    descending: bool
    nullable: bool


class ItemCount(msgspec.Struct, frozen=True):
    """How many items of a collection fulfil the condition, or how many there are."""

    collection: str
    condition: Condition | None
    depth: int


class ItemOrdinals(msgspec.Struct, frozen=True):
    """The places of those items of a collection that fulfil the condition, in that order, and by place what is alike.

    As text with commas between the numbers, which count from 0; empty or null where there is none.
    """

    collection: str
    condition: Condition | None
    order: tuple[Order, ...]
    depth: int


class Truth(msgspec.Struct, frozen=True):
    """A condition that is known beforehand; None is OData's null, neither true nor false."""

    value: bool | None


class IsTrue(msgspec.Struct, frozen=True):
    """A value of type Edm.Boolean as a condition."""

    operand: Value


class IsNull(msgspec.Struct, frozen=True):
    """The operand is null."""

    operand: Value


class Compare(msgspec.Struct, frozen=True):
    """left operator right. `nullable`: an operand may be null, which equals null alone, and compares with nothing."""

    operator: Comparison
    left: Value
    right: Value
    nullable: bool = False


class Match(msgspec.Struct, frozen=True):
    """A string function over text and a pattern; null where one of them is null."""

    function: TextMatch
    text: Value
    pattern: Value


class HasFlags(msgspec.Struct, frozen=True):
    """All flags of the second operand are set in the first; null where one of them is null."""

    operand: Value
    flags: Value


class OneOf(msgspec.Struct, frozen=True):
    """operand in (parameters). `for_null` is the answer where the operand is null (None: it never is)."""

    operand: Value
    parameters: tuple[Parameter, ...]
    for_null: bool | None = None


class And(msgspec.Struct, frozen=True):
    """All of the operands hold."""

    operands: tuple[Condition, ...]


class Or(msgspec.Struct, frozen=True):
    """One of the operands holds."""

    operands: tuple[Condition, ...]


class Negation(msgspec.Struct, frozen=True):
    """The operand does not hold."""

    operand: Condition


class Exists(msgspec.Struct, frozen=True):
    """Some item of a collection fulfils the condition (no condition: the collection is not empty)."""

    collection: str
    condition: Condition | None
    depth: int


class ForAll(msgspec.Struct, frozen=True):
    """Every item of a collection fulfils the condition; true for an empty collection."""

    collection: str
    condition: Condition
    depth: int


class InOrder(msgspec.Struct, frozen=True):
    """Items of a collection fulfil one condition each, in this order: one for the first, a later one for the second."""

    collection: str
    conditions: tuple[Condition, ...]
    depth: int


class Chosen(msgspec.Struct, frozen=True):
    """The entity is among the first `top`, after `skip` others, of those that fulfil the condition, in that order."""

    condition: Condition | None
    order: tuple[Order, ...]
    descending: bool
    skip: Parameter
    top: Parameter


Condition = (
    Truth
    | IsTrue
    | IsNull
    | Compare
    | Match
    | HasFlags
    | OneOf
    | And
    | Or
    | Negation
    | Exists
    | ForAll
    | InOrder
    | Chosen
)
Value = Field | Parameter | Null | FunctionCall | Convert | Case | ItemCount | ItemOrdinals | Column | Condition

"""Bound expressions: a filter whose names and types the model has confirmed. They know no text and no SQL.

Constants stand in a list beside the tree, and the tree holds their numbers (`Slot`): two filters that differ only in
values are equal as trees, so that the query for that shape is rendered once.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from osimages.edm.types import EnumType, Primitive

ScalarType = Primitive | EnumType


class Comparison(Enum):
    """Comparison operators (OData URL conventions, section 5.1.1.1)."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class TextMatch(Enum):
    """String functions that answer true or false (OData URL conventions, section 5.1.1.5)."""

    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"


class Slot(msgspec.Struct, frozen=True):
    """A constant, by its number in the plan's list."""

    number: int


class Field(msgspec.Struct, frozen=True):
    """A property of the entity, or of an item of the collection `collection` (None for a collection of primitives).

    `depth` is 0 for the entity itself, and grows with each lambda around the item.
    """

    collection: str | None
    name: str | None
    depth: int = 0


class Truth(msgspec.Struct, frozen=True):
    """A condition that is known beforehand; None is OData's null, neither true nor false."""

    value: bool | None


class Compare(msgspec.Struct, frozen=True):
    """left operator right."""

    operator: Comparison
    left: Operand
    right: Operand


class Match(msgspec.Struct, frozen=True):
    """A string function over text and a pattern in which no character is special."""

    function: TextMatch
    text: Operand
    pattern: Operand


class OneOf(msgspec.Struct, frozen=True):
    """operand in (slots)."""

    operand: Operand
    slots: tuple[Slot, ...]


class Both(msgspec.Struct, frozen=True):
    """All of the operands hold."""

    operands: tuple[Condition, ...]


class Either(msgspec.Struct, frozen=True):
    """One of the operands holds."""

    operands: tuple[Condition, ...]


class Negation(msgspec.Struct, frozen=True):
    """The operand does not hold."""

    operand: Condition


class AnyItem(msgspec.Struct, frozen=True):
    """Some item of a collection fulfils the condition (no condition: the collection is not empty)."""

    collection: str
    condition: Condition | None
    depth: int


class EveryItem(msgspec.Struct, frozen=True):
    """Every item of a collection fulfils the condition; true for an empty collection."""

    collection: str
    condition: Condition
    depth: int


Operand = Field | Slot
Condition = Truth | Compare | Match | OneOf | Both | Either | Negation | AnyItem | EveryItem

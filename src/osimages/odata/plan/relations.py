"""Rows that `$apply` makes of entities or of other rows: what is grouped, summed up, cut off and joined.

Rows have columns by number (`Column`). These say what the rows are, and know no SQL.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from osimages.odata.plan.expressions import Condition, Order, Parameter, ScalarType, Value


class Method(Enum):
    """How values are brought together to one; the name of a method of the renderer."""

    COUNT = "count_of"
    COUNT_DISTINCT = "count_distinct"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SUM = "sum_of"
    AVERAGE = "average"


class Aggregate(msgspec.Struct, frozen=True):
    """One value of many; `type` is that of the operand. A count without an operand is that of rows, and with one the
    sum of counts.
    """

    method: Method
    operand: Value | None
    type: ScalarType


class Unnest(msgspec.Struct, frozen=True):
    """A row for each item of a collection that fulfils the condition; with `outer` one without an item where none does.

    Fields of that depth are of this item.
    """

    collection: str
    depth: int
    condition: Condition | None
    outer: bool


class Groups(msgspec.Struct, frozen=True):
    """One row for each combination of keys, with aggregates over what has it; without keys one row for everything.

    Columns are the keys, then the aggregates. Without a source the entities are grouped, unfolded as told.
    """

    source: Relation | None
    unfolded: tuple[Unnest, ...]
    condition: Condition | None
    keys: tuple[Value, ...]
    aggregates: tuple[Aggregate, ...]


class Limited(msgspec.Struct, frozen=True):
    """The first `top` rows after `skip` others, of those that fulfil the condition, in that order."""

    source: Relation
    condition: Condition | None
    order: tuple[Order, ...]
    columns: int
    skip: Parameter
    top: Parameter


class Part(msgspec.Struct, frozen=True):
    """Rows to be joined with others: their values for the columns of the whole, None where they have none."""

    source: Relation
    condition: Condition | None
    values: tuple[Value | None, ...]


class UnionAll(msgspec.Struct, frozen=True):
    """The rows of several parts, one after the other. Column 0 is the number of the part, the others follow."""

    parts: tuple[Part, ...]
    types: tuple[ScalarType, ...]


Relation = Groups | Limited | UnionAll

"""From bound values to SQL expressions: one short method for each operation, which a database may say in its own way.

What SQL has no words for is a function named `odata_...`, which the store of a database brings along.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Double, FromClause, bindparam, case, cast, func, literal_column
from sqlalchemy.sql.elements import Grouping

from osimages.odata.model.types import Primitive
from osimages.odata.plan.constants import FLOATS, INTEGERS
from osimages.odata.plan.expressions import (
    Case,
    Column,
    Condition,
    Convert,
    Field,
    FunctionCall,
    ItemCount,
    ItemOrdinals,
    Null,
    Parameter,
    Value,
)
from osimages.odata.sql.tables import OFFSET, PRIMITIVE_ITEM, EntityTables

Scope = Mapping[int, FromClause]
Sql = ColumnElement[Any]
ARITHMETIC: Mapping[str, str] = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}


class ValueRenderer:
    """Renders values over the tables of one entity type; conditions inside of them are for the subclass."""

    def __init__(self, tables: EntityTables) -> None:
        self._tables = tables

    @abstractmethod
    def _condition(self, condition: Condition, scope: Scope) -> ColumnElement[bool]:
        """A condition."""

    @abstractmethod
    def _item_count(self, count: ItemCount, scope: Scope) -> Sql:
        """How many items of a collection there are."""

    @abstractmethod
    def _item_ordinals(self, chosen: ItemOrdinals, scope: Scope) -> Sql:
        """Which items of a collection are chosen."""

    def _value(self, value: Value, scope: Scope) -> Sql:
        match value:
            case Parameter(number):
                return self.constant(number)
            case Field():
                return self._field(value, scope)
            case Null():
                return literal_column("NULL")
            case FunctionCall(operation, type_, arguments):
                rendered = [self._value(each, scope) for each in arguments]
                found: Sql = getattr(self, operation.value)(type_, *rendered)
                return found
            case Convert(operand, source, target):
                return self.convert(self._value(operand, scope), source, target)
            case Case(branches):
                rendered_branches = (
                    (Grouping(self._condition(each, scope)), self._value(result, scope)) for each, result in branches
                )
                return case(*rendered_branches)
            case ItemCount():
                return self._item_count(value, scope)
            case ItemOrdinals():
                return self._item_ordinals(value, scope)
            case Column(number):
                return scope[0].c[f"column{number}"]
        return Grouping(self._condition(value, scope))

    def _field(self, field: Field, scope: Scope) -> Sql:
        source, suffix = scope[field.depth], OFFSET if field.offset else ""
        if field.collection is None:
            return source.c[self._tables.columns[(field.name or self._tables.entity.key) + suffix]]
        columns = self._tables.items[field.collection].columns
        column: Sql = source.c[columns[(field.name or PRIMITIVE_ITEM) + suffix]]
        return self.item_column(column, field.depth in scope and 0 in scope)

    def constant(self, number: int) -> Sql:
        """The constant of that number."""
        return bindparam(f"c{number}")

    def truth(self, value: bool | None) -> ColumnElement[bool]:
        """A truth value; OData's null and SQL's NULL follow the same three-valued logic."""
        return literal_column("NULL" if value is None else "1" if value else "0", Boolean())

    def item_column(self, column: Sql, correlated: bool) -> Sql:
        """A column of an item; `correlated` when the item's entity is already known."""
        return column

    # --- arithmetic: integers of 32 bits and floating-point numbers need no care, others might overflow ---
    # Division by zero gives null and no error: SQLite's own `/` and `%` do so, another database may need `nullif`.
    def add(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """left add right, also of dates and durations."""
        return self._arithmetic("+", type_, left, right)

    def subtract(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """left sub right, also of dates and durations."""
        return self._arithmetic("-", type_, left, right)

    def multiply(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """left mul right; a duration by a decimal."""
        return self._arithmetic("*", type_, left, right)

    def divide(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """left div right, null for division by zero; integers are cut off, a duration is divided by a decimal."""
        return self._arithmetic("/", type_, left, right)

    def remainder(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """left mod right, with the sign of the left."""
        if type_ in FLOATS:
            return self._function("remainder", type_, left, right)
        return self._arithmetic("%", type_, left, right)

    def negate(self, type_: Primitive, operand: Sql) -> Sql:
        """-operand."""
        if type_ is Primitive.DECIMAL:
            return self._function("negate", type_, operand)
        return self._arithmetic("-", type_, literal_column("0"), operand)

    def difference(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """The duration between two days or two moments."""
        if type_ is Primitive.DATETIMEOFFSET:
            return infix("-", left, right)
        return self._function("difference", type_, left, right)

    def _arithmetic(self, operator: str, type_: Primitive, left: Sql, right: Sql) -> Sql:
        if type_ is Primitive.INT32 or type_ in FLOATS:
            return infix(operator, left, right)
        return self._function(ARITHMETIC[operator], type_, left, right)

    def _function(self, name: str, type_: Primitive, *arguments: Sql) -> Sql:
        """A function of the store: odata_add_decimal."""
        found: Sql = getattr(func, f"odata_{name}_{type_.name.lower()}")(*arguments)
        return found

    # --- conversions ---
    def convert(self, operand: Sql, source: Primitive, target: Primitive) -> Sql:
        """A value of one type as one of another; null where that cannot be."""
        if source in INTEGERS and target is Primitive.DOUBLE:
            return cast(operand, Double())
        name = f"odata_{source.name.lower()}_to_{target.name.lower()}"
        found: Sql = getattr(func, name)(operand)
        return found

    # --- strings ---
    def concat(self, type_: Primitive, left: Sql, right: Sql) -> Sql:
        """Both strings, one after the other."""
        return infix("||", left, right)

    def length(self, type_: Primitive, text: Sql) -> Sql:
        """How many characters a string has."""
        return func.length(text)

    def index_of(self, type_: Primitive, text: Sql, part: Sql) -> Sql:
        """Where a string is first found in another, from 0; -1 where it is not."""
        raise NotImplementedError

    def substring(self, type_: Primitive, text: Sql, *bounds: Sql) -> Sql:
        """What is left of a string from a position, from 0, in a length; a negative position counts from the end."""
        return func.odata_substring(text, *bounds)

    def to_lower(self, type_: Primitive, text: Sql) -> Sql:
        """Lower case, by the rules of Unicode."""
        return func.lower(text)

    def to_upper(self, type_: Primitive, text: Sql) -> Sql:
        """Upper case, by the rules of Unicode."""
        return func.upper(text)

    def trim(self, type_: Primitive, text: Sql) -> Sql:
        """Without what Unicode calls white space around it."""
        return func.odata_trim(text)

    # --- dates and times: moments come with their offset in minutes ---
    def date_of(self, type_: Primitive, moment: Sql, offset: Sql) -> Sql:
        """The day of a moment where its clock is."""
        return func.odata_date_of(moment, offset)

    def time_of(self, type_: Primitive, moment: Sql, offset: Sql) -> Sql:
        """The time of day of a moment where its clock is."""
        return func.odata_time_of(moment, offset)

    def offset_of(self, type_: Primitive, moment: Sql, offset: Sql) -> Sql:
        """The offset of a moment in minutes; null where the moment is null."""
        return func.odata_offset_of(moment, offset)

    def year(self, type_: Primitive, day: Sql) -> Sql:
        """The year of a day."""
        return func.odata_year(day)

    def month(self, type_: Primitive, day: Sql) -> Sql:
        """The month of a day."""
        return func.odata_month(day)

    def day(self, type_: Primitive, day: Sql) -> Sql:
        """The day of a day's month."""
        return func.odata_day(day)

    def hour(self, type_: Primitive, time: Sql) -> Sql:
        """The hour of a time of day."""
        return func.odata_hour(time)

    def minute(self, type_: Primitive, time: Sql) -> Sql:
        """The minute of a time of day."""
        return func.odata_minute(time)

    def second(self, type_: Primitive, time: Sql) -> Sql:
        """The second of a time of day."""
        return func.odata_second(time)

    def fractional_seconds(self, type_: Primitive, time: Sql) -> Sql:
        """What a time of day has beyond its last full second."""
        return func.odata_fractional_seconds(time)

    def total_seconds(self, type_: Primitive, duration: Sql) -> Sql:
        """A duration in seconds."""
        return func.odata_total_seconds(duration)

    # --- rounding ---
    def round(self, type_: Primitive, number: Sql) -> Sql:
        """The nearest whole number, half away from zero."""
        return self._function("round", type_, number)

    def floor(self, type_: Primitive, number: Sql) -> Sql:
        """The nearest whole number that is not larger."""
        return self._function("floor", type_, number)

    def ceiling(self, type_: Primitive, number: Sql) -> Sql:
        """The nearest whole number that is not smaller."""
        return self._function("ceiling", type_, number)


def infix(operator: str, left: Sql, right: Sql) -> Sql:
    """left operator right, in parentheses."""
    return Grouping(Grouping(left).op(operator)(Grouping(right)))

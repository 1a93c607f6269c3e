"""How PostgreSQL says what the renderer means.

Texts are compared by their code points (COLLATE "C"), as SQLite compares them; its operators raise errors where OData's
give null, so that most arithmetic is a function of `functions.sql`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import TypeEngine

from osimages.odata.model.types import Primitive
from osimages.odata.plan.constants import FLOATS, INTEGER_LIMITS, INTEGERS, Pattern
from osimages.odata.plan.expressions import ScalarType, TextMatch
from osimages.odata.sql.rendering import Renderer
from osimages.odata.sql.rendering_values import ARITHMETIC, Sql, infix
from osimages.odata.sql.tables import EntityTables

# What a constant is in Python tells what it is in SQL.
_TYPES: Mapping[type, TypeEngine[Any]] = {
    str: Text(),
    bool: Boolean(),
    int: BigInteger(),
    float: Double(),
    bytes: LargeBinary(),
    Pattern: Text(),
}
# Conversions that change nothing in a column, as both types are encoded alike.
_SAME = ((Primitive.SINGLE, Primitive.DOUBLE), (Primitive.GUID, Primitive.STRING), (Primitive.DATE, Primitive.STRING))


class PostgresRenderer(Renderer):
    """SQL text with named parameters, whose constants are of the given types. It is good for one rendering."""

    def __init__(self, tables: EntityTables, constants: Sequence[type]) -> None:
        super().__init__(tables, postgresql_dialect(paramstyle="named"))  # type: ignore[no-untyped-call]
        self._constants = constants

    def constant(self, number: int) -> Sql:
        """PostgreSQL has to know the type of a parameter where nothing beside it tells."""
        type_ = self._constants[number]
        typed = cast(bindparam(f"c{number}"), _TYPES[type_])
        return typed.collate("C") if isinstance(_TYPES[type_], Text) else typed

    def truth(self, value: bool | None) -> ColumnElement[bool]:
        """PostgreSQL has a type for truth values, and null has to be of it."""
        return cast(literal_column("NULL" if value is None else str(value).lower()), Boolean())

    def sorted(self, term: Sql, descending: bool, nullable: bool) -> Sql:
        """Null sorts last by itself in PostgreSQL when ascending, first when descending."""
        if not nullable:
            return super().sorted(term, descending, nullable)
        return term.desc().nulls_last() if descending else term.asc().nulls_first()

    def listed(self, ordinals: Select[Any]) -> Sql:
        """ARRAY keeps the order of its query."""
        return func.array_to_string(func.array(ordinals.scalar_subquery()), literal_column("','"))

    # --- arithmetic ---
    def _arithmetic(self, operator: str, type_: Primitive, left: Sql, right: Sql) -> Sql:
        if type_ is not Primitive.INT32:
            return self._function(ARITHMETIC[operator], type_, left, right)
        divisor = func.nullif(right, literal_column("0")) if operator in "/%" else right
        return infix(operator, cast(left, BigInteger()), divisor)

    def _function(self, name: str, type_: Primitive, *arguments: Sql) -> Sql:
        return super()._function(name, Primitive.DOUBLE if type_ in FLOATS else type_, *arguments)

    # --- conversions ---
    def convert(self, operand: Sql, source: Primitive, target: Primitive) -> Sql:
        """A value of one type as one of another; null where that cannot be."""
        if (source, target) in _SAME:
            return operand
        if target in INTEGERS:
            return self._to_integer(operand, source, target)
        if source in INTEGERS:
            return self._from_integer(operand, target)
        if source is Primitive.SINGLE and target is Primitive.DECIMAL:
            source = Primitive.DOUBLE
        if source is Primitive.DECIMAL and target in FLOATS:
            double: Sql = cast(func.odata_decimal_value(operand), Double())
            return double if target is Primitive.DOUBLE else func.odata_double_to_single(double)
        converted = super().convert(operand, source, target)
        return converted.collate("C") if target is Primitive.STRING else converted

    def _to_integer(self, operand: Sql, source: Primitive, target: Primitive) -> Sql:
        limits = [cast(literal_column(f"'{limit}'"), BigInteger()) for limit in INTEGER_LIMITS[target]]
        if source is Primitive.STRING:
            return func.odata_string_within(operand, *limits)
        if source in FLOATS:
            return func.odata_double_within(operand, *limits)
        number = func.round(func.odata_decimal_value(operand)) if source is Primitive.DECIMAL else operand
        return func.odata_integer_within(number, *limits)

    def _from_integer(self, operand: Sql, target: Primitive) -> Sql:
        if target is Primitive.STRING:
            return cast(operand, Text()).collate("C")
        if target is Primitive.DECIMAL:
            return func.odata_decimal_text(operand)
        double: Sql = cast(operand, Double())
        return double if target is Primitive.DOUBLE else func.odata_double_to_single(double)

    # --- strings ---
    def text_match(self, function: TextMatch, text: Sql, pattern: Sql) -> ColumnElement[bool]:
        """LIKE would give `%`, `_` and `\\` a meaning. By the collation C, `\\w` and `\\d` match ASCII alone."""
        if function is TextMatch.MATCHES_PATTERN:
            return Grouping(Grouping(text.collate("C")).bool_op("~")(Grouping(pattern)))
        if function is TextMatch.CONTAINS:
            return func.strpos(text, pattern) > literal_column("0")
        if function is TextMatch.STARTSWITH:
            return func.starts_with(text, pattern)
        return func.odata_ends_with(text, pattern)

    def index_of(self, type_: Primitive, text: Sql, part: Sql) -> Sql:
        """strpos counts characters from 1, and gives 0 where there is nothing."""
        return Grouping(func.strpos(text, part) - literal_column("1"))

    def to_lower(self, type_: Primitive, text: Sql) -> Sql:
        """By the rules of Unicode, whatever the database's locale."""
        return func.odata_lower(text)

    def to_upper(self, type_: Primitive, text: Sql) -> Sql:
        """By the rules of Unicode, whatever the database's locale."""
        return func.odata_upper(text)

    # --- totals ---
    def missing(self, type_: ScalarType) -> Sql:
        """All parts of a union have to sort texts alike."""
        found = super().missing(type_)
        return found.collate("C") if isinstance(found.type, Text) else found

    def count_of(self, type_: ScalarType, operand: Sql | None) -> Sql:
        """PostgreSQL's own sums of integers are numerics."""
        return cast(super().count_of(type_, operand), BigInteger())

    def minimum(self, type_: ScalarType, operand: Sql) -> Sql:
        """false is smaller than true, which PostgreSQL's `min` does not know."""
        return func.bool_and(operand) if type_ is Primitive.BOOLEAN else super().minimum(type_, operand)

    def maximum(self, type_: ScalarType, operand: Sql) -> Sql:
        """true is larger than false, which PostgreSQL's `max` does not know."""
        return func.bool_or(operand) if type_ is Primitive.BOOLEAN else super().maximum(type_, operand)

    def sum_of(self, type_: ScalarType, operand: Sql) -> Sql:
        """Decimals are texts, PostgreSQL's own sums of integers numerics, and those of doubles never infinite."""
        if type_ is Primitive.DECIMAL:
            return func.odata_decimal_text(func.sum(func.odata_decimal_value(operand)))
        return func.odata_sum_double(operand) if type_ in FLOATS else cast(func.sum(operand), BigInteger())

    def average(self, type_: ScalarType, operand: Sql) -> Sql:
        """The quotient is rounded as all quotients are."""
        if type_ in FLOATS:
            return func.odata_divide_double(self.sum_of(type_, operand), cast(func.count(operand), Double()))
        if type_ is not Primitive.DECIMAL:
            return super().average(type_, operand)
        count = func.odata_decimal_text(func.count(operand))
        return func.odata_divide_decimal(self.sum_of(type_, operand), count)

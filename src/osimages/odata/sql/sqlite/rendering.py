"""How SQLite says what the renderer means."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.sql.elements import Grouping, UnaryExpression
from sqlalchemy.sql.operators import custom_op

from osimages.odata.model.types import Primitive
from osimages.odata.plan.expressions import Compare, Comparison, Condition, Exists, Field, OneOf, Parameter, TextMatch
from osimages.odata.sql.rendering import Renderer, conjuncts
from osimages.odata.sql.tables import EntityTables

_PLUS = custom_op[Any]("+")


class SqliteRenderer(Renderer):
    """SQL text with named parameters, as apsw takes it."""

    def __init__(self, tables: EntityTables) -> None:
        super().__init__(tables, sqlite_dialect(paramstyle="named"))

    def item_column(self, column: ColumnElement[Any], correlated: bool) -> ColumnElement[Any]:
        """A unary plus keeps SQLite from the index over values where the few items of one entity are asked.

        Without statistics its planner would read all items that match, again for every entity.
        https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
        """
        return UnaryExpression(column, operator=_PLUS, type_=column.type) if correlated else column

    def _matching_keys(self, item: Exists) -> Select[Any]:
        """Where only the second column of the index over values is looked for, each value of the first is tried.

        SQLite does that by itself where it has statistics: https://www.sqlite.org/optoverview.html#the_skip_scan_optimization
        """
        query = super()._matching_keys(item)
        items = self._tables.items[item.collection]
        first, second = (*items.columns, None)[:2]
        sought = set(map(_sought, conjuncts(item.condition)))
        if not items.first_values or first in sought or second not in sought:
            return query
        values: list[ColumnElement[int]] = [literal_column(str(value)) for value in items.first_values]
        return query.where(items.table.c[items.columns[str(first)]].in_(values))

    def text_match(
        self, function: TextMatch, text: ColumnElement[Any], pattern: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """substr and instr compare characters as they are; LIKE would fold case and give `%` and `_` a meaning."""
        if function is TextMatch.MATCHES_PATTERN:
            return func.odata_matches_pattern(text, pattern)
        if function is TextMatch.CONTAINS:
            return func.instr(text, pattern) > literal_column("0")
        if not (_is_simple(text) and _is_simple(pattern)):
            # Written out more than once inside of each other, they would make the statement endless.
            return (
                func.odata_starts_with(text, pattern)
                if function is TextMatch.STARTSWITH
                else (func.odata_ends_with(text, pattern))
            )
        length = func.length(pattern)
        if function is TextMatch.STARTSWITH:
            return func.substr(text, literal_column("1"), length) == pattern
        ends = func.substr(text, -length) == pattern
        return and_(func.length(text) >= length, or_(length == literal_column("0"), ends))

    def listed(self, ordinals: Select[Any]) -> ColumnElement[Any]:
        """A limit (of -1, which is none) makes sure that the order of the inner query is that of the text."""
        ordered = ordinals.limit(literal_column("-1")).offset(literal_column("0")).subquery("ordered")
        return select(func.group_concat(ordered.c.ordinal)).scalar_subquery()

    def index_of(self, type_: Primitive, text: ColumnElement[Any], part: ColumnElement[Any]) -> ColumnElement[Any]:
        """instr counts characters from 1, and gives 0 where there is nothing."""
        return Grouping(func.instr(text, part) - literal_column("1"))

    def to_lower(self, type_: Primitive, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """SQLite's own lower and upper fold ASCII only."""
        return func.odata_lower(text)

    def to_upper(self, type_: Primitive, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """SQLite's own lower and upper fold ASCII only."""
        return func.odata_upper(text)


def _sought(condition: Condition) -> str | None:
    """The property of an item of which an index finds those that fulfil the condition."""
    match condition:
        case Compare(operator, Field(name=name, offset=False), Parameter()) if operator is not Comparison.NE:
            return name
        case OneOf(Field(name=name, offset=False)):
            return name
    return None


def _is_simple(text: ColumnElement[Any]) -> bool:
    """Whether an expression is a column or a constant."""
    return isinstance(text, BindParameter | Column | UnaryExpression)

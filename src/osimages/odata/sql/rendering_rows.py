"""From the rows that `$apply` makes to SQL: groups, aggregates, parts; each relation is a query inside the next one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from osimages.odata.model.types import Primitive
from osimages.odata.plan.expressions import Condition, Null, Order, Parameter, ScalarType, Truth, Value
from osimages.odata.plan.relations import Aggregate, Groups, Limited, Part, Relation, UnionAll, Unnest
from osimages.odata.sql.rendering_values import Scope, Sql, ValueRenderer
from osimages.odata.sql.tables import column_type

Query = Select[Any] | CompoundSelect[Any]


class RowRenderer(ValueRenderer):
    """Renders relations. Their columns are named column0, column1 and so on."""

    @abstractmethod
    def sorted(self, term: ColumnElement[Any], descending: bool, nullable: bool) -> ColumnElement[Any]:
        """A term to sort by."""

    def rows(self, relation: Relation) -> FromClause:
        """The rows of a relation as a table."""
        match relation:
            case Groups():
                query: Query = self._groups(relation)
            case Limited():
                query = self._limited(relation)
            case UnionAll():
                query = self._joined_parts(relation)
        return query.subquery("made")

    def _groups(self, groups: Groups) -> Select[Any]:
        source, scope, conditions = self._source(groups)
        keys = [self._value(each, scope) for each in groups.keys]
        aggregates = [self._aggregate_of(each, scope) for each in groups.aggregates]
        query = select(*_columns([*keys, *aggregates])).select_from(source).where(*conditions)
        if groups.condition is not None:
            query = query.where(self._condition(groups.condition, scope))
        # By number: an expression with constants in it is not always known for the same.
        return query.group_by(*(literal_column(str(at)) for at in range(1, len(keys) + 1)))

    def _source(self, groups: Groups) -> tuple[FromClause, Scope, Sequence[ColumnElement[bool]]]:
        """What is grouped, what names stand for there, and what holds of all of it."""
        if groups.source is not None:
            made = self.rows(groups.source)
            return made, {0: made}, ()
        main = self._tables.main
        source: FromClause = main
        scope: dict[int, FromClause] = {0: main}
        for unfold in groups.unfolded:
            items = self._tables.items[unfold.collection].table.alias(f"item_{unfold.depth}")
            scope[unfold.depth] = items
            source = source.join(items, self._belongs(items, unfold, scope), isouter=unfold.outer)
        return source, scope, (main.c.tenant == bindparam("tenant"),)

    def _belongs(self, items: FromClause, unfold: Unnest, scope: Scope) -> ColumnElement[bool]:
        found = and_(items.c.tenant == bindparam("tenant"), items.c.id == scope[0].c.id)
        return found if unfold.condition is None else and_(found, self._condition(unfold.condition, scope))

    def _limited(self, limited: Limited) -> Select[Any]:
        made = self.rows(limited.source)
        scope: Scope = {0: made}
        query = select(*(made.c[f"column{at}"] for at in range(limited.columns)))
        if limited.condition is not None:
            query = query.where(self._condition(limited.condition, scope))
        query = query.order_by(*self.ordering(limited.order, scope))
        return query.limit(self._number(limited.top)).offset(self._number(limited.skip))

    def ordering(self, order: Sequence[Order], scope: Scope) -> Iterator[ColumnElement[Any]]:
        """The terms of an order, written out; constants order nothing, and a number would name a column."""
        for each in order:
            if not isinstance(each.value, Truth | Null | Parameter):
                yield self.sorted(self._value(each.value, scope), each.descending, each.nullable)

    def _joined_parts(self, joined: UnionAll) -> CompoundSelect[Any]:
        return union_all(*(self._part(number, part, joined) for number, part in enumerate(joined.parts)))

    def _part(self, number: int, part: Part, joined: UnionAll) -> Select[Any]:
        made = self.rows(part.source)
        scope: Scope = {0: made}
        values: list[Sql] = [literal_column(str(number), Integer())]
        for value, type_ in zip(part.values, joined.types, strict=True):
            values.append(self.missing(type_) if value is None else self._value(value, scope))
        query = select(*_columns(values)).select_from(made)
        return query if part.condition is None else query.where(self._condition(part.condition, scope))

    def missing(self, type_: ScalarType) -> Sql:
        """Null, where a part has no value for a column of that type."""
        return cast(null(), column_type(type_))

    def _number(self, value: Value) -> Sql:
        return self._value(value, {})

    # --- aggregates ---
    def _aggregate_of(self, total: Aggregate, scope: Scope) -> Sql:
        operand = None if total.operand is None else self._value(total.operand, scope)
        found: Sql = getattr(self, total.method.value)(total.type, operand)
        return found

    def count_of(self, type_: ScalarType, operand: Sql | None) -> Sql:
        """How many rows there are, or the sum of counts."""
        return func.count() if operand is None else func.coalesce(func.sum(operand), literal_column("0"))

    def count_distinct(self, type_: ScalarType, operand: Sql) -> Sql:
        """How many different values there are."""
        return func.count(operand.distinct())

    def minimum(self, type_: ScalarType, operand: Sql) -> Sql:
        """The smallest value."""
        return func.min(operand)

    def maximum(self, type_: ScalarType, operand: Sql) -> Sql:
        """The largest value."""
        return func.max(operand)

    def sum_of(self, type_: ScalarType, operand: Sql) -> Sql:
        """The sum of numbers; of decimals with all their digits, null where there are too many."""
        return func.odata_sum_decimal(operand) if type_ is Primitive.DECIMAL else func.sum(operand)

    def average(self, type_: ScalarType, operand: Sql) -> Sql:
        """The sum of numbers, divided by how many there are."""
        return func.odata_average_decimal(operand) if type_ is Primitive.DECIMAL else func.avg(operand)

    @abstractmethod
    def _condition(self, condition: Condition, scope: Scope) -> ColumnElement[bool]:
        """A condition."""


def _columns(values: Sequence[Sql]) -> list[ColumnElement[Any]]:
    return [value.label(f"column{number}") for number, value in enumerate(values)]

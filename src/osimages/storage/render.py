"""From a plan's shape to SQL text, rendered once for each shape; values are always bound, never written into the text.

Differences between databases are methods of a short subclass, as in the best of the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import Grouping

from osimages.plan.expressions import (
    AnyItem,
    Both,
    Compare,
    Comparison,
    Condition,
    Either,
    EveryItem,
    Match,
    Negation,
    OneOf,
    Operand,
    Slot,
    TextMatch,
    Truth,
)
from osimages.plan.query import Shape
from osimages.storage.tables import PRIMITIVE_ITEM, EntityTables

Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]
Scope = Mapping[int, FromClause]
_LONGEST_CHAIN = 4


class Renderer:
    """Renders queries over the tables of one entity type for one database."""

    def __init__(self, tables: EntityTables, dialect: Dialect) -> None:
        self._tables = tables
        self._dialect = dialect

    def page(self, shape: Shape, driving: AnyItem | None) -> str:
        """SQL of one page; parameters tenant, limit, skip, after (where the shape continues) and c0, c1, ...

        `driving` is the lambda whose matches are few enough to start from; the others are asked of each row.
        """
        main = self._tables.main
        query: Select[Any] = select(main.c.id, main.c.document).where(main.c.tenant == bindparam("tenant"))
        query = self._filtered(query, shape.condition, driving)
        if shape.continues:
            after: ColumnElement[Any] = bindparam("after")
            query = query.where(main.c.id < after if shape.descending else main.c.id > after)
        order = main.c.id.desc() if shape.descending else main.c.id.asc()
        return self._text(query.order_by(order).limit(bindparam("limit")).offset(bindparam("skip")))

    def count(self, condition: Condition | None, driving: AnyItem | None) -> str:
        """SQL that counts the entities of a tenant that fulfil the condition."""
        main = self._tables.main
        query: Select[Any] = select(func.count()).select_from(main).where(main.c.tenant == bindparam("tenant"))
        return self._text(self._filtered(query, condition, driving))

    def probe(self, item: AnyItem) -> str:
        """SQL that counts matching items, but not beyond the parameter `most`: a cheap look at how many there are."""
        matching = self._matching_keys(item).limit(bindparam("most")).offset(literal_column("0")).subquery()
        return self._text(select(func.count()).select_from(matching))

    def _filtered(self, query: Select[Any], condition: Condition | None, driving: AnyItem | None) -> Select[Any]:
        scope: Scope = {0: self._tables.main}
        for conjunct in conjuncts(condition):
            if conjunct is driving and driving is not None:
                query = query.where(self._tables.main.c.id.in_(self._matching_keys(driving)))
            else:
                query = query.where(self._condition(conjunct, scope))
        return query

    def _matching_keys(self, item: AnyItem) -> Select[Any]:
        items = self._tables.items[item.collection].table
        query: Select[Any] = select(items.c.id).where(items.c.tenant == bindparam("tenant"))
        return query if item.condition is None else query.where(self._condition(item.condition, {item.depth: items}))

    def _condition(self, condition: Condition, scope: Scope) -> ColumnElement[bool]:
        match condition:
            case Truth(value):
                # OData's null and SQL's NULL follow the same three-valued logic.
                return literal_column("NULL", Boolean()) if value is None else true() if value else false()
            case Compare(operator, left, right):
                return self._compare(operator, self._operand(left, scope), self._operand(right, scope))
            case Match(function, text, pattern):
                return self.text_match(function, self._operand(text, scope), self._operand(pattern, scope))
            case OneOf(operand, slots):
                return self._operand(operand, scope).in_([_parameter(slot) for slot in slots])
            case Both(operands):
                return _joined("AND", [self._condition(each, scope) for each in operands])
            case Either(operands):
                return _joined("OR", [self._condition(each, scope) for each in operands])
            case Negation(operand):
                return not_(self._condition(operand, scope).self_group())
            case AnyItem():
                return self._some(condition.collection, condition.depth, condition.condition, scope)
            case EveryItem():
                return not_(self._some(condition.collection, condition.depth, condition.condition, scope, False))

    def _some(
        self, collection: str, depth: int, condition: Condition | None, scope: Scope, fulfils: bool = True
    ) -> ColumnElement[bool]:
        """Whether the entity has an item that fulfils the condition, or (`fulfils` False) one that does not."""
        items = self._tables.items[collection].table.alias(f"item_{depth}")
        main = scope[0]
        query = exists().where(items.c.tenant == bindparam("tenant"), items.c.id == main.c.id)
        if condition is not None:
            rendered = self._condition(condition, {**scope, depth: items})
            # An item of which the condition is null does not fulfil it, either.
            query = query.where(rendered if fulfils else not_(func.coalesce(rendered, false())))
        # SQLAlchemy would take only the nearest query around for given, and select from the tables of the others anew.
        return query.correlate(*scope.values())

    def _compare(self, operator: Comparison, left: Any, right: Any) -> ColumnElement[bool]:
        compared: ColumnElement[bool] = getattr(left, f"__{operator.value}__")(right)
        return compared

    def _operand(self, operand: Operand, scope: Scope) -> ColumnElement[Any]:
        if isinstance(operand, Slot):
            return _parameter(operand)
        source = scope[operand.depth]
        if operand.collection is None:
            return source.c[operand.name or self._tables.entity.key]
        column: ColumnElement[Any] = source.c[
            self._tables.items[operand.collection].columns[operand.name or PRIMITIVE_ITEM]
        ]
        return self.item_column(column, operand.depth in scope and 0 in scope)

    def item_column(self, column: ColumnElement[Any], correlated: bool) -> ColumnElement[Any]:
        """A column of an item; `correlated` when the item's entity is already known."""
        return column

    def text_match(
        self, function: TextMatch, text: ColumnElement[Any], pattern: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """A string function in which no character of the pattern is special, and case counts."""
        raise NotImplementedError

    def _text(self, query: Select[Any]) -> str:
        return str(query.compile(dialect=self._dialect))


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    if condition is None:
        return ()
    return condition.operands if isinstance(condition, Both) else (condition,)


def driving_candidates(condition: Condition | None) -> tuple[AnyItem, ...]:
    """Lambdas that a query may start from: those that must hold and look at nothing but their own items."""
    return tuple(
        each
        for each in conjuncts(condition)
        if isinstance(each, AnyItem) and (each.condition is None or _is_about_items(each.condition))
    )


def _is_about_items(condition: Condition) -> bool:
    match condition:
        case Compare(_, left, right) | Match(_, left, right):
            return all(isinstance(each, Slot) or each.depth > 0 for each in (left, right))
        case OneOf(operand, _):
            return isinstance(operand, Slot) or operand.depth > 0
        case Both(operands) | Either(operands):
            return all(_is_about_items(each) for each in operands)
        case Negation(operand):
            return _is_about_items(operand)
        case Truth():
            return True
        case _:
            return False


def _joined(word: str, operands: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """The operands with AND or OR between them; many as a balanced tree, since a chain is as deep as it is long.

    SQLite takes expressions at most 1,000 deep, the depths of queries inside each other added up:
    https://www.sqlite.org/limits.html#max_expr_depth
    """
    if len(operands) <= _LONGEST_CHAIN:
        return and_(*operands) if word == "AND" else or_(*operands)
    half = len(operands) // 2
    left, right = (Grouping(_joined(word, part)) for part in (operands[:half], operands[half:]))
    # SQLAlchemy makes one flat chain of its own `or_` inside `or_`, but leaves an operator that it does not know.
    return left.bool_op(word)(right)


def _parameter(slot: Slot) -> ColumnElement[Any]:
    return bindparam(f"c{slot.number}")

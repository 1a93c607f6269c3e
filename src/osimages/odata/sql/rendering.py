"""From a plan's shape to SQL text, rendered once for each shape; values are always bound, never written into the text.

Differences between databases are methods of a short subclass, as in the best of the field.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import Grouping, UnaryExpression
from sqlalchemy.sql.operators import custom_op

from osimages.odata.plan.expressions import (
    And,
    Case,
    Chosen,
    Column,
    Compare,
    Comparison,
    Condition,
    Convert,
    Exists,
    Field,
    ForAll,
    FunctionCall,
    HasFlags,
    InOrder,
    IsNull,
    IsTrue,
    ItemCount,
    ItemOrdinals,
    Match,
    Negation,
    Null,
    OneOf,
    Or,
    Parameter,
    TextMatch,
    Truth,
    Value,
)
from osimages.odata.plan.query import Fate, Shape
from osimages.odata.plan.relations import Relation
from osimages.odata.sql.rendering_rows import RowRenderer
from osimages.odata.sql.rendering_values import Scope, Sql
from osimages.odata.sql.tables import EntityTables

# Conditions over values.
Test = Compare | Match | OneOf | HasFlags | IsNull | IsTrue
_LONGEST_CHAIN = 4
_NOT_BITS = custom_op[Any]("~")
_SYMBOLS = {
    Comparison.EQ: "=",
    Comparison.NE: "!=",
    Comparison.GT: ">",
    Comparison.GE: ">=",
    Comparison.LT: "<",
    Comparison.LE: "<=",
}


class Renderer(RowRenderer):
    """Renders queries over the tables of one entity type for one database."""

    def __init__(self, tables: EntityTables, dialect: Dialect) -> None:
        super().__init__(tables)
        self._dialect = dialect

    def page(self, shape: Shape, driving: Exists | None) -> str:
        """SQL of one page; its rows are key, document, the values of the terms to sort by, and computed values.

        Parameters are tenant, limit, skip and c0, c1, ...; for a page that continues also after, the key that the page
        before ended with, and after0, after1, ..., its values of the terms. `driving` is the lambda whose matches are
        few enough to start from; the others are asked of each row.
        """
        main = self._tables.main
        if shape.rows is not None:
            source: FromClause = self.rows(shape.rows)
            # Rows have no key and no document; what reads pages finds nothing in their places.
            first: list[ColumnElement[Any]] = [literal_column("''").label("id"), literal_column("''").label("document")]
            query = select(*first, *self._shown(shape, source)).select_from(source)
        else:
            source = main
            query = select(main.c.id, main.c.document, *self._shown(shape, main))
            query = query.where(main.c.tenant == bindparam("tenant"))
        query = self._filtered(query, shape.condition, driving, source)
        if shape.after is not None:
            terms = [self._value(each.value, {0: source}) for each in shape.order]
            query = query.where(self._follows(shape, terms, shape.after))
        order = [
            self.sorted(literal_column(f"term{number}"), each.descending, each.nullable)
            for number, each in enumerate(shape.order)
        ]
        if shape.rows is None:
            order.append(main.c.id.desc() if shape.descending else main.c.id.asc())
        return self._text(query.order_by(*order).limit(bindparam("limit")).offset(bindparam("skip")))

    def _shown(self, shape: Shape, source: FromClause) -> list[ColumnElement[Any]]:
        """The values of the terms to sort by, and the computed ones."""
        terms = [self._value(each.value, {0: source}) for each in shape.order]
        computed = [self._value(each, {0: source}) for each in shape.computed]
        return [*_labelled("term", terms), *_labelled("computed", computed)]

    def _follows(
        self, shape: Shape, terms: Sequence[Sql], nulls: Sequence[bool], number: int = 0
    ) -> ColumnElement[bool]:
        """Whether a row comes after the one that the page before ended with, where the terms in `nulls` were null."""
        if number == len(shape.order):
            if shape.rows is not None:
                return false()
            key = self._tables.main.c.id
            return key < bindparam("after") if shape.descending else key > bindparam("after")
        order = shape.order[number]
        term: Sql = Grouping(terms[number])
        last: Sql = bindparam(f"after{number}")
        rest = self._follows(shape, terms, nulls, number + 1)
        if nulls[number]:  # first of all when ascending, last of all when descending
            same = and_(term.is_(None), rest)
            return same if order.descending else or_(term.is_not(None), same)
        beyond = term < last if order.descending else term > last
        if order.descending and order.nullable:
            beyond = or_(beyond, term.is_(None))
        return or_(beyond, and_(term == last, rest))

    def sorted(self, term: ColumnElement[Any], descending: bool, nullable: bool) -> ColumnElement[Any]:
        """A term to sort by, null before every value when ascending and after all when descending."""
        return term.desc() if descending else term.asc()

    def count(self, condition: Condition | None, driving: Exists | None, rows: Relation | None = None) -> str:
        """SQL that counts the entities of a tenant, or the rows made of them, that fulfil the condition."""
        if rows is not None:
            made = self.rows(rows)
            return self._text(self._filtered(select(func.count()).select_from(made), condition, None, made))
        main = self._tables.main
        query: Select[Any] = select(func.count()).select_from(main).where(main.c.tenant == bindparam("tenant"))
        return self._text(self._filtered(query, condition, driving, main))

    def delta(self, condition: Condition | None, computed: Sequence[Value] = ()) -> str:
        """SQL of what changed after number `after`, at most `limit` rows: key, document, number of the change, fate.

        What does not fulfil the condition, or was removed, counts only after number `known`, and has no document.
        Computed values follow.
        """
        main, removed, nothing = self._tables.main, self._tables.removed, bindparam("nothing", type_=LargeBinary())
        fulfils = true() if condition is None else func.coalesce(self._condition(condition, {0: main}), false())
        document = case((fulfils, main.c.document), else_=nothing)
        fate = case((fulfils, _fate(Fate.PRESENT)), else_=_fate(Fate.CHANGED))
        values = _labelled("computed", [self._value(each, {0: main}) for each in computed])
        present = select(main.c.id, document.label("document"), main.c.version, fate.label("fate"), *values).where(
            main.c.tenant == bindparam("tenant"),
            main.c.version > bindparam("after"),
            or_(fulfils, main.c.version > bindparam("known")),
        )
        gone = select(removed.c.id, nothing, removed.c.version, _fate(Fate.DELETED), *(null() for _ in values)).where(
            removed.c.tenant == bindparam("tenant"),
            removed.c.version > bindparam("after"),
            removed.c.version > bindparam("known"),
        )
        ordered = present.union_all(gone).order_by(literal_column("version"))
        return self._text(ordered.limit(bindparam("limit")).offset(literal_column("0")))

    def beyond(self, item: Exists) -> str:
        """SQL that finds a row where more than `most` items match, the parameter, and reads no further than that."""
        matching: Select[Any] = self._matching_keys(item).with_only_columns(
            literal_column("1"), maintain_column_froms=True
        )
        return self._text(matching.limit(literal_column("1")).offset(bindparam("most")))

    def items(self, item: Exists) -> str:
        """SQL that counts the matching items."""
        matching: Select[Any] = self._matching_keys(item).with_only_columns(func.count(), maintain_column_froms=True)
        return self._text(matching)

    def _filtered(
        self, query: Select[Any], condition: Condition | None, driving: Exists | None, source: FromClause
    ) -> Select[Any]:
        scope: Scope = {0: source}
        for conjunct in conjuncts(condition):
            if conjunct is driving and driving is not None:
                query = query.where(self._tables.main.c.id.in_(self._matching_keys(driving)))
            else:
                query = query.where(self._condition(conjunct, scope))
        return query

    def _matching_keys(self, item: Exists) -> Select[Any]:
        items = self._tables.items[item.collection].table
        query: Select[Any] = select(items.c.id).where(items.c.tenant == bindparam("tenant"))
        return query if item.condition is None else query.where(self._condition(item.condition, {item.depth: items}))

    def _condition(self, condition: Condition, scope: Scope) -> ColumnElement[bool]:
        match condition:
            case Truth(None):
                return self.truth(None)
            case Truth(value):
                return true() if value else false()
            case And(operands):
                return _joined("AND", [self._condition(each, scope) for each in operands])
            case Or(operands):
                return _joined("OR", [self._condition(each, scope) for each in operands])
            case Negation(operand):
                return not_(self._condition(operand, scope).self_group())
            case Exists():
                return self._some(condition.collection, condition.depth, condition.condition, scope)
            case Chosen():
                return scope[0].c.id.in_(self._chosen(condition))
            case InOrder():
                return self._in_order(condition, scope)
            case ForAll():
                return not_(self._some(condition.collection, condition.depth, condition.condition, scope, False))
        return self._test(condition, scope)

    def _test(self, condition: Test, scope: Scope) -> ColumnElement[bool]:
        """A condition over values."""
        match condition:
            case Compare(operator, left, right, nullable):
                compare = self.compare_nullable if nullable else self.compare
                return compare(operator, self._value(left, scope), self._value(right, scope))
            case Match(function, text, pattern):
                return self.text_match(function, self._value(text, scope), self._value(pattern, scope))
            case OneOf(operand, parameters, for_null):
                found = self._value(operand, scope).in_([self._value(parameter, scope) for parameter in parameters])
                return found if for_null is None else func.coalesce(found, self.truth(for_null))
            case HasFlags(operand, flags):
                return self.has_flags(self._value(operand, scope), self._value(flags, scope))
            case IsNull(operand):
                return self._value(operand, scope).op("IS", is_comparison=True)(literal_column("NULL"))
            case IsTrue(operand):
                return Grouping(self._value(operand, scope))

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

    def _in_order(self, sequence: InOrder, scope: Scope) -> ColumnElement[bool]:
        """The first item that fulfils a condition, behind the first that fulfils the one before, and so on."""
        place: Sql | None = None
        for each in sequence.conditions:
            items = self._tables.items[sequence.collection].table.alias(f"item_{sequence.depth}")
            query = select(func.min(items.c.ordinal)).where(
                items.c.tenant == bindparam("tenant"),
                items.c.id == scope[0].c.id,
                self._condition(each, {**scope, sequence.depth: items}),
            )
            if place is not None:
                query = query.where(items.c.ordinal > place)
            place = query.correlate(*scope.values()).scalar_subquery()
        assert place is not None
        return place.is_not(None)

    def _chosen(self, chosen: Chosen) -> Select[Any]:
        """The keys of the first entities in an order."""
        main = self._tables.main.alias("ranked")
        scope: Scope = {0: main}
        query = select(main.c.id).where(main.c.tenant == bindparam("tenant"))
        if chosen.condition is not None:
            query = query.where(self._condition(chosen.condition, scope))
        key = main.c.id.desc() if chosen.descending else main.c.id.asc()
        query = query.order_by(*self.ordering(chosen.order, scope), key)
        return query.limit(self._value(chosen.top, scope)).offset(self._value(chosen.skip, scope))

    def _item_count(self, count: ItemCount, scope: Scope) -> Sql:
        items = self._tables.items[count.collection].table.alias(f"item_{count.depth}")
        query = select(func.count()).select_from(items)
        query = query.where(items.c.tenant == bindparam("tenant"), items.c.id == scope[0].c.id)
        if count.condition is not None:
            query = query.where(self._condition(count.condition, {**scope, count.depth: items}))
        return query.correlate(*scope.values()).scalar_subquery()

    def _item_ordinals(self, chosen: ItemOrdinals, scope: Scope) -> Sql:
        items = self._tables.items[chosen.collection].table.alias(f"item_{chosen.depth}")
        inner: Scope = {**scope, chosen.depth: items}
        query = select(items.c.ordinal).where(items.c.tenant == bindparam("tenant"), items.c.id == scope[0].c.id)
        if chosen.condition is not None:
            query = query.where(self._condition(chosen.condition, inner))
        query = query.order_by(*self.ordering(chosen.order, inner), items.c.ordinal)
        return self.listed(query.correlate(*scope.values()))

    @abstractmethod
    def listed(self, ordinals: Select[Any]) -> Sql:
        """The numbers that a query gives, in its order, as text with commas between them."""

    def compare(self, operator: Comparison, left: Sql, right: Sql) -> ColumnElement[bool]:
        """A comparison of two values of one type that are not null."""
        compared: ColumnElement[bool] = left.op(_SYMBOLS[operator], is_comparison=True)(right)
        return compared

    def compare_nullable(self, operator: Comparison, left: Sql, right: Sql) -> ColumnElement[bool]:
        """A comparison in which null equals null alone, and nothing is more or less than null."""
        if operator is Comparison.EQ:
            return left.is_not_distinct_from(right)
        if operator is Comparison.NE:
            return left.is_distinct_from(right)
        return func.coalesce(self.compare(operator, left, right), false())

    def has_flags(self, operand: Sql, flags: Sql) -> ColumnElement[bool]:
        """Whether no bit of the second is missing in the first; each is written once, as both may be long."""
        missing = Grouping(UnaryExpression(Grouping(operand), operator=_NOT_BITS)).op("&")(Grouping(flags))
        return Grouping(missing) == literal_column("0")

    def text_match(
        self, function: TextMatch, text: ColumnElement[Any], pattern: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """A string function in which no character of the pattern is special, and case counts."""
        raise NotImplementedError

    def _text(self, query: Select[Any] | CompoundSelect[Any]) -> str:
        return str(query.compile(dialect=self._dialect))


def _fate(fate: Fate) -> ColumnElement[int]:
    return literal_column(str(fate.value), Integer())


def _labelled(name: str, values: Sequence[Sql]) -> list[ColumnElement[Any]]:
    return [value.label(f"{name}{number}") for number, value in enumerate(values)]


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    if condition is None:
        return ()
    return condition.operands if isinstance(condition, And) else (condition,)


def driving_candidates(condition: Condition | None) -> tuple[Exists, ...]:
    """Lambdas that a query may start from: those that must hold and look at nothing but their own items."""
    return tuple(
        each
        for each in conjuncts(condition)
        if isinstance(each, Exists) and (each.condition is None or _is_about_items(each.condition))
    )


def _is_about_items(value: Value) -> bool:
    """Whether a condition or a value looks at nothing but items of the lambda around it, and constants."""
    match value:
        case Parameter() | Null() | Truth():
            return True
        case Column() | Chosen():
            return False
        case Field():
            return value.depth > 0
        case Exists() | ForAll() | InOrder() | ItemCount() | ItemOrdinals():
            return False
        case Case(branches):
            return all(_is_about_items(each) for branch in branches for each in branch)
    return all(map(_is_about_items, _parts(value)))


def _parts(
    value: FunctionCall | Convert | IsTrue | IsNull | Compare | Match | HasFlags | OneOf | And | Or | Negation,
) -> tuple[Value, ...]:
    match value:
        case Compare(_, left, right) | Match(_, left, right) | HasFlags(left, right):
            return left, right
        case FunctionCall(_, _, arguments):
            return arguments
        case And(operands) | Or(operands):
            return operands
        case OneOf() | IsTrue() | IsNull() | Negation() | Convert():
            return (value.operand,)


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

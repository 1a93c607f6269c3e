"""Binds `$apply`: a sequence of transformations, from entities to a selection of them or to rows made of them.

Source: https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/odata-data-aggregation-ext-v4.0.html
What only selects, orders and computes leaves entities; `groupby`, `aggregate` and `concat` make rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace

import msgspec

from osimages.odata.model.types import ComplexType, EntityType, Model, Primitive, Property
from osimages.odata.plan.bind import Binder
from osimages.odata.plan.bind_options import OptionBinder
from osimages.odata.plan.bind_values import condition_of, joined
from osimages.odata.plan.constants import FLOATS, INTEGERS, NUMBERS
from osimages.odata.plan.expressions import (
    Chosen,
    Column,
    Condition,
    Convert,
    Field,
    OneOf,
    Order,
    ScalarType,
    Truth,
    Value,
)
from osimages.odata.plan.relations import Aggregate, Groups, Limited, Method, Part, Relation, UnionAll, Unnest
from osimages.odata.plan.rollup import rolled_up
from osimages.odata.plan.scope import ITEM, BindError, Typed, UnsupportedError, Variable, is_null
from osimages.odata.text.query_tree import (
    AggregateStep,
    ComputeItem,
    ComputeStep,
    ConcatStep,
    FilterStep,
    GroupByStep,
    IdentityStep,
    JoinStep,
    OrderByStep,
    OrderItem,
    PageStep,
    RankStep,
    SearchStep,
    Step,
    UnsupportedStep,
)
from osimages.odata.text.tree import Aggregate as AggregateItem
from osimages.odata.text.tree import Count, Expression, Literal, LiteralKind, Member, Name

_METHODS = {
    "sum": Method.SUM,
    "min": Method.MINIMUM,
    "max": Method.MAXIMUM,
    "average": Method.AVERAGE,
    "countdistinct": Method.COUNT_DISTINCT,
}
_RANKS = {"topcount": True, "bottomcount": False}
# Each is a query inside the next one, written out wherever a part of 'concat' goes on from it.
_MOST_RELATIONS = 16
_MOST_COLUMNS = 32  # every one is a term of the order
_EVERYTHING = (1 << 63) - 1


class RowColumn(msgspec.Struct, frozen=True):
    """Where a column stands in the answer: its path, its type, and how it is shown.

    `is_item` tells that the first name of the path is a collection, of which each row has one item. `complex_type`
    names the type of the value at the first name where a query gave it that name; `is_dynamic` tells that a query made
    the value itself, `is_count` that it counts.
    """

    path: tuple[str, ...]
    type: ScalarType
    is_item: bool = False
    complex_type: str | None = None
    is_dynamic: bool = False
    is_count: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    """A total with the column that shows it."""

    total: Aggregate
    column: RowColumn
    nullable: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the answer, and its value."""

    column: RowColumn
    typed: Typed


class ApplyBinder:
    """Binds `$apply`, and what other options ask of its result.

    `relation` is None while there are entities; then `shown` are the columns of its rows. `present` tells, where parts
    were joined, which columns each part has. `ordered` is the order that `orderby` gave, and that of the key if it did.
    """

    def __init__(self, model: Model, entity: EntityType, aliases: Mapping[str, Expression], lambda_depth: int) -> None:
        self.options = OptionBinder(Binder(model, entity, aliases, lambda_depth))
        self.options.expressions.defined_in_rows = self._defined
        self.relation: Relation | None = None
        self.unfolded: list[Unnest] = []
        self.shown: list[Shown] = []
        self.present: tuple[frozenset[int], ...] | None = None
        self.ordered: tuple[tuple[Order, ...], bool | None] = ((), None)
        self._width = 0  # columns of the relation itself, without those that are computed of them
        self._relations = 0

    def apply(self, steps: tuple[Step, ...]) -> None:
        """Binds all transformations. Raises BindError."""
        self.options.expressions.option = "$apply"
        for step in steps:
            self._transform(step)
        if self.unfolded:
            raise BindError("What 'join' gives must be grouped or aggregated", steps[-1].position)

    def _transform(self, step: Step) -> None:
        match step:
            case IdentityStep():
                return
            case FilterStep(condition, _):
                self.options.filter(condition)
            case SearchStep(search, _):
                self.options.search(search)
            case ComputeStep(items, _):
                self.compute_columns(items)
            case OrderByStep(items, _):
                self.sort(items)
            case PageStep(name, number, position):
                skip, top = (number, _EVERYTHING) if name == "skip" else (0, number)
                self._limit(self.ordered, skip, top, position)
            case RankStep():
                self._rank(step)
            case JoinStep():
                self._join(step)
            case GroupByStep():
                groupings = rolled_up(step)
                if len(groupings) > 1:
                    self._concat(tuple((each,) for each in groupings), step.position)
                else:
                    self._group(step)
            case AggregateStep(items, position):
                self._aggregate((), items, position)
            case ConcatStep(sequences, position):
                self._concat(sequences, position)
            case UnsupportedStep(name, _, position):
                raise UnsupportedError(f"The transformation '{name[:64]}' is not supported", position)

    def compute_columns(self, items: tuple[ComputeItem, ...]) -> None:
        """Computed properties of entities, or more columns of rows."""
        first = len(self.options.computed)
        self.options.compute(items)
        if self.relation is not None:
            for each in self.options.computed[first:]:
                known = self.options.expressions.known[each.name.lower()]
                self.shown.append(Shown(RowColumn((each.name,), each.type, is_dynamic=True), known.typed))
            if self.present is not None:
                added = frozenset(range(len(self.shown) - len(items), len(self.shown)))
                self.present = tuple(each | added for each in self.present)

    def sort(self, items: tuple[OrderItem, ...]) -> None:
        """Sorts what there is; what is alike to the terms stays in the order that it had.

        Source: OData Extension for Data Aggregation, section 3.3.3 (Transformation orderby).
        """
        terms, descending = self.options.order(items)
        if descending is None:
            before, descending = self.ordered
            values = {each.value for each in terms}
            terms = (*terms, *(each for each in before if each.value not in values))
        if len(terms) > _MOST_COLUMNS:
            raise BindError(f"More than {_MOST_COLUMNS} values to sort by", items[0].expression.position)
        self.ordered = terms, descending

    # --- a part of what there is ---
    def _limit(self, ordered: tuple[tuple[Order, ...], bool | None], skip: int, top: int, position: int) -> None:
        if self.unfolded:
            raise BindError("What 'join' gives must be grouped or aggregated before it is cut off", position)
        condition, (terms, descending) = joined(self.options.conditions), ordered
        parameters = (
            self.options.expressions.constant(skip, position),
            self.options.expressions.constant(min(top, _EVERYTHING), position),
        )
        self._count_relation(position)
        if self.relation is None:
            self.options.conditions = [Chosen(condition, terms, descending is True, *parameters)]
            return
        order = (*terms, *self._total_order())
        self.relation = Limited(self.relation, condition, order, self._width, *parameters)
        self.options.conditions = []

    def _rank(self, step: RankStep) -> None:
        amount = step.amount
        if step.name not in _RANKS or not isinstance(amount, Literal) or amount.kind is not LiteralKind.INTEGER:
            raise UnsupportedError(
                f"'{step.name}' is not supported: write topcount(3,...) or bottomcount(3,...)", step.position
            )
        typed = self.options.sortable(step.by)
        terms = (Order(typed.value, _RANKS[step.name], typed.nullable),)
        assert isinstance(amount.value, int)
        self._limit((terms, None), 0, max(0, amount.value), step.position)

    # --- items beside their entities ---
    def _join(self, step: JoinStep) -> None:
        if self.relation is not None:
            raise BindError("Rows have no collections that could be joined to them", step.position)
        self.options.check_name(step.alias, step.position)
        declared = self.options.expressions._collection(step.path, self.options.scope)
        self._unfold(declared, step.alias, step.position, step.steps, step.is_outer)

    def _unfold(
        self, declared: Property, alias: str, position: int, steps: tuple[Step, ...] = (), outer: bool = False
    ) -> None:
        # Beside an entity without items, everything of the item is null.
        seen = replace(declared, nullable=True) if outer else declared
        variable = Variable(seen, self.options.expressions._depth_of_item(self.options.scope))
        conditions: list[Condition] = []
        for step in steps:
            if not isinstance(step, FilterStep):
                raise UnsupportedError("Only filter(...) can stand within 'join'", step.position)
            conditions.append(
                condition_of(self.options.expressions.condition(step.condition, {**self.options.scope, ITEM: variable}))
            )
        names = {alias, declared.name} if alias.lower() == declared.name.lower() else {alias}
        self.options.scope = {**self.options.scope, **dict.fromkeys(names, variable)}
        self.unfolded.append(Unnest(declared.name, variable.depth, joined(conditions), outer))

    def _collection_root(self, tree: Expression) -> tuple[str, Property] | None:
        """The collection that a path starts at, where nothing has joined its items yet; its name as it is written."""
        while isinstance(tree, Member):
            tree = tree.of
        if (
            not isinstance(tree, Name)
            or self.options.expressions.aggregated
            or tree.name in self.options.scope
            or tree.name.lower() in self.options.expressions.known
        ):
            return None
        declared = self.options.expressions._entity.property_named(tree.name)
        return (tree.name, declared) if declared is not None and declared.collection else None

    # --- groups ---
    def _group(self, step: GroupByStep) -> None:
        if len(step.steps) > 1 or not all(isinstance(each, AggregateStep) for each in step.steps):
            raise UnsupportedError("Only aggregate(...) can stand within 'groupby'", step.position)
        for tree in step.groups:
            root = self._collection_root(tree) if isinstance(tree, Name | Member) else None
            if root is not None:
                self._unfold(root[1], root[0], step.position)
        # A path that is named twice says nothing more.
        keys = {each.column.path: each for each in map(self._key, step.groups)}
        items = step.steps[0].items if step.steps and isinstance(step.steps[0], AggregateStep) else ()
        self._aggregate(tuple(keys.values()), items, step.position)

    def _key(self, tree: object) -> Shown:
        """What is grouped by, and where it stands in the answer."""
        if not isinstance(tree, Name | Member):
            raise BindError("Only properties can be grouped by", getattr(tree, "position", 0))
        typed, names = self.options.expressions._field(tree, self.options.scope), _path(tree)
        variable = self.options.scope.get(names[0])
        if variable is not None:
            return Shown(_item_column(names[0], variable, typed), typed)
        lower = tuple(each.lower() for each in names)
        for each in self.shown:
            if tuple(name.lower() for name in each.column.path) == lower:
                return Shown(each.column, typed)
        for computed in self.options.computed:
            if (computed.name.lower(),) == lower:
                return Shown(RowColumn((computed.name,), typed.type, is_dynamic=True), typed)
        assert isinstance(typed.value, Field)
        assert typed.value.name is not None
        return Shown(RowColumn(tuple(typed.value.name.split("/")), typed.type), typed)

    def _aggregate(self, keys: tuple[Shown, ...], items: tuple[AggregateItem, ...], position: int) -> None:
        self._unfold_aggregated(items, position)
        aggregates = [self._aggregate_item(each) for each in items]
        taken = {each.column.path[0].lower() for each in keys}
        for item, total in zip(items, aggregates, strict=True):
            name = total.column.path[0].lower()
            if name in taken or self.options.expressions._entity.property_named(name) is not None:
                raise BindError(f"There is already a property named '{total.column.path[0][:64]}'", item.position)
            taken.add(name)
        grouped = Groups(
            self.relation,
            tuple(self.unfolded),
            joined(self.options.conditions),
            tuple(each.typed.value for each in keys),
            tuple(each.total for each in aggregates),
        )
        made = [(each.column, each.nullable) for each in aggregates]
        self._become(grouped, [*((each.column, each.typed.nullable) for each in keys), *made], position)

    def _unfold_aggregated(self, items: tuple[AggregateItem, ...], position: int) -> None:
        """Values of a collection's items are aggregated over all items of all entities."""
        roots = [self._root_of(each) for each in items]
        found = {each[1].name: each for each in roots if each is not None}
        if not found:
            return
        if len(found) > 1 or self.unfolded or None in roots:
            message = "Values of a collection's items are aggregated by themselves, of one collection at a time"
            raise BindError(f"{message}: see join(...)", position)
        for name, declared in found.values():
            self._unfold(declared, name, position)

    def _root_of(self, item: AggregateItem) -> tuple[str, Property] | None:
        return self._collection_root(item.expression) if isinstance(item.expression, Name | Member) else None

    def _aggregate_item(self, item: AggregateItem) -> _Made:
        if item.alias is None or item.stages:
            raise BindError("Write 'expression with method as name', or '$count as name'", item.position)
        if item.method is None:
            return self._counted(item, item.alias)
        method = _METHODS.get(item.method.lower())
        if method is None or item.expression is None:
            known = ", ".join(_METHODS)
            raise BindError(f"There is no method '{item.method[:64]}' here; known are {known}", item.position)
        operand = self.options.expressions.value(item.expression, self.options.scope)
        if is_null(operand):
            raise BindError("null cannot be aggregated", item.position)
        total, type_ = self._method(method, self.options.expressions._as_is(operand), item)
        is_count = method is Method.COUNT_DISTINCT
        return _Made(total, RowColumn((item.alias,), type_, is_dynamic=True, is_count=is_count), not is_count)

    def _counted(self, item: AggregateItem, alias: str) -> _Made:
        """$count of rows, or of the items of a collection."""
        column = RowColumn((alias,), Primitive.INT64, is_dynamic=True, is_count=True)
        if item.expression is None:
            return _Made(Aggregate(Method.COUNT, None, Primitive.INT64), column, False)
        if not isinstance(item.expression, Count):
            raise BindError(f"'{alias[:64]}' needs a method, such as 'with sum'", item.position)
        counted = self.options.expressions._as_is(self.options.expressions.value(item.expression, self.options.scope))
        return _Made(Aggregate(Method.COUNT, counted.value, Primitive.INT64), column, False)

    def _method(self, method: Method, typed: Typed, item: AggregateItem) -> tuple[Aggregate, ScalarType]:
        """A total over values, and the type of its own value."""
        if method is Method.COUNT_DISTINCT:
            return Aggregate(method, typed.value, typed.type), Primitive.INT64
        if method in (Method.MINIMUM, Method.MAXIMUM):
            if typed.type is Primitive.BINARY:
                raise BindError("Values of type Edm.Binary have no order", item.position)
            return Aggregate(method, typed.value, typed.type), typed.type
        if typed.type not in NUMBERS:
            raise BindError(f"Only numbers can be aggregated with '{item.method}'", item.position)
        if typed.type in FLOATS:
            return Aggregate(method, typed.value, Primitive.DOUBLE), Primitive.DOUBLE
        if method is Method.SUM and typed.type in INTEGERS and typed.type is not Primitive.INT64:
            return Aggregate(method, typed.value, Primitive.INT32), Primitive.INT64
        return Aggregate(
            method, self.options.expressions._converted(typed, Primitive.DECIMAL).value, Primitive.DECIMAL
        ), Primitive.DECIMAL

    def _defined(self, tree: Name | Member) -> Condition:
        """Whether rows have a value of that name, or below it: parts that were joined differ in what they have."""
        names = tuple(each.lower() for each in _path(tree))
        paths = [tuple(name.lower() for name in each.column.path[: len(names)]) for each in self.shown]
        columns = {at for at, path in enumerate(paths) if path == names}
        if self.present is None or not columns:
            return Truth(bool(columns))
        parts = [number for number, present in enumerate(self.present) if columns & present]
        return OneOf(Column(0), tuple(self.options.expressions.constant(each, tree.position) for each in parts))

    # --- several results as one ---
    def _concat(self, sequences: tuple[tuple[Step, ...], ...], position: int) -> None:
        parts, sizes = [], []
        for steps in sequences:
            branch = self._fork()
            branch.apply(steps)
            if branch.relation is None:
                raise UnsupportedError("Each part of 'concat' must be grouped or aggregated", position)
            self.options.expressions._conditions, self.options.expressions._operations = (
                branch.options.expressions._conditions,
                branch.options.expressions._operations,
            )
            sizes.append(branch._relations)
            parts.append((branch.relation, joined(branch.options.conditions), branch.shown))
        self._relations = sum(sizes)
        columns = list(dict.fromkeys(each.column for _, _, shown in parts for each in shown))
        if len({each.path for each in columns}) < len(columns):
            raise BindError("The parts of 'concat' have values of different types under one name", position)
        found = []
        for relation, condition, shown in parts:
            values: dict[RowColumn, Value] = {each.column: each.typed.value for each in shown}
            found.append(Part(relation, condition, tuple(values.get(each) for each in columns)))
        whole = UnionAll(tuple(found), tuple(each.type for each in columns))
        self._become(whole, [(each, True) for each in columns], position, first=1)
        self.present = tuple(
            frozenset(at for at, value in enumerate(part.values) if value is not None) for part in whole.parts
        )

    def _fork(self) -> ApplyBinder:
        """A binder that goes on from here by itself; constants are the query's."""
        found = copy(self)
        found.options = self.options.fork()
        found.options.expressions.defined_in_rows = found._defined
        found.unfolded, found.shown = [*self.unfolded], [*self.shown]
        return found

    def _become(self, relation: Relation, columns: list[tuple[RowColumn, bool]], position: int, first: int = 0) -> None:
        """From now on there are these rows, and nothing else; `first` is the number of the first column to show."""
        self.relation, self.options.expressions.aggregated, self.present = relation, True, None
        (
            self.options.conditions,
            self.unfolded,
            self.options.scope,
            self.options.computed,
            self.options.expressions.known,
        ) = [], [], {}, [], {}
        self.ordered, self._width = ((), None), first + len(columns)
        self.shown = [
            Shown(column, Typed(Column(first + at), column.type, nullable))
            for at, (column, nullable) in enumerate(columns)
        ]
        for each in self.shown:
            self.options.know(each.column.path, each.typed)
        self._count_relation(position)

    def _count_relation(self, position: int) -> None:
        self._relations += 1
        if self._relations > _MOST_RELATIONS:
            raise BindError(f"More than {_MOST_RELATIONS} groups, parts and results are cut off or joined", position)
        if len(self.shown) > _MOST_COLUMNS:
            raise BindError(f"More than {_MOST_COLUMNS} columns", position)

    def _total_order(self) -> tuple[Order, ...]:
        """Every column, so that no two rows are alike to the order; what is computed of them adds nothing to that."""
        terms = [Order(Column(0), False, False)] if self.present is not None else []
        for typed in (each.typed for each in self.shown if isinstance(each.typed.value, Column)):
            is_binary = typed.type is Primitive.BINARY
            value = Convert(typed.value, Primitive.BINARY, Primitive.STRING) if is_binary else typed.value
            terms.append(Order(value, False, typed.nullable))
        return tuple(terms)

    def row_order(self, terms: tuple[Order, ...]) -> tuple[Order, ...]:
        """The order of the rows of the answer: the terms, what `orderby` said before, and every column."""
        found: dict[Value, Order] = {}
        for each in (*terms, *self.ordered[0], *self._total_order()):
            found.setdefault(each.value, each)
        return tuple(found.values())


def _item_column(name: str, variable: Variable, typed: Typed) -> RowColumn:
    """Where a value of an item stands: below the name of its collection, or below the name that 'join' gave it."""
    collection, value = variable.collection, typed.value
    assert isinstance(value, Field)
    below = tuple(value.name.split("/")) if value.name else ()
    if name.lower() == collection.name.lower():
        return RowColumn((collection.name, *below), typed.type, is_item=True)
    complex_type = collection.type.name if isinstance(collection.type, ComplexType) else None
    return RowColumn((name, *below), typed.type, complex_type=complex_type, is_dynamic=complex_type is None)


def _path(tree: Expression) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(tree, Member):
        names.append(tree.name)
        tree = tree.of
    if isinstance(tree, Name) and tree.name != "$it":
        names.append(tree.name)
    return tuple(reversed(names))

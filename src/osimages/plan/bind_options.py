"""Binds the options of one query together: what they name for each other, and the constants that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from osimages.edm.types import EntityType, Model, Primitive
from osimages.odata.options import OptionError
from osimages.odata.query_tree import ComputeItem, OrderItem, QueryOptions
from osimages.odata.search_tree import Search
from osimages.odata.tree import Expression
from osimages.plan.bind import Binder
from osimages.plan.constants import Constant
from osimages.plan.expressions import Condition, Field
from osimages.plan.names import DEEPEST_LAMBDA, BindError, Known, Typed
from osimages.plan.query import Computed, Order
from osimages.plan.search import bind_search
from osimages.plan.values import condition_of, joined


@dataclass(frozen=True, slots=True)
class BoundOptions:
    """What the options mean: which entities, in which order, with which computed properties.

    `order` holds the terms before the key; the key, `descending` or not, always makes the order total.
    """

    condition: Condition | None
    order: tuple[Order, ...]
    descending: bool
    computed: tuple[Computed, ...]
    constants: tuple[Constant, ...]


UNBOUND = BoundOptions(None, (), False, (), ())
_READ = frozenset(("filter", "search", "compute", "orderby"))


def bind_options(
    model: Model, entity: EntityType, options: QueryOptions, lambda_depth: int = DEEPEST_LAMBDA
) -> BoundOptions:
    """What the options of a query mean, in the order in which OData has them done (Protocol, section 11.2.1).

    Raises OptionError, or ODataLimitError.
    """
    if options.given.isdisjoint(_READ):
        return UNBOUND
    binder = OptionBinder(model, entity, options.aliases, lambda_depth)
    try:
        binder.compute(options.compute)
        if options.search is not None:
            binder.search(options.search)
        if options.filter is not None:
            binder.filter(options.filter)
        return binder.bound(*binder.order(options.orderby))
    except BindError as error:
        raise OptionError(binder.option, str(error)) from None


class OptionBinder(Binder):
    """Binds one option after the other. `option` names the one that a BindError is about."""

    def __init__(
        self, model: Model, entity: EntityType, aliases: Mapping[str, Expression], lambda_depth: int = DEEPEST_LAMBDA
    ) -> None:
        super().__init__(model, entity, aliases, lambda_depth)
        self.computed: list[Computed] = []
        self.conditions: list[Condition] = []

    def bound(self, order: tuple[Order, ...], descending: bool) -> BoundOptions:
        """What was bound so far."""
        return BoundOptions(joined(self.conditions), order, descending, tuple(self.computed), tuple(self.constants))

    def filter(self, tree: Expression) -> None:
        """Only entities of which the expression is true."""
        self.option = "$filter"
        self.conditions.append(condition_of(self.condition(tree, {})))

    def order(self, items: tuple[OrderItem, ...]) -> tuple[tuple[Order, ...], bool]:
        """The terms before the key, and whether the key descends: what follows the key changes nothing."""
        self.option = "$orderby"
        key = Field(None, self._entity.key)
        terms: list[Order] = []
        seen = set()
        descending: bool | None = None
        for item in items:
            typed = self._sortable(item.expression)
            if typed.value in seen:
                raise BindError("The same value is named more than once", item.expression.position)
            seen.add(typed.value)
            if typed.value == key:
                descending = item.descending
            elif descending is None:
                terms.append(Order(typed.value, item.descending, typed.nullable))
        return tuple(terms), descending is True

    def search(self, tree: Search) -> None:
        """Only entities in which the text is found."""
        self.option = "$search"
        self.conditions.append(bind_search(self, self._entity, tree))

    def compute(self, items: tuple[ComputeItem, ...]) -> None:
        """Properties that are worked out for each entity, under names that no others have."""
        self.option = "$compute"
        for item in items:
            if self._entity.property_named(item.alias) is not None or item.alias in self.known:
                raise BindError(f"There is already a property named '{item.alias[:64]}'", item.position)
            typed = self._as_is(self.value(item.expression, {}))
            self.known[item.alias] = Known(typed, *_measured(typed.value))
            self.computed.append(Computed(item.alias, typed.type, typed.value))

    def _sortable(self, tree: Expression) -> Typed:
        typed = self._as_is(self.value(tree, {}))
        if typed.type is Primitive.BINARY:
            raise BindError("Values of type Edm.Binary have no order", tree.position)
        return typed


def _measured(value: object) -> tuple[int, int]:
    """How many parts a bound value has, and how deep they are nested."""
    children = [_measured(each) for each in _children(value)]
    return 1 + sum(count for count, _ in children), 1 + max((depth for _, depth in children), default=0)


def _children(value: object) -> Iterator[object]:
    for part in value if isinstance(value, tuple) else msgspec.structs.astuple(value):  # type: ignore[arg-type]
        if isinstance(part, tuple):
            yield from _children(part)
        elif isinstance(part, msgspec.Struct):
            yield part

"""Binds the options of one query together: what they name for each other, and the constants that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from osimages.edm.types import EntityType, Model, Primitive
from osimages.odata.query_tree import OrderItem
from osimages.odata.tree import Expression
from osimages.plan.bind import Binder
from osimages.plan.constants import Constant
from osimages.plan.expressions import Condition, Field
from osimages.plan.names import DEEPEST_LAMBDA, BindError, Known, Typed
from osimages.plan.query import Computed, Order
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

    def compute(self, name: str, tree: Expression) -> None:
        """A property that is worked out for each entity, under a name that no other has."""
        self.option = "$compute"
        if self._entity.property_named(name) is not None or name in self.known:
            raise BindError(f"There is already a property named '{name[:64]}'", tree.position)
        typed = self._as_is(self.value(tree, {}))
        self.known[name] = Known(typed, *_measured(typed.value))
        self.computed.append(Computed(name, typed.type, typed.value))

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

"""Binds options of one query one after the other: what they name for each other, and the constants they share."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import msgspec

from osimages.odata.model.types import Primitive
from osimages.odata.plan.bind import Binder
from osimages.odata.plan.bind_search import bind_search
from osimages.odata.plan.bind_values import condition_of
from osimages.odata.plan.expressions import Condition, Field, Order
from osimages.odata.plan.query import Computed
from osimages.odata.plan.scope import BindError, Known, Typed, Variable
from osimages.odata.text.query_tree import ComputeItem, OrderItem
from osimages.odata.text.search_tree import Search
from osimages.odata.text.tree import Expression

_MOST_COMPUTED = 32


class OptionBinder:
    """Binds one option after the other with one binder of `expressions`, whose `option` a BindError is about.

    `scope` has what names stand for beside properties: items that `$apply` has joined to their entities.
    """

    def __init__(self, expressions: Binder) -> None:
        self.expressions = expressions
        self.scope: dict[str, Variable] = {}
        self.computed: list[Computed] = []
        self.conditions: list[Condition] = []

    def fork(self) -> OptionBinder:
        """Return a binder that continues from here by itself; constants are the query's."""
        found = OptionBinder(copy(self.expressions))
        found.expressions.known = {**self.expressions.known}
        found.scope, found.computed, found.conditions = self.scope, [*self.computed], [*self.conditions]
        return found

    def filter(self, tree: Expression) -> None:
        """Only what the expression is true of."""
        self.conditions.append(condition_of(self.expressions.condition(tree, self.scope)))

    def search(self, tree: Search) -> None:
        """Only entities in which the text is found."""
        if self.expressions.aggregated:
            raise BindError("Text is searched in entities, not in what $apply has made of them", tree.position)
        self.conditions.append(bind_search(self.expressions, self.expressions._entity, tree))

    def order(self, items: tuple[OrderItem, ...]) -> tuple[tuple[Order, ...], bool | None]:
        """The terms before the key, and whether it descends (None: it is not there); what follows is nothing."""
        key = None if self.expressions.aggregated else Field(None, self.expressions._entity.key)
        terms: list[Order] = []
        seen = set()
        descending: bool | None = None
        for item in items:
            typed = self.sortable(item.expression)
            if typed.value in seen:
                raise BindError("The same value is named more than once", item.expression.position)
            seen.add(typed.value)
            if typed.value == key:
                descending = item.descending
            elif descending is None:
                terms.append(Order(typed.value, item.descending, typed.nullable))
        return tuple(terms), descending

    def compute(self, items: tuple[ComputeItem, ...]) -> None:
        """Properties that are worked out for each entity, under names that no others have."""
        for item in items:
            if len(self.computed) == _MOST_COMPUTED:
                raise BindError(f"More than {_MOST_COMPUTED} computed properties", item.position)
            self.check_name(item.alias, item.position)
            typed = self.expressions._as_is(self.expressions.value(item.expression, self.scope))
            self.know((item.alias,), typed)
            self.computed.append(Computed(item.alias, typed.type, typed.value))

    def know(self, path: tuple[str, ...], typed: Typed) -> None:
        """Gives a value a name."""
        self.expressions.known["/".join(path).lower()] = Known(typed, *_measured(typed.value))

    def check_name(self, name: str, position: int) -> None:
        """Raises BindError where a name is taken."""
        if (
            self.expressions._entity.property_named(name) is not None
            or name.lower() in self.expressions.known
            or name in self.scope
        ):
            raise BindError(f"There is already a property named '{name[:64]}'", position)

    def sortable(self, tree: Expression) -> Typed:
        """A value that has an order. Raises BindError."""
        typed = self.expressions._as_is(self.expressions.value(tree, self.scope))
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

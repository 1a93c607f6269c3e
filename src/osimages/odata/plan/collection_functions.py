"""Binds `hassubset` and `hassubsequence`: whether one collection has all items of another, in any order or in its own.

Semantics: OData 4.01 URL conventions, sections 5.1.1.6.1 and 5.1.1.6.2: an item counts as often as it is there.
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_CollectionFunctions
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from osimages.odata.model.types import Primitive, Property
from osimages.odata.plan.bind_values import Values, condition_of, joined, wrong_count
from osimages.odata.plan.expressions import (
    And,
    Compare,
    Comparison,
    Condition,
    Exists,
    ForAll,
    InOrder,
    ItemCount,
    Negation,
    Or,
    Truth,
)
from osimages.odata.plan.scope import BindError, Operand, Scope, Typed, UnsupportedError, Variable
from osimages.odata.text.tree import (
    Alias,
    Call,
    EnumLiteral,
    Expression,
    ListExpression,
    Literal,
    LiteralKind,
    Member,
    Name,
)

_LONGEST_SEQUENCE = 16  # each step is a query inside the next one
_Items = ListExpression | Name | Member


class CollectionFunctions:
    """Binds functions of two collections, each a property or a list of literals.

    `equality` gives the condition that an item equals something.
    """

    def __init__(self, values: Values, equality: Callable[[Typed, Operand, int], Typed]) -> None:
        self._values = values
        self._equality = equality

    def collection_function(self, tree: Call, scope: Scope) -> Typed:
        """A call of `hassubset` or `hassubsequence`, which is never null."""
        name = tree.name.lower()
        if len(tree.arguments) != 2 or any(each.name for each in tree.arguments):
            raise wrong_count(name, [2], tree.position)
        first, second = (self._items_of(name, each.value) for each in tree.arguments)
        if name == "hassubset":
            condition = self._subset(first, second, tree.position, scope)
        else:
            condition = self._subsequence(first, second, tree.position, scope)
        return Typed(condition, Primitive.BOOLEAN)

    def _items_of(self, name: str, tree: Expression) -> _Items:
        if isinstance(tree, Alias):
            return self._values._aliased(tree, lambda found: self._items_of(name, found))
        if not isinstance(tree, ListExpression | Name | Member):
            raise BindError(f"'{name}' takes collections: a property, or a list such as ['x86','x64']", tree.position)
        return tree

    # --- in any order ---
    def _subset(self, first: _Items, second: _Items, position: int, scope: Scope) -> Condition:
        if isinstance(first, ListExpression) and isinstance(second, ListExpression):
            return Truth(Counter(self._constants(second)) <= Counter(self._constants(first)))
        if isinstance(second, ListExpression):
            assert not isinstance(first, ListExpression)
            return self._has_all(first, second, position, scope)
        if isinstance(first, ListExpression):
            return self._has_no_others(first, second, position, scope)
        return self._has_each(first, second, position, scope)

    def _has_all(self, tree: Name | Member, wanted: ListExpression, position: int, scope: Scope) -> Condition:
        """The collection has each literal, as often as the list has it."""
        depth = self._values._depth_of_item(scope)
        collection, item = self._item_of(tree, depth, scope)
        found: list[Condition] = []
        for equal, count in self._equalities(item, wanted, position):
            if count == 1:
                found.append(Exists(collection.name, equal, depth))
            else:
                items = ItemCount(collection.name, equal, depth)
                found.append(Compare(Comparison.GE, items, self._values.constant(count, position)))
        return joined(found) or Truth(True)

    def _has_no_others(self, given: ListExpression, tree: Name | Member, position: int, scope: Scope) -> Condition:
        """Each item is in the list, which has it as often."""
        depth = self._values._depth_of_item(scope)
        collection, item = self._item_of(tree, depth, scope)
        allowed = list(self._equalities(item, given, position))
        if not allowed:
            return Negation(Exists(collection.name, None, depth))
        known: list[Condition] = [ForAll(collection.name, Or(tuple(equal for equal, _ in allowed)), depth)]
        for equal, count in allowed:
            items = ItemCount(collection.name, equal, depth)
            known.append(Compare(Comparison.LE, items, self._values.constant(count, position)))
        return And(tuple(known))

    def _has_each(self, first: Name | Member, second: Name | Member, position: int, scope: Scope) -> Condition:
        """The first collection has each item of the second as often as that."""
        depth = self._values._depth_of_item(scope)
        wanted, item = self._item_of(second, depth, scope)
        inner = self._values._depth_of_item({**scope, second.name: Variable(wanted, depth)})
        counts = []
        for tree in (second, first):
            collection, other = self._item_of(tree, inner, scope)
            counts.append(ItemCount(collection.name, condition_of(self._equality(other, item, position)), inner))
        return ForAll(wanted.name, Compare(Comparison.LE, counts[0], counts[1]), depth)

    # --- in their own order ---
    def _subsequence(self, first: _Items, second: _Items, position: int, scope: Scope) -> Condition:
        if not isinstance(second, ListExpression):
            raise UnsupportedError("'hassubsequence' is supported where the second is a list of literals", position)
        if len(second.items) > _LONGEST_SEQUENCE:
            raise BindError(f"'hassubsequence' takes at most {_LONGEST_SEQUENCE} literals", position)
        if isinstance(first, ListExpression):
            rest = iter(self._constants(first))
            return Truth(all(each in rest for each in self._constants(second)))
        depth = self._values._depth_of_item(scope)
        collection, item = self._item_of(first, depth, scope)
        steps = tuple(self._equal(item, each, position) for each in second.items)
        return InOrder(collection.name, steps, depth) if steps else Truth(True)

    # --- items and literals ---
    def _item_of(self, tree: Name | Member, depth: int, scope: Scope) -> tuple[Property, Typed]:
        """A collection of single values, and an item of it."""
        collection = self._values._collection(tree, scope)
        variable = Variable(collection, depth)
        return collection, self._values._field(Name(tree.name, tree.position), {tree.name: variable})

    def _equal(self, item: Typed, literal: Expression, position: int) -> Condition:
        self._values.count_condition(position)
        return condition_of(self._equality(item, self._known(literal), position))

    def _equalities(self, item: Typed, literals: ListExpression, position: int) -> Iterator[tuple[Condition, int]]:
        """The condition that an item equals a literal, for each that is another one, and how often it is listed."""
        found: dict[tuple[object, ...], tuple[Condition, int]] = {}
        for literal in literals.items:
            first = len(self._values.constants)
            equal = self._equal(item, literal, position)
            key = type(equal), *self._values.constants[first:]
            if key in found:
                del self._values.constants[first:]
                found[key] = found[key][0], found[key][1] + 1
            else:
                self._values.count_item_condition(position)
                found[key] = equal, 1
        return iter(found.values())

    def _known(self, tree: Expression) -> Literal | EnumLiteral:
        if isinstance(tree, Alias):
            return self._values._aliased(tree, self._known)
        if not isinstance(tree, Literal | EnumLiteral):
            raise BindError("Expected a literal", tree.position)
        return tree

    def _constants(self, literals: ListExpression) -> list[tuple[object, object]]:
        """Literals so that those are equal that mean the same."""
        found: list[tuple[object, object]] = []
        for each in map(self._known, literals.items):
            if isinstance(each, EnumLiteral):
                found.append((each.type_name, each.member))
            elif each.kind in (LiteralKind.INTEGER, LiteralKind.DECIMAL):
                found.append((LiteralKind.DECIMAL, Decimal(str(each.value))))
            else:
                found.append((each.kind, each.value))
        return found

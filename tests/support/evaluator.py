"""What a filter means, in plain Python over parsed trees and JSON properties: the oracle for what a store finds.

Written from the specification alone (OData 4.01 URL conventions, section 5.1.1), in three-valued logic; it shares no
code with the binder or the renderer. Where the specification leaves something open, it follows decision 0010: moments
and durations count in microseconds, decimals have 20 digits before and 18 after the point, what overflows is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from osimages.odata.model.types import ComplexType, EntityType, EnumType, Property
from osimages.odata.text.tree import (
    Binary,
    Call,
    Case,
    Count,
    EnumLiteral,
    Expression,
    Filtered,
    Lambda,
    ListExpression,
    Literal,
    Logical,
    Member,
    Name,
    Quantifier,
    TypeName,
    Unary,
)
from tests.support.evaluator_values import (
    COMPARISONS,
    FUNCTIONS,
    Moment,
    arithmetic,
    as_member,
    beside,
    cast,
    compared,
    decode,
    literal,
    logic,
    moment,
    zero,
)


class Evaluator:
    """Evaluates filters over entities of one type. `now` is the moment at which all of them are asked."""

    def __init__(self, entity: EntityType, now: int = 0) -> None:
        self._entity = entity
        self._now = now

    def holds(self, tree: Expression, properties: Mapping[str, Any]) -> bool:
        """Whether a filter lets an entity through."""
        return self._value(tree, {"$it": (self._entity, properties)}) is True

    def value_of(self, tree: Expression, properties: Mapping[str, Any]) -> Any:
        """What an expression gives for an entity."""
        return self._value(tree, {"$it": (self._entity, properties)})

    def of_item(self, tree: Expression, properties: Mapping[str, Any], collection: Property, item: Any) -> Any:
        """What an expression about an item of a collection gives; `$it` is the entity."""
        return self._value(tree, {"$it": (self._entity, properties), "$this": (collection, item)})

    # --- expressions ---
    def _value(self, tree: Expression, scope: Mapping[str, Any]) -> Any:
        match tree:
            case Literal():
                return literal(tree)
            case EnumLiteral(_, member, _):
                return member
            case Name() | Member():
                return self._path(tree, scope)[1]
            case Unary("not", operand, _):
                value = self._value(operand, scope)
                return None if value is None else not value
            case Unary(_, operand, _):
                value = self._value(operand, scope)
                return None if value is None else arithmetic("sub", zero(value), value)
            case Logical(operator, operands, _):
                return logic(operator, [self._value(each, scope) for each in operands])
            case Lambda():
                return self._lambda(tree, scope)
            case Case():
                for condition, result in tree.branches:
                    if self._value(condition, scope) is True:
                        return self._value(result, scope)
                return None
            case Count(of, condition):
                return len(self._items(of, condition, scope))
            case Call():
                return self._call(tree, scope)
            case Binary():
                return self._binary(tree, scope)
        raise AssertionError(tree)

    def _binary(self, tree: Binary, scope: Mapping[str, Any]) -> Any:
        left = self._value(tree.left, scope)
        if tree.operator == "in":
            if isinstance(tree.right, ListExpression):
                items = [self._value(each, scope) for each in tree.right.items]
            else:
                assert isinstance(tree.right, Name | Member)
                declared, raw = self._path(tree.right, scope, decoded=False)
                items = [decode(declared.type, each) for each in raw or []]
            type_ = self._enum(tree.left, scope)
            return any(compared("eq", left, beside(left, as_member(type_, each))) for each in items)
        right = self._value(tree.right, scope)
        left = beside(right, left) if isinstance(tree.left, Literal) else left
        right = beside(left, right) if isinstance(tree.right, Literal) else right
        type_ = self._enum(tree.left, scope) or self._enum(tree.right, scope)
        left, right = as_member(type_, left), as_member(type_, right)
        if tree.operator == "has":
            return None if left is None or right is None else left.number & right.number == right.number
        if tree.operator in COMPARISONS:
            return compared(tree.operator, left, right)
        return None if left is None or right is None else arithmetic(tree.operator, left, right)

    def _enum(self, tree: Expression, scope: Mapping[str, Any]) -> EnumType | None:
        if not isinstance(tree, Name | Member):
            return None
        type_ = self._path(tree, scope, decoded=False)[0].type
        return type_ if isinstance(type_, EnumType) else None

    def _path(self, tree: Expression, scope: Mapping[str, Any], decoded: bool = True) -> tuple[Property, Any]:
        if isinstance(tree, Name):
            if tree.name in scope and tree.name != "$it":
                declared, value = scope[tree.name]
                return declared, decode(declared.type, value) if decoded else value
            start = scope.get("$this", scope["$it"])
            return self._step(start, tree.name, decoded)
        assert isinstance(tree, Member)
        if isinstance(tree.of, Name) and tree.of.name == "$it":
            return self._step(scope["$it"], tree.name, decoded)
        return self._step(self._path(tree.of, scope, decoded=False), tree.name, decoded)

    def _step(self, start: tuple[Any, Any], name: str, decoded: bool) -> tuple[Property, Any]:
        type_ = start[0].type if isinstance(start[0], Property) else start[0]
        assert isinstance(type_, ComplexType | EntityType)
        declared = type_.by_name[name]
        value = None if start[1] is None else start[1].get(name)
        return declared, decode(declared.type, value) if decoded and not declared.collection else value

    def _items(self, of: Expression, condition: Expression | None, scope: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        if isinstance(of, Filtered):
            items = self._items(of.of, of.condition, scope)
        else:
            declared, raw = self._path(of, scope, decoded=False)
            items = [(declared, each) for each in raw or []]
        if condition is None:
            return items
        return [each for each in items if self._value(condition, {**scope, "$this": each}) is True]

    def _lambda(self, tree: Lambda, scope: Mapping[str, Any]) -> bool:
        items = self._items(tree.of, None, scope)
        if tree.condition is None:
            return bool(items)
        assert tree.variable is not None
        found = [self._value(tree.condition, {**scope, tree.variable: each}) is True for each in items]
        return any(found) if tree.quantifier is Quantifier.ANY else all(found)

    # --- functions ---
    def _call(self, tree: Call, scope: Mapping[str, Any]) -> Any:
        name = tree.name.lower()
        given = [each.value for each in tree.arguments]
        if name == "cast":
            assert isinstance(given[1], TypeName)
            return cast(self._value(given[0], scope), given[1].name)
        if name == "now":
            return Moment(self._now, 0)
        if name in ("hassubset", "hassubsequence"):
            return self._contained(name, given[0], given[1], scope)
        if name in ("mindatetime", "maxdatetime"):
            return moment("0001-01-01T00:00:00Z" if name == "mindatetime" else "9999-12-31T23:59:59.999999Z")
        values = [self._value(each, scope) for each in given]
        return None if None in values else FUNCTIONS[name](*values)

    def _contained(self, name: str, first: Expression, second: Expression, scope: Mapping[str, Any]) -> bool:
        """Whether taking items away, and moving them for `hassubset`, makes the second collection of the first."""
        rest, wanted = (self._whole(each, other, scope) for each, other in ((first, second), (second, first)))
        for each in wanted:
            places = (at for at, one in enumerate(rest) if compared("eq", each, beside(each, one)))
            place = next(places, None)
            if place is None:
                return False
            rest = rest[place + 1 :] if name == "hassubsequence" else [*rest[:place], *rest[place + 1 :]]
        return True

    def _whole(self, tree: Expression, other: Expression, scope: Mapping[str, Any]) -> list[Any]:
        if isinstance(tree, ListExpression):
            return [as_member(self._enum(other, scope), self._value(each, scope)) for each in tree.items]
        assert isinstance(tree, Name | Member)
        declared, raw = self._path(tree, scope, decoded=False)
        return [decode(declared.type, each) for each in raw or []]


def keys(evaluator: Evaluator, tree: Expression, kept: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The keys of the entities that a filter lets through, in order."""
    return (key for key in sorted(kept) if evaluator.holds(tree, {"id": key, **kept[key]}))

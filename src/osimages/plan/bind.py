"""From the tree of a filter and the model to a bound condition: every name and type is confirmed here.

Semantics: OData 4.01 URL conventions, section 5.1.1
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionfilter
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from osimages.edm.types import ComplexType, EntityType, Model, Primitive, Property
from osimages.odata.tree import (
    Alias,
    Binary,
    Call,
    EnumLiteral,
    Expression,
    Lambda,
    ListExpression,
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    Quantifier,
    Unary,
)
from osimages.plan.constants import Constant, MismatchError, constant, described, type_name
from osimages.plan.expressions import (
    AnyItem,
    Both,
    Compare,
    Comparison,
    Condition,
    Either,
    EveryItem,
    Field,
    Match,
    Negation,
    OneOf,
    ScalarType,
    Slot,
    TextMatch,
    Truth,
)


class BindError(Exception):
    """An expression that is well-formed but has no meaning here; `position` is where in the text."""

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(f"{message}, at position {position}")


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition, and the constants that its slots stand for."""

    condition: Condition
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class _Variable:
    collection: Property
    depth: int


@dataclass(frozen=True, slots=True)
class _FieldOperand:
    field: Field
    type: ScalarType


Result = TypeVar("Result")
Scope = Mapping[str, _Variable]
_Operand = _FieldOperand | Literal | EnumLiteral
_COMPARISONS = {each.value: each for each in Comparison}
_TEXT_MATCHES = {each.value: each for each in TextMatch}
_MIRRORED = {
    Comparison.EQ: Comparison.EQ,
    Comparison.NE: Comparison.NE,
    Comparison.GT: Comparison.LT,
    Comparison.GE: Comparison.LE,
    Comparison.LT: Comparison.GT,
    Comparison.LE: Comparison.GE,
}
_TESTS: Mapping[TextMatch, Callable[[str, str], bool]] = {
    TextMatch.STARTSWITH: str.startswith,
    TextMatch.ENDSWITH: str.endswith,
    TextMatch.CONTAINS: operator.contains,
}
_CONDITIONS = (Logical, Lambda, Call, Unary, Binary)
_MOST_ALIASES = 100
# Aliases make a filter larger and deeper than its text. SQLite takes expressions at most 1,000 deep, and a chain
# of `or` is as deep as it is long: https://www.sqlite.org/limits.html#max_expr_depth
_MOST_CONDITIONS = 800
_MOST_CONSTANTS = 10_000  # SQLite and PostgreSQL bind about 32,000 parameters in one statement
_DEEPEST = 64
_DEEPEST_LAMBDA = 4  # each multiplies the work by the length of its collection


def bind_filter(model: Model, entity: EntityType, tree: Expression, aliases: Mapping[str, Expression]) -> Bound:
    """The condition that a filter over entities of that type stands for. Raises BindError."""
    binder = _Binder(model, entity, aliases)
    condition = binder.condition(tree, {})
    return Bound(condition, tuple(binder.constants))


class _Binder:
    """Binds one filter, collecting its constants."""

    def __init__(self, model: Model, entity: EntityType, aliases: Mapping[str, Expression]) -> None:
        self._model = model
        self._entity = entity
        self._aliases = aliases
        self._aliases_used = 0
        self._conditions = 0
        self._depth = 0
        self.constants: list[Constant] = []

    # --- conditions ---
    def condition(self, tree: Expression, scope: Scope) -> Condition:
        """A tree that must be true, false or null."""
        self._conditions += 1
        self._depth += 1
        if self._conditions > _MOST_CONDITIONS:
            raise BindError(f"The filter has more than {_MOST_CONDITIONS} conditions", tree.position)
        if self._depth > _DEEPEST:
            raise BindError(f"Conditions are nested more than {_DEEPEST} deep", tree.position)
        found = self._condition(tree, scope)
        self._depth -= 1
        return found

    def _condition(self, tree: Expression, scope: Scope) -> Condition:
        match tree:
            case Logical():
                return self._logical(tree, scope)
            case Unary("not", operand, _):
                return Negation(self.condition(operand, scope))
            case Binary("in", left, right, position):
                return self._in(left, right, position, scope)
            case Binary() if tree.operator in _COMPARISONS:
                return self._comparison(tree, scope)
            case Lambda():
                return self._lambda(tree, scope)
            case Call(None, name, _, _) if name.lower() in _TEXT_MATCHES:
                return self._text_match(tree, scope)
            case Literal(LiteralKind.BOOLEAN | LiteralKind.NULL, value, _):
                return Truth(None if value is None else bool(value))
            case Alias():
                return self._aliased(tree, lambda found: self.condition(found, scope))
        raise self._not_a_condition(tree, scope)

    def _not_a_condition(self, tree: Expression, scope: Scope) -> BindError:
        if isinstance(tree, Call):
            return BindError(f"The function '{tree.name}' is not supported", tree.position)
        if isinstance(tree, Binary | Unary):
            return BindError(f"The operator '{tree.operator}' is not supported", tree.position)
        self._operand(tree, scope)  # a name that does not exist is the better message
        return BindError("Expected a condition that is true or false", tree.position)

    def _logical(self, tree: Logical, scope: Scope) -> Condition:
        operands = tuple(self.condition(each, scope) for each in tree.operands)
        kind: type[Both | Either] = Both if tree.operator == "and" else Either
        return kind(tuple(_flattened(kind, operands)))

    def _lambda(self, tree: Lambda, scope: Scope) -> Condition:
        collection = self._collection(tree.of, scope)
        depth = 1 + max((variable.depth for variable in scope.values()), default=0)
        if depth > _DEEPEST_LAMBDA:
            raise BindError(f"Lambdas are nested more than {_DEEPEST_LAMBDA} deep", tree.position)
        if tree.condition is None or tree.variable is None:
            return AnyItem(collection.name, None, depth)
        if tree.variable in scope:
            raise BindError(f"The lambda variable '{tree.variable}' is already in use", tree.position)
        inner = {**scope, tree.variable: _Variable(collection, depth)}
        condition = self.condition(tree.condition, inner)
        kind: type[AnyItem | EveryItem] = AnyItem if tree.quantifier is Quantifier.ANY else EveryItem
        return kind(collection.name, condition, depth)

    def _comparison(self, tree: Binary, scope: Scope) -> Condition:
        comparison = _COMPARISONS[tree.operator]
        truth = self._comparison_with_truth(tree, comparison, scope)
        if truth is not None:
            return truth
        left, right = self._operand(tree.left, scope), self._operand(tree.right, scope)
        if _is_null(left) or _is_null(right):
            return _against_null(comparison, _is_null(left) and _is_null(right))
        if isinstance(left, _FieldOperand):
            return self._field_comparison(comparison, left, right, tree.position)
        if isinstance(right, _FieldOperand):
            return self._field_comparison(_MIRRORED[comparison], right, left, tree.position)
        return Truth(_literal_comparison(comparison, left, right, tree.position))

    def _comparison_with_truth(self, tree: Binary, comparison: Comparison, scope: Scope) -> Condition | None:
        """contains(id,'x') eq true: a condition compared with a literal truth value."""
        for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
            is_truth = isinstance(other, Literal) and other.kind is LiteralKind.BOOLEAN
            if is_truth and isinstance(side, _CONDITIONS) and comparison in (Comparison.EQ, Comparison.NE):
                assert isinstance(other, Literal)
                condition = self.condition(side, scope)
                holds = bool(other.value) == (comparison is Comparison.EQ)
                return condition if holds else Negation(condition)
        return None

    def _field_comparison(
        self, comparison: Comparison, left: _FieldOperand, right: _Operand, position: int
    ) -> Condition:
        if isinstance(right, _FieldOperand):
            if right.type is not left.type:
                names = f"{type_name(self._model, left.type)} and {type_name(self._model, right.type)}"
                raise BindError(f"{names} cannot be compared", position)
            return Compare(comparison, left.field, right.field)
        return Compare(comparison, left.field, self._slot(left.type, right))

    def _in(self, left: Expression, right: Expression, position: int, scope: Scope) -> Condition:
        if isinstance(right, Alias):
            return self._aliased(right, lambda found: self._in(left, found, position, scope))
        operand = self._operand(left, scope)
        if not isinstance(right, ListExpression):
            raise BindError("'in' needs a list in parentheses", position)
        if not isinstance(operand, _FieldOperand):
            raise BindError("'in' needs a property on its left", position)
        items = [self._literal(each, scope) for each in right.items]
        slots = [self._slot(operand.type, each) for each in items if not _is_null(each)]
        return OneOf(operand.field, tuple(slots)) if slots else Truth(False)

    def _text_match(self, tree: Call, scope: Scope) -> Condition:
        function = _TEXT_MATCHES[tree.name.lower()]
        if len(tree.arguments) != 2 or any(each.name for each in tree.arguments):
            raise BindError(f"'{function.value}' takes two arguments", tree.position)
        first, second = (self._operand(each.value, scope) for each in tree.arguments)
        if _is_null(first) or _is_null(second):
            return Truth(None)
        if isinstance(first, Literal) and isinstance(second, Literal):
            texts = [str(self._constant(Primitive.STRING, each)) for each in (first, second)]
            return Truth(_TESTS[function](texts[0], texts[1]))
        return Match(function, self._text(first, tree.position), self._text(second, tree.position))

    def _text(self, operand: _Operand, position: int) -> Field | Slot:
        if not isinstance(operand, _FieldOperand):
            return self._slot(Primitive.STRING, operand)
        if operand.type is not Primitive.STRING:
            raise BindError(f"Expected a string, found {type_name(self._model, operand.type)}", position)
        return operand.field

    # --- operands ---
    def _literal(self, tree: Expression, scope: Scope) -> Literal | EnumLiteral:
        operand = self._operand(tree, scope)
        if isinstance(operand, _FieldOperand):
            raise BindError("Expected a literal", tree.position)
        return operand

    def _operand(self, tree: Expression, scope: Scope) -> _Operand:
        match tree:
            case Literal() | EnumLiteral():
                return tree
            case Name() | Member():
                return self._field(tree, scope)
            case Alias():
                return self._aliased(tree, lambda found: self._operand(found, scope))
            case Call():
                raise BindError(f"The function '{tree.name}' is not supported here", tree.position)
            case Binary() | Unary() | Logical():
                raise BindError(f"The operator '{tree.operator}' is not supported here", tree.position)
        raise BindError("Expected a property or a literal", tree.position)

    def _field(self, tree: Name | Member, scope: Scope) -> _FieldOperand:
        declared, depth, collection = self._declared(tree, scope)
        if collection is None and declared.collection:
            raise BindError(f"'{declared.name}' is a collection: ask with any(...) or all(...)", tree.position)
        if isinstance(declared.type, ComplexType):
            raise BindError(f"'{tree.name}' has parts: compare one of them", tree.position)
        if collection is None:
            return _FieldOperand(Field(None, declared.name), declared.type)
        name = None if declared is collection else declared.name
        return _FieldOperand(Field(collection.name, name, depth), declared.type)

    def _collection(self, tree: Expression, scope: Scope) -> Property:
        if not isinstance(tree, Name | Member):
            raise BindError("Expected the name of a collection", tree.position)
        declared, _, collection = self._declared(tree, scope)
        if collection is not None or not declared.collection:
            raise BindError(f"'{tree.name}' is not a collection", tree.position)
        return declared

    def _declared(self, tree: Name | Member, scope: Scope) -> tuple[Property, int, Property | None]:
        """The property that a path names, the depth of its lambda, and the collection whose item it belongs to."""
        if isinstance(tree, Name):
            if tree.name in scope:
                variable = scope[tree.name]
                return variable.collection, variable.depth, variable.collection
            if tree.name.startswith("$"):
                raise BindError(f"'{tree.name}' cannot be compared", tree.position)
            return self._own(tree.name, tree.position), 0, None
        if isinstance(tree.of, Name) and tree.of.name in scope:
            variable = scope[tree.of.name]
            return self._item_property(variable.collection, tree), variable.depth, variable.collection
        if isinstance(tree.of, Name) and tree.of.name == "$it":
            return self._own(tree.name, tree.position), 0, None
        if isinstance(tree.of, Name) and not tree.of.name.startswith("$"):
            own = self._own(tree.of.name, tree.of.position)
            if own.collection:
                raise BindError(f"'{own.name}' is a collection: ask with any(...) or all(...)", tree.of.position)
        raise BindError(f"There is no property '{tree.name}' on this path", tree.position)

    def _own(self, name: str, position: int) -> Property:
        declared = self._entity.property_named(name)
        if declared is None:
            raise _no_property(name, self._model.qualified(self._entity.name), position)
        return _filterable(declared, position)

    def _item_property(self, collection: Property, tree: Member) -> Property:
        if not isinstance(collection.type, ComplexType):
            raise BindError(f"Items of '{collection.name}' have no properties", tree.position)
        declared = collection.type.by_name.get(tree.name)
        lower = (each for each in collection.type.properties if each.name.lower() == tree.name.lower())
        found = declared or next(lower, None)
        if found is None:
            raise _no_property(tree.name, self._model.qualified(collection.type.name), tree.position)
        return _filterable(found, tree.position)

    # --- constants ---
    def _slot(self, expected: ScalarType, literal: Literal | EnumLiteral) -> Slot:
        if len(self.constants) == _MOST_CONSTANTS:
            raise BindError(f"The filter has more than {_MOST_CONSTANTS} constants", literal.position)
        self.constants.append(self._constant(expected, literal))
        return Slot(len(self.constants) - 1)

    def _constant(self, expected: ScalarType, literal: Literal | EnumLiteral) -> Constant:
        try:
            return constant(self._model, expected, literal)
        except MismatchError as error:
            raise BindError(_capital(str(error)), literal.position) from None

    def _aliased(self, tree: Alias, bind: Callable[[Expression], Result]) -> Result:
        found = self._aliases.get(tree.name)
        if found is None:
            raise BindError(f"The parameter alias '{tree.name}' has no value", tree.position)
        if self._aliases_used == _MOST_ALIASES:  # aliases may name each other, even themselves
            raise BindError("Too many parameter aliases are used", tree.position)
        self._aliases_used += 1
        return bind(found)


def _flattened(kind: type[Both | Either], operands: Iterable[Condition]) -> Iterable[Condition]:
    for each in operands:
        if isinstance(each, kind):
            yield from each.operands
        else:
            yield each


def _filterable(declared: Property, position: int) -> Property:
    if not declared.capabilities.filter:
        raise BindError(f"The property '{declared.name}' cannot be used in $filter", position)
    return declared


def _is_null(operand: _Operand) -> bool:
    return isinstance(operand, Literal) and operand.kind is LiteralKind.NULL


def _against_null(comparison: Comparison, both: bool) -> Truth:
    # Section 5.1.1.1: null equals only null, and ge, gt, le, lt with null are false. No property here is nullable.
    return Truth(both if comparison is Comparison.EQ else not both if comparison is Comparison.NE else False)


def _literal_comparison(
    comparison: Comparison, left: Literal | EnumLiteral, right: Literal | EnumLiteral, position: int
) -> bool:
    if isinstance(left, EnumLiteral) or isinstance(right, EnumLiteral):
        raise BindError("Two members of enumerations are compared: name a property", position)
    numbers = (LiteralKind.INTEGER, LiteralKind.DECIMAL)
    if left.kind is not right.kind and not (left.kind in numbers and right.kind in numbers):
        raise BindError(f"{_capital(described(left))} cannot be compared with {described(right)}", position)
    compared: bool = getattr(operator, comparison.value)(left.value, right.value)
    return compared


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _no_property(name: str, type_: str, position: int) -> BindError:
    return BindError(f"Could not find a property named '{name[:64]}' on type '{type_}'", position)

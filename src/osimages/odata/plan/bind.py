"""From the tree of a filter and the model to a bound condition: every name and type is confirmed here.

Semantics: OData 4.01 URL conventions, section 5.1.1
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionfilter
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from osimages.odata.model.types import EntityType, EnumType, Model, Primitive
from osimages.odata.plan.bind_values import Values, common_number, condition_of, joined, wrong_count
from osimages.odata.plan.collection_functions import CollectionFunctions
from osimages.odata.plan.constants import (
    FLOATS,
    INTEGERS,
    NUMBERS,
    Constant,
    Pattern,
    is_between_integers,
    is_not_a_number,
    natural_type,
)
from osimages.odata.plan.expressions import (
    And,
    Compare,
    Comparison,
    Condition,
    Exists,
    ForAll,
    HasFlags,
    IsNull,
    Match,
    Negation,
    OneOf,
    Or,
    TextMatch,
    Truth,
)
from osimages.odata.plan.functions import COLLECTION_FUNCTIONS, TEXT_MATCHES
from osimages.odata.plan.scope import (
    DEEPEST,
    DEEPEST_LAMBDA,
    MOST_CONDITIONS,
    BindError,
    Operand,
    Scope,
    Typed,
    UnsupportedError,
    Variable,
    is_null,
)
from osimages.odata.text.tree import (
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
    TypeName,
    Unary,
)

__all__ = ["BindError", "Binder", "Bound", "bind_filter"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition, and the constants that its parameters stand for."""

    condition: Condition
    constants: tuple[Constant, ...]


_COMPARISONS = {each.value: each for each in Comparison}
_MIRRORED = {
    Comparison.EQ: Comparison.EQ,
    Comparison.NE: Comparison.NE,
    Comparison.GT: Comparison.LT,
    Comparison.GE: Comparison.LE,
    Comparison.LT: Comparison.GT,
    Comparison.LE: Comparison.GE,
}
_EQUALITY = (Comparison.EQ, Comparison.NE)
# A pattern takes up to 10 ms to compile. PostgreSQL caches 32 compiled patterns for each connection.
_LONGEST_PATTERN = 256
_MOST_PATTERNS = 20
_TRUTHS = (LiteralKind.BOOLEAN, LiteralKind.NULL)


def bind_filter(
    model: Model,
    entity: EntityType,
    tree: Expression,
    aliases: Mapping[str, Expression],
    lambda_depth: int = DEEPEST_LAMBDA,
) -> Bound:
    """The condition that a filter over entities of that type stands for.

    Raises BindError, or ODataLimitError where `any` and `all` are nested deeper than `lambda_depth`.
    """
    binder = Binder(model, entity, aliases, lambda_depth)
    condition = condition_of(binder.condition(tree, {}))
    return Bound(condition, tuple(binder.constants))


class Binder(Values):
    """Binds the expressions of one query, collecting their constants.

    `defined_in_rows` answers `isdefined` once entities are aggregated.
    """

    defined_in_rows: Callable[[Name | Member], Condition] | None = None

    def condition(self, tree: Expression, scope: Scope) -> Typed:
        """A tree that must be true, false or null."""
        self._conditions += 1
        self._depth += 1
        if self._conditions > MOST_CONDITIONS or self._depth > DEEPEST:
            raise self._too_large(tree)
        found = self._condition(tree, scope)
        self._depth -= 1
        return found

    def _condition(self, tree: Expression, scope: Scope) -> Typed:
        match tree:
            case Binary() if tree.operator in _COMPARISONS:
                return self._comparison(tree, scope)
            case Logical():
                return self._logical(tree, scope)
            case Unary("not", operand, _):
                negated = self.condition(operand, scope)
                return _typed(Negation(condition_of(negated)), negated.nullable)
            case Binary("in", left, right, _):
                return self._in(left, right, tree.position, scope)
            case Binary("has", left, right, position):
                return self._has(self.value(left, scope), self.value(right, scope), position)
            case Lambda():
                return self._lambda(tree, scope)
            case Call(None, name, _, _) if name.lower() in TEXT_MATCHES:
                return self._text_match(tree, scope)
            case Call(None, name, _, _) if name.lower() in COLLECTION_FUNCTIONS:
                return CollectionFunctions(self, self.equality).collection_function(tree, scope)
            case Call(None, name, _, _) if name.lower() == "isof":
                return self._isof(tree, scope)
            case Call(None, name, _, _) if name.lower() == "isdefined":
                return self._isdefined(tree, scope)
            case Literal(kind, value, _) if kind in _TRUTHS:
                return _typed(Truth(None if value is None else bool(value)), value is None)
            case Alias():
                return self._aliased(tree, lambda found: self.condition(found, scope))
        return self._boolean(self.value(tree, scope), tree.position)

    def _boolean(self, operand: Operand, position: int) -> Typed:
        if isinstance(operand, Typed) and operand.type is Primitive.BOOLEAN:
            return operand
        if is_null(operand):
            return _typed(Truth(None), True)
        raise BindError("Expected a condition that is true or false", position)

    def _logical(self, tree: Logical, scope: Scope) -> Typed:
        operands = [self.condition(each, scope) for each in tree.operands]
        kind: type[And | Or] = And if tree.operator == "and" else Or
        conditions = tuple(_flattened(kind, map(condition_of, operands)))
        return _typed(kind(conditions), any(each.nullable for each in operands))

    # --- comparisons ---
    def _comparison(self, tree: Binary, scope: Scope) -> Typed:
        comparison = _COMPARISONS[tree.operator]
        left, right = self.value(tree.left, scope), self.value(tree.right, scope)
        if not isinstance(left, Typed) and (isinstance(right, Typed) or is_null(left)):
            left, right, comparison = right, left, _MIRRORED[comparison]
        if isinstance(right, Literal):
            known = self._with_special(comparison, left, right)
            if known is not None:
                return known
        first, second = self._alike(left, right, tree.position)
        if first.type is Primitive.BINARY and comparison not in _EQUALITY:
            raise BindError("Values of type Edm.Binary have no order", tree.position)
        nullable = first.nullable or second.nullable
        return _typed(Compare(comparison, first.value, second.value, nullable))

    def _alike(self, left: Operand, right: Operand, position: int) -> tuple[Typed, Typed]:
        """Both operands as values of one type."""
        if isinstance(left, Typed) and not isinstance(right, Typed):
            if left.type in INTEGERS and is_between_integers(right):
                return self._converted(left, Primitive.DECIMAL), self._typed(right, Primitive.DECIMAL)
            if left.type is Primitive.DECIMAL and isinstance(right, Literal) and natural_type(right) in FLOATS:
                return self._converted(left, Primitive.DOUBLE), self._typed(right, Primitive.DOUBLE)
            return left, self._typed(right, left.type)
        if isinstance(left, EnumLiteral) or isinstance(right, EnumLiteral):
            raise BindError("Two members of enumerations are compared: name a property", position)
        first, second = self._beside(left, right), self._beside(right, left)
        if first.type is second.type:
            return first, second
        if first.type in NUMBERS and second.type in NUMBERS:
            type_ = common_number(first.type, second.type)
            return self._converted(first, type_), self._converted(second, type_)
        raise BindError(f"{self._named(first.type)} and {self._named(second.type)} cannot be compared", position)

    def _with_special(self, comparison: Comparison, left: Operand, right: Literal) -> Typed | None:
        """A comparison with null, NaN or a truth value that says what it is by itself; None for others."""
        if right.kind is LiteralKind.NULL:
            return _against_null(comparison, left)
        if right.kind is LiteralKind.BOOLEAN and isinstance(left, Typed):
            return _with_truth(comparison, left, bool(right.value))
        if right.kind is LiteralKind.DECIMAL or isinstance(left, Literal):
            for side, other in ((left, right), (right, left)):
                if not isinstance(side, Typed) and is_not_a_number(side) and self._is_float(other):
                    return _typed(Truth(comparison is Comparison.NE))  # it equals nothing, is neither more nor less
        return None

    def _is_float(self, operand: Operand) -> bool:
        """Whether NaN may be compared with it: a number of floating point, or any literal number."""
        if isinstance(operand, Typed):
            return operand.type in FLOATS
        return self._natural(operand) in NUMBERS

    # --- has, in ---
    def _has(self, left: Operand, right: Operand, position: int) -> Typed:
        if is_null(left) or is_null(right):
            return _typed(Truth(None), True)
        if not isinstance(left, Typed) or not isinstance(left.type, EnumType):
            raise BindError("'has' needs an enumeration on its left", position)
        if not left.type.is_flags:
            raise BindError(f"Members of {self._named(left.type)} are no flags: compare them with eq", position)
        flags = self._typed(right, left.type)
        if flags.type is not left.type:
            raise BindError(f"{self._named(left.type)} and {self._named(flags.type)} cannot be compared", position)
        return _typed(HasFlags(left.value, flags.value), left.nullable or flags.nullable)

    def _in(self, left: Expression, right: Expression, position: int, scope: Scope) -> Typed:
        if isinstance(right, Alias):
            return self._aliased(right, lambda found: self._in(left, found, position, scope))
        operand = self.value(left, scope)
        if isinstance(right, Name | Member):
            return self._in_collection(operand, right, position, scope)
        if not isinstance(right, ListExpression):
            raise BindError("'in' needs a list in parentheses", position)
        items = [self._literal(each, scope) for each in right.items]
        has_null = any(is_null(each) for each in items)
        if is_null(operand):
            return _typed(Truth(has_null))
        operand = self._as_is(operand)
        never = is_between_integers if operand.type in INTEGERS else is_not_a_number
        wanted = [each for each in items if not is_null(each) and not is_not_a_number(each) and not never(each)]
        parameters = tuple(self._parameter_of(operand.type, each) for each in wanted)
        if not parameters:
            return _typed(IsNull(operand.value) if has_null and operand.nullable else Truth(False))
        return _typed(OneOf(operand.value, parameters, has_null if operand.nullable else None))

    def _literal(self, tree: Expression, scope: Scope) -> Literal | EnumLiteral:
        operand = self.value(tree, scope)
        if isinstance(operand, Typed):
            raise BindError("Expected a literal", tree.position)
        return operand

    def _in_collection(self, left: Operand, tree: Name | Member, position: int, scope: Scope) -> Typed:
        """'x64' in supportedArchitectures: some item equals it."""
        collection = self._collection(tree, scope)
        variable = Variable(collection, self._depth_of_item(scope))
        item = self._field(Name(tree.name, tree.position), {tree.name: variable})
        return _typed(Exists(collection.name, condition_of(self.equality(item, left, position)), variable.depth))

    def equality(self, item: Typed, other: Operand, position: int) -> Typed:
        """The condition that an item equals something."""
        if is_null(other):
            return _against_null(Comparison.EQ, item)
        if not isinstance(other, Typed) and is_not_a_number(other) and self._is_float(item):
            return _typed(Truth(False))
        first, second = self._alike(item, other, position)
        return _typed(Compare(Comparison.EQ, first.value, second.value, first.nullable or second.nullable))

    # --- lambdas ---
    def _lambda(self, tree: Lambda, scope: Scope) -> Typed:
        collection, depth, before = self._items(tree.of, scope)
        if tree.condition is None or tree.variable is None:
            return _typed(Exists(collection.name, joined(before), depth))
        if tree.variable in scope:
            raise BindError(f"The lambda variable '{tree.variable}' is already in use", tree.position)
        inner = {**scope, tree.variable: Variable(collection, depth)}
        condition = condition_of(self.condition(tree.condition, inner))
        if tree.quantifier is Quantifier.ANY:
            return _typed(Exists(collection.name, joined([*before, condition]), depth))
        if before:
            # All that pass the filter fulfil it: none passes without.
            failing = Compare(Comparison.NE, condition, Truth(True), True)
            return _typed(Negation(Exists(collection.name, joined([*before, failing]), depth)))
        return _typed(ForAll(collection.name, condition, depth))

    # --- functions ---
    def _text_match(self, tree: Call, scope: Scope) -> Typed:
        function = TEXT_MATCHES[tree.name.lower()]
        if len(tree.arguments) != 2 or any(each.name for each in tree.arguments):
            raise wrong_count(function.value, [2], tree.position)
        first, second = (self.value(each.value, scope) for each in tree.arguments)
        if is_null(first) or is_null(second):
            return _typed(Truth(None), True)
        text = self._argument(first, Primitive.STRING, tree.position)
        if function is TextMatch.MATCHES_PATTERN:
            pattern = self._pattern(second, tree.arguments[1].value.position)
        else:
            pattern = self._argument(second, Primitive.STRING, tree.position)
        return _typed(Match(function, text.value, pattern.value), text.nullable or pattern.nullable)

    def _pattern(self, operand: Operand, position: int) -> Typed:
        """A regular expression, which has to be a constant: it is compiled once for all rows."""
        if isinstance(operand, Typed):
            raise UnsupportedError("'matchesPattern' is supported with a pattern in quotes", position)
        if not isinstance(operand, Literal) or operand.kind is not LiteralKind.STRING:
            raise BindError("Expected a pattern in quotes", position)
        parameter = self._parameter_of(Primitive.STRING, operand)
        text = str(self.constants[parameter.number])
        if len(text) > _LONGEST_PATTERN:
            raise BindError(f"The pattern has more than {_LONGEST_PATTERN} characters", position)
        if sum(isinstance(each, Pattern) for each in self.constants) == _MOST_PATTERNS:
            raise BindError(f"The query has more than {_MOST_PATTERNS} patterns", position)
        self.constants[parameter.number] = Pattern(text, self.option, position)
        return Typed(parameter, Primitive.STRING)

    def _isdefined(self, tree: Call, scope: Scope) -> Typed:
        if len(tree.arguments) != 1 or tree.arguments[0].name:
            raise wrong_count("isdefined", [1], tree.position)
        path = tree.arguments[0].value
        if not isinstance(path, Name | Member):
            raise UnsupportedError("'isdefined' is supported for properties only", path.position)
        return _typed(self.defined(path, scope))

    def defined(self, tree: Name | Member, scope: Scope) -> Condition:
        """Whether there is such a property, be it null: in entities all that are declared are there."""
        if self.aggregated and self.defined_in_rows is not None:
            return self.defined_in_rows(tree)
        if self._known_value(tree, scope) is None:
            self._path(tree, scope)
        return Truth(True)

    def _isof(self, tree: Call, scope: Scope) -> Typed:
        """Types do not change from entity to entity here, so that the answer is known beforehand."""
        if len(tree.arguments) == 1 and isinstance(tree.arguments[0].value, TypeName):
            named = tree.arguments[0].value
            return _typed(Truth(self._model.is_named(self._entity.name, named.name) and not named.collection))
        operand, target = self.typed_argument(tree, scope)
        if is_null(operand):
            return _typed(Truth(True))
        return _typed(Truth(self._as_is(operand).type is target))


def _typed(condition: Condition, nullable: bool = False) -> Typed:
    return Typed(condition, Primitive.BOOLEAN, nullable)


def _flattened(kind: type[And | Or], operands: Iterable[Condition]) -> Iterable[Condition]:
    for each in operands:
        if isinstance(each, kind):
            yield from each.operands
        else:
            yield each


def _with_truth(comparison: Comparison, operand: Typed, truth: bool) -> Typed | None:
    """contains(id,'x') eq true: a condition that is never null, compared with a literal truth value, is itself."""
    if comparison not in _EQUALITY or operand.nullable or not isinstance(operand.value, Condition):
        return None
    holds = truth == (comparison is Comparison.EQ)
    return operand if holds else _typed(Negation(operand.value))


def _against_null(comparison: Comparison, other: Operand) -> Typed:
    """Section 5.1.1.1: null equals only null, and ge, gt, le, lt with null are false."""
    if comparison not in _EQUALITY:
        return _typed(Truth(False))
    equal = comparison is Comparison.EQ
    if is_null(other):
        return _typed(Truth(equal))
    if not isinstance(other, Typed) or not other.nullable:
        return _typed(Truth(not equal))
    return _typed(IsNull(other.value) if equal else Negation(IsNull(other.value)))

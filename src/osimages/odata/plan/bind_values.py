"""Binds what has a value: properties, literals, arithmetic, functions, counts, `case` and `cast`.

Semantics: OData 4.01 URL conventions, sections 5.1.1.2 to 5.1.1.16
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_ArithmeticOperators
"""

from __future__ import annotations

from abc import abstractmethod

from osimages.odata.model import value_encoding
from osimages.odata.model.types import EnumType, Primitive, Property
from osimages.odata.plan.bind_search import bind_item_search
from osimages.odata.plan.constants import FLOATS, INTEGERS, NUMBERS, Moment, natural_type, type_name
from osimages.odata.plan.expressions import (
    And,
    Case,
    Condition,
    Convert,
    FunctionCall,
    IsTrue,
    ItemCount,
    Null,
    Operation,
    ScalarType,
    Value,
)
from osimages.odata.plan.functions import (
    ARITHMETIC,
    CALENDAR,
    COLLECTION_FUNCTIONS,
    LOCAL_FUNCTIONS,
    MOMENTS,
    TEXT_MATCHES,
    TYPE_FUNCTIONS,
    VALUE_FUNCTIONS,
    Signature,
)
from osimages.odata.plan.scope import ITEM, BindError, Names, Operand, Scope, Typed, UnsupportedError, Variable, is_null
from osimages.odata.text.function_names import ARGUMENT_COUNTS
from osimages.odata.text.tree import (
    Alias,
    Annotation,
    Argument,
    Binary,
    Call,
    Count,
    EnumLiteral,
    Expression,
    Filtered,
    Key,
    Lambda,
    ListExpression,
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    ObjectExpression,
    TypeName,
    Unary,
)
from osimages.odata.text.tree import Case as CaseTree

_NO_OVERFLOW = (Operation.ADD, Operation.SUBTRACT, Operation.MULTIPLY, Operation.NEGATE)
# What gives null for other reasons than a null argument: a value out of range.
_TOTAL = frozenset(Operation) - {
    Operation.SUBSTRING,
    Operation.DATE_OF,
    Operation.ROUND,
    Operation.FLOOR,
    Operation.CEILING,
}
_PRIMITIVES = {each.value.lower(): each for each in Primitive}
_WORDS = {1: "one argument", 2: "two arguments", 3: "three arguments"}


class Values(Names):
    """Binds values; conditions inside of them are for the subclass."""

    @abstractmethod
    def condition(self, tree: Expression, scope: Scope) -> Typed:
        """A tree that must be true, false or null."""

    def value(self, tree: Expression, scope: Scope) -> Operand:
        """What an expression gives."""
        match tree:
            case Literal(LiteralKind.GEO, text, position):
                name = str(text).partition("'")[0]
                raise UnsupportedError(f"The type '{name}' is not supported", position)
            case Literal() | EnumLiteral():
                return tree
            case Name() | Member():
                return self._field(tree, scope)
            case Alias():
                return self._aliased(tree, lambda found: self.value(found, scope))
        self._enter(tree)
        found = self._operation(tree, scope)
        self._leave()
        return found

    def _operation(self, tree: Expression, scope: Scope) -> Operand:
        match tree:
            case Unary("-", operand, position):
                return self._negation(self.value(operand, scope), position)
            case Binary() if tree.operator in ARITHMETIC:
                return self._arithmetic(tree, self.value(tree.left, scope), self.value(tree.right, scope))
            case Binary() | Logical() | Unary() | Lambda():
                return self.condition(tree, scope)
            case Count():
                return self._count(tree, scope)
            case CaseTree():
                return self._case(tree, scope)
            case Call(None):
                return self._call(tree, scope)
            case Call():
                raise _no_function(tree)
            case Annotation():
                raise UnsupportedError("Annotations have no value here", tree.position)
            case Key(Name(name, position) | Member(_, name, position)):
                raise BindError(f"'{name[:64]}' is neither a function nor a collection with keys", position)
            case ListExpression() | ObjectExpression():
                raise UnsupportedError(
                    "Lists are compared with 'in', 'hassubset' and 'hassubsequence' only", tree.position
                )
        raise BindError("Expected a property or a literal", tree.position)

    # --- arithmetic ---
    def _negation(self, operand: Operand, position: int) -> Operand:
        if is_null(operand):
            return operand
        typed = self._as_is(operand)
        if typed.type not in NUMBERS and typed.type is not Primitive.DURATION:
            raise BindError(f"{self._named(typed.type)} cannot be negated", position)
        return self._calculated(Operation.NEGATE, typed)

    def _arithmetic(self, tree: Binary, left: Operand, right: Operand) -> Operand:
        if is_null(left):
            return left
        if is_null(right):
            return right
        first, second = self._beside(left, right), self._beside(right, left)
        if first.type in NUMBERS and second.type in NUMBERS:
            return self._numeric(tree.operator, first, second)
        return self._with_calendar(tree, first, second)

    def _numeric(self, operator: str, left: Typed, right: Typed) -> Typed:
        type_ = common_number(left.type, right.type)
        if operator == "divby" and type_ in INTEGERS:
            type_ = Primitive.DECIMAL
        return self._calculated(ARITHMETIC[operator], self._converted(left, type_), self._converted(right, type_))

    def _calculated(self, operation: Operation, *operands: Typed) -> Typed:
        type_ = operands[0].type
        assert isinstance(type_, Primitive)
        if type_ in INTEGERS:
            # 64 bits hold whatever two numbers of 32 bits give.
            type_ = Primitive.INT64 if type_ is Primitive.INT64 else Primitive.INT32
        result = Primitive.INT64 if type_ in INTEGERS else Primitive.DOUBLE if type_ in FLOATS else type_
        certain = type_ is Primitive.INT32 and operation in _NO_OVERFLOW
        nullable = not certain or any(each.nullable for each in operands)
        return Typed(FunctionCall(operation, type_, tuple(each.value for each in operands)), result, nullable)

    def _with_calendar(self, tree: Binary, left: Typed, right: Typed) -> Typed:
        if right.type is Primitive.DURATION and left.type in NUMBERS and tree.operator == "mul":
            left, right = right, left
        kinds = [Primitive.DECIMAL if each.type in NUMBERS else each.type for each in (left, right)]
        found = CALENDAR.get((tree.operator, kinds[0], kinds[1]))  # type: ignore[arg-type]
        if found is None:
            names = f"{self._named(left.type)} and {self._named(right.type)}"
            raise BindError(f"The operator '{tree.operator}' is not for {names}", tree.position)
        if kinds[1] is Primitive.DECIMAL:
            right = self._converted(right, Primitive.DECIMAL)
        result, operation = found
        assert isinstance(left.type, Primitive)
        offset = left.offset if result is Primitive.DATETIMEOFFSET else None
        return Typed(FunctionCall(operation, left.type, (left.value, right.value)), result, True, offset)

    # --- types ---
    def _as_is(self, operand: Operand) -> Typed:
        """A literal by its own type."""
        return operand if isinstance(operand, Typed) else self._typed(operand, self._natural(operand))

    def _beside(self, operand: Operand, other: Operand) -> Typed:
        """A literal, by what it stands beside where that matters: 1.5 beside an Edm.Double is an Edm.Double."""
        if isinstance(operand, Typed):
            return operand
        own = self._natural(operand)
        beside = other.type if isinstance(other, Typed) else self._natural(other)
        if own in NUMBERS and (beside in FLOATS or (beside is Primitive.DECIMAL and own not in FLOATS)):
            return self._typed(operand, beside)
        written = isinstance(operand, Literal) and operand.kind is LiteralKind.STRING
        times = (Primitive.DATE, Primitive.DATETIMEOFFSET, Primitive.DURATION)
        return self._typed(operand, Primitive.DURATION if written and beside in times else own)

    def _converted(self, operand: Typed, target: Primitive) -> Typed:
        """A number as one of another type, to which it is promoted."""
        source = operand.type
        assert isinstance(source, Primitive)
        if source is target or _same_column(source, target):
            return Typed(operand.value, target, operand.nullable, operand.offset)
        nullable = operand.nullable or source not in INTEGERS
        return Typed(Convert(operand.value, source, target), target, nullable)

    def _named(self, type_: ScalarType) -> str:
        return type_name(self._model, type_)

    # --- counts ---
    def _count(self, tree: Count, scope: Scope) -> Typed:
        collection, depth, conditions = self._items(tree.of, scope)
        if tree.search is not None:
            conditions.append(bind_item_search(self, collection, tree.search, depth))
        if tree.condition is not None:
            conditions.append(self._item_condition(tree.condition, scope, Variable(collection, depth)))
        return Typed(ItemCount(collection.name, joined(conditions), depth), Primitive.INT64)

    def _items(self, tree: Expression, scope: Scope) -> tuple[Property, int, list[Condition]]:
        """A collection, how deep its items lie, and the conditions of `$filter(...)` segments on the way."""
        if not isinstance(tree, Filtered):
            return self._collection(tree, scope), self._depth_of_item(scope), []
        self._enter(tree)
        collection, depth, conditions = self._items(tree.of, scope)
        conditions.append(self._item_condition(tree.condition, scope, Variable(collection, depth)))
        self._leave()
        return collection, depth, conditions

    def _item_condition(self, tree: Expression, scope: Scope, item: Variable) -> Condition:
        return condition_of(self.condition(tree, {**scope, ITEM: item}))

    # --- functions ---
    def _call(self, tree: Call, scope: Scope) -> Operand:
        name = tree.name.lower()
        if name in TEXT_MATCHES or name in COLLECTION_FUNCTIONS or name == "isdefined":
            return self.condition(tree, scope)
        if name in TYPE_FUNCTIONS:
            return self._cast(tree, scope) if name == "cast" else self.condition(tree, scope)
        if name not in VALUE_FUNCTIONS and name not in LOCAL_FUNCTIONS and name not in MOMENTS:
            raise _no_function(tree)
        if any(each.name for each in tree.arguments):
            raise BindError(f"'{tree.name}' takes its arguments without names", tree.position)
        if name in MOMENTS and not tree.arguments:
            return self._moment(name, tree.position)
        if name in LOCAL_FUNCTIONS:
            return self._local_function(name, tree, scope)
        if name == "length" and len(tree.arguments) == 1 and self._is_collection(tree.arguments[0].value, scope):
            return self._count(Count(tree.arguments[0].value, None, None, tree.position), scope)
        signatures = VALUE_FUNCTIONS.get(name)
        if signatures is None:
            raise _no_function(tree)
        return self._function(name, signatures, tree, scope)

    def _function(self, name: str, signatures: tuple[Signature, ...], tree: Call, scope: Scope) -> Operand:
        counts = sorted({len(each.parameters) for each in signatures})
        if len(tree.arguments) not in counts:
            raise wrong_count(name, counts, tree.position)
        given = [self.value(each.value, scope) for each in tree.arguments]
        missing = next((each for each in given if is_null(each)), None)
        if missing is not None:
            return missing
        fitting = [each for each in signatures if len(each.parameters) == len(given)]
        chosen = next((each for each in fitting if self._fits(given[0], each.parameters[0])), fitting[0])
        pairs = zip(given, chosen.parameters, tree.arguments, strict=True)
        arguments = [self._argument(operand, type_, argument.value.position) for operand, type_, argument in pairs]
        if chosen.through is not None:
            arguments = [self._local(chosen.through, arguments[0], tree.position)]
        nullable = chosen.operation not in _TOTAL or any(each.nullable for each in arguments)
        type_ = Primitive.DATE if chosen.through is Operation.DATE_OF else chosen.parameters[0]
        values = tuple(each.value for each in arguments)
        return Typed(FunctionCall(chosen.operation, type_, values), chosen.result, nullable)

    def _fits(self, operand: Operand, expected: Primitive) -> bool:
        type_ = operand.type if isinstance(operand, Typed) else self._natural(operand)
        if expected is Primitive.DECIMAL:
            return type_ in NUMBERS and type_ not in FLOATS
        return type_ is expected or (expected is Primitive.DOUBLE and type_ in FLOATS)

    def _argument(self, operand: Operand, expected: Primitive, position: int) -> Typed:
        """An operand as an argument of that type."""
        if not isinstance(operand, Typed):
            own = natural_type(operand) if isinstance(operand, Literal) else None
            if expected in INTEGERS and own in NUMBERS and own not in INTEGERS:
                raise BindError("Expected an integer", position)
            return self._typed(operand, expected)
        if operand.type is expected or (expected in INTEGERS and operand.type in INTEGERS):
            return operand
        if expected in (Primitive.DECIMAL, Primitive.DOUBLE) and operand.type in NUMBERS:
            return self._converted(operand, expected)
        raise BindError(f"Expected {_expected(expected)}, found {self._named(operand.type)}", position)

    def _is_collection(self, tree: Expression, scope: Scope) -> bool:
        if not isinstance(tree, Name | Member):
            return isinstance(tree, Filtered)
        path = self._path(tree, scope)
        return path.declared.collection and bool(path.names)

    # --- dates and times ---
    def _moment(self, name: str, position: int) -> Typed:
        known = {"mindatetime": value_encoding.EARLIEST, "maxdatetime": value_encoding.LATEST}
        parameter = self.constant(known.get(name, Moment.NOW), position)
        return Typed(parameter, Primitive.DATETIMEOFFSET, False, self.constant(0, position))

    def _local_function(self, name: str, tree: Call, scope: Scope) -> Operand:
        if len(tree.arguments) != 1:
            raise wrong_count(name, [1], tree.position)
        operand = self.value(tree.arguments[0].value, scope)
        if is_null(operand):
            return operand
        typed = self._argument(operand, Primitive.DATETIMEOFFSET, tree.arguments[0].value.position)
        result, operation = LOCAL_FUNCTIONS[name]
        if operation is None:
            values = (typed.value, self._offset(typed, tree.position))
            return Typed(FunctionCall(Operation.OFFSET_OF, Primitive.DATETIMEOFFSET, values), result, typed.nullable)
        return Typed(self._local(operation, typed, tree.position).value, result, True)

    def _local(self, operation: Operation, operand: Typed, position: int) -> Typed:
        """The day or the time of day of a moment, in its own time zone."""
        values = (operand.value, self._offset(operand, position))
        return Typed(FunctionCall(operation, Primitive.DATETIMEOFFSET, values), Primitive.DATE, True)

    def _offset(self, operand: Typed, position: int) -> Value:
        if operand.offset is None:
            raise BindError("The time zone of this date and time is not known", position)
        return operand.offset

    # --- case, cast ---
    def _case(self, tree: CaseTree, scope: Scope) -> Operand:
        conditions = [condition_of(self.condition(each, scope)) for each, _ in tree.branches]
        values = [self.value(each, scope) for _, each in tree.branches]
        known = [each.type for each in values if isinstance(each, Typed)]
        if not any(isinstance(each, EnumType) for each in known):  # beside one, a string is the name of a member
            known += [self._natural(each) for each in values if not isinstance(each, Typed) and not is_null(each)]
        if not known:
            return values[0]
        type_ = self._common(known, tree.position)
        branches = tuple(zip(conditions, (self._branch(each, type_) for each in values), strict=True))
        return Typed(Case(branches), type_, True)

    def _branch(self, operand: Operand, type_: ScalarType) -> Value:
        if is_null(operand):
            return Null()
        typed = self._typed(operand, type_)
        if typed.type is type_:
            return typed.value
        assert isinstance(type_, Primitive)
        return self._converted(typed, type_).value

    def _common(self, types: list[ScalarType], position: int) -> ScalarType:
        found = types[0]
        for each in types[1:]:
            if each is found:
                continue
            if each not in NUMBERS or found not in NUMBERS:
                names = f"{self._named(found)} and {self._named(each)}"
                raise BindError(f"The values of 'case' are of different types, {names}", position)
            found = common_number(found, each)
        return found

    def _cast(self, tree: Call, scope: Scope) -> Operand:
        operand, target = self.typed_argument(tree, scope)
        if is_null(operand):
            return operand
        if isinstance(operand, Typed) and operand.type == target:
            return operand
        typed = self._as_is(operand)
        source = Primitive.INT64 if isinstance(typed.type, EnumType) else typed.type
        if not isinstance(target, Primitive) or not _castable(typed.type, target):
            message = f"{self._named(typed.type)} cannot be cast to {self._named(target)}"
            raise BindError(message, tree.position)
        if source is target:
            return Typed(typed.value, target, typed.nullable, typed.offset)
        return Typed(Convert(typed.value, source, target), target, True)

    def typed_argument(self, tree: Call, scope: Scope) -> tuple[Operand, ScalarType]:
        """The operand and the type that `cast` and `isof` are given."""
        if len(tree.arguments) != 2 or any(each.name for each in tree.arguments):
            raise BindError(f"'{tree.name}' takes a value and a type: {tree.name}(id,Edm.String)", tree.position)
        first, second = tree.arguments
        return self.value(first.value, scope), self._type(second)

    def _type(self, argument: Argument) -> ScalarType:
        tree = argument.value
        assert isinstance(tree, TypeName)
        found = None if tree.collection else _PRIMITIVES.get(tree.name.lower()) or self._enum_named(tree.name)
        if found is None:
            raise BindError(f"'{tree.name[:64]}' is not a type that a value can have here", tree.position)
        return found


def common_number(left: ScalarType, right: ScalarType) -> Primitive:
    """The type to which two numbers are promoted (section 5.1.1.16)."""
    for types in (FLOATS, (Primitive.DECIMAL,), (Primitive.INT64,)):
        if left in types or right in types:
            return Primitive.DOUBLE if types is FLOATS else types[0]
    return Primitive.INT32


def condition_of(operand: Typed) -> Condition:
    """A value of type Edm.Boolean as a condition."""
    return operand.value if isinstance(operand.value, Condition) else IsTrue(operand.value)


def joined(conditions: list[Condition]) -> Condition | None:
    """One condition that says what all of them say; None for none."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return And(tuple(conditions))


def wrong_count(name: str, counts: list[int], position: int) -> BindError:
    """The refusal of a call with too few or too many arguments."""
    expected = " or ".join(_WORDS[each] for each in counts).replace(" arguments or", " or")
    return BindError(f"'{name}' takes {expected}", position)


def _no_function(tree: Call) -> BindError:
    """The refusal of a function that OData has and this service has not, or that nobody has declared."""
    name = tree.name.lower()
    if name in ARGUMENT_COUNTS or name.startswith("aggregation."):
        return UnsupportedError(f"The function '{tree.name[:64]}' is not supported", tree.position)
    return BindError(f"There is no function '{tree.name[:64]}'", tree.position)


def _same_column(source: Primitive, target: Primitive) -> bool:
    """Whether values of both types are encoded alike, and the target holds all of the source's."""
    return (source in INTEGERS and target in (Primitive.INT32, Primitive.INT64)) or (
        source is Primitive.SINGLE and target is Primitive.DOUBLE
    )


def _castable(source: ScalarType, target: Primitive) -> bool:
    if isinstance(source, EnumType):
        return target in INTEGERS
    if source is target or Primitive.STRING in (source, target):
        return True
    return source in NUMBERS and target in NUMBERS


def _expected(type_: Primitive) -> str:
    named = {Primitive.STRING: "a string", **dict.fromkeys(INTEGERS, "an integer"), Primitive.DECIMAL: "a number"}
    return named.get(type_, type_.value)

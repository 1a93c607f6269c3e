"""What stands around an expression while it is bound: the model, names in reach, aliases, constants and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from osimages.odata.model.types import ComplexType, EntityType, Model, Primitive, Property
from osimages.odata.model.value_encoding import may_be_null
from osimages.odata.plan.constants import Constant, MismatchError, constant, natural_type, offset_of
from osimages.odata.plan.expressions import Field, Parameter, ScalarType, Value
from osimages.odata.text.options_parser import OptionError
from osimages.odata.text.syntax_errors import ODataLimitError
from osimages.odata.text.tree import Alias, EnumLiteral, Expression, Literal, LiteralKind, Member, Name

_MOST_ALIASES = 100
# Aliases make a filter larger and deeper than its text. SQLite takes expressions at most 1,000 deep, and a chain
# of `or` is as deep as it is long: https://www.sqlite.org/limits.html#max_expr_depth
MOST_CONDITIONS = 800
_MOST_OPERATIONS = 800
# Conditions on the items of collections: each is a subquery, which takes up to half a millisecond to write as SQL. A
# word of a $search has one for each collection.
MOST_ITEM_CONDITIONS = 64
_MOST_CONSTANTS = 2_000  # SQLite and PostgreSQL bind about 32,000 parameters in one statement
DEEPEST = 64
DEEPEST_LAMBDA = 4  # each multiplies the work by the length of its collection
ITEM = "$this"


class BindError(Exception):
    """An expression that is well-formed but has no meaning here; `position` is where in the text."""

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(f"{message}, at position {position}")


class UnsupportedError(BindError):
    """An expression that OData gives a meaning, but that this service does not offer."""


class UnsupportedOptionError(OptionError):
    """An option that asks for what OData has, but this service does not offer."""


def refused(option: str, error: BindError) -> OptionError:
    """The refusal of the option whose expression cannot be bound."""
    kind = UnsupportedOptionError if isinstance(error, UnsupportedError) else OptionError
    return kind(option, str(error), error.position)


class Variable(msgspec.Struct, frozen=True):
    """What a lambda variable or `$this` stands for: an item of a collection."""

    collection: Property
    depth: int


class Typed(msgspec.Struct, frozen=True):
    """A bound value with its type. `offset` gives the time zone's minutes of an Edm.DateTimeOffset where known."""

    value: Value
    type: ScalarType
    nullable: bool = False
    offset: Value | None = None


class Path(msgspec.Struct, frozen=True):
    """A property that a path names; `variable` where it starts at an item, `names` the steps from there."""

    declared: Property
    variable: Variable | None
    names: tuple[str, ...]
    nullable: bool


class Known(msgspec.Struct, frozen=True):
    """A value that a query gave a name; `operations` and `depth` are what it adds to an expression that uses it."""

    typed: Typed
    operations: int
    depth: int


Scope = Mapping[str, Variable]
# Literals stay as they are until what is beside them says which type they have.
Operand = Typed | Literal | EnumLiteral
Result = TypeVar("Result")


class Names:
    """Finds what the names of one query stand for, and collects its constants.

    `option` is the query option that is being bound: what may be asked of a property depends on it. `known` holds the
    values that the query itself gave names, by the path that names them in lower case. Once entities are `aggregated`,
    these are all that there is.
    """

    def __init__(
        self, model: Model, entity: EntityType, aliases: Mapping[str, Expression], lambda_depth: int = DEEPEST_LAMBDA
    ) -> None:
        self._model = model
        self._entity = entity
        self._aliases = aliases
        self._lambda_depth = lambda_depth
        self._aliases_used = 0
        self._conditions = 0
        self._operations = 0
        self._item_conditions = 0
        self._depth = 0
        self.constants: list[Constant] = []
        self.option = "$filter"
        self.known: dict[str, Known] = {}
        self.aggregated = False

    # --- limits ---
    def _enter(self, tree: Expression) -> None:
        self._operations += 1
        self._depth += 1
        if self._operations > _MOST_OPERATIONS or self._depth > DEEPEST:
            raise self._too_large(tree)

    def _leave(self) -> None:
        self._depth -= 1

    def _too_large(self, tree: Expression) -> BindError:
        """Which of the limits a filter goes beyond."""
        if self._conditions > MOST_CONDITIONS:
            return BindError(f"The query has more than {MOST_CONDITIONS} conditions", tree.position)
        if self._operations > _MOST_OPERATIONS:
            return BindError(f"The query has more than {_MOST_OPERATIONS} operations", tree.position)
        return BindError(f"Conditions are nested more than {DEEPEST} deep", tree.position)

    def _depth_of_item(self, scope: Scope) -> int:
        """How deep a lambda lies that stands there. Raises ODataLimitError."""
        depth = 1 + max((variable.depth for variable in scope.values()), default=0)
        if depth > self._lambda_depth:
            raise ODataLimitError("The nesting of any and all", self._lambda_depth, "max_filter_lambda_depth")
        return depth

    def count_condition(self, position: int) -> None:
        """Raises BindError where the query gets too many conditions."""
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise BindError(f"The query has more than {MOST_CONDITIONS} conditions", position)

    def count_item_condition(self, position: int) -> None:
        """Raises BindError where the query gets too many conditions on items of collections."""
        self._item_conditions += 1
        if self._item_conditions > MOST_ITEM_CONDITIONS:
            raise BindError(
                f"The query has more than {MOST_ITEM_CONDITIONS} conditions on items of collections", position
            )

    # --- constants ---
    def constant(self, value: Constant, position: int) -> Parameter:
        """Return the parameter of a value. Raises BindError where the query gets too many."""
        number = len(self.constants)
        if number == _MOST_CONSTANTS:
            raise BindError(f"The query has more than {_MOST_CONSTANTS} constants", position)
        self.constants.append(value)
        return Parameter(number)

    def _parameter_of(self, expected: ScalarType, literal: Literal | EnumLiteral) -> Parameter:
        try:
            value = constant(self._model, expected, literal)
        except MismatchError as error:
            raise BindError(capital(str(error)), literal.position) from None
        return self.constant(value, literal.position)

    def _typed(self, operand: Operand, expected: ScalarType) -> Typed:
        """The operand itself, or a literal as a constant of the type that is expected."""
        if isinstance(operand, Typed):
            return operand
        parameter = self._parameter_of(expected, operand)
        if isinstance(operand, Literal) and operand.kind is LiteralKind.DATETIMEOFFSET:
            return Typed(parameter, expected, False, self.constant(offset_of(operand), operand.position))
        return Typed(parameter, expected)

    def _natural(self, literal: Literal | EnumLiteral) -> ScalarType:
        """The type of a literal that nothing else gives a type."""
        found = natural_type(literal) if isinstance(literal, Literal) else self._enum_named(literal.type_name)
        if found is None:
            raise BindError("This literal has no type that values here have", literal.position)
        return found

    def _enum_named(self, name: str) -> ScalarType | None:
        return next((each for each in self._model.enum_types if self._model.is_named(each.name, name)), None)

    # --- names ---
    def _aliased(self, tree: Alias, bind: Callable[[Expression], Result]) -> Result:
        found = self._aliases.get(tree.name)
        if found is None:
            raise BindError(f"The parameter alias '{tree.name}' has no value", tree.position)
        if self._aliases_used == _MOST_ALIASES:  # aliases may name each other, even themselves
            raise BindError("Too many parameter aliases are used", tree.position)
        self._aliases_used += 1
        return bind(found)

    def _field(self, tree: Name | Member, scope: Scope) -> Typed:
        if self.known and (found := self._known_value(tree, scope)) is not None:
            return found
        path = self._path(tree, scope)
        declared, type_ = path.declared, path.declared.type
        if declared.collection and not (path.variable and not path.names):
            raise BindError(f"'{declared.name}' is a collection: ask with any(...) or all(...)", tree.position)
        if isinstance(type_, ComplexType):
            raise BindError(f"'{tree.name}' has parts: compare one of them", tree.position)
        name = "/".join(path.names) or None
        collection, depth = (path.variable.collection.name, path.variable.depth) if path.variable else (None, 0)
        field = Field(collection, name, depth)
        if type_ is Primitive.DATETIMEOFFSET:
            return Typed(field, type_, path.nullable, Field(collection, name, depth, offset=True))
        return Typed(field, type_, path.nullable)

    def _known_value(self, tree: Name | Member, scope: Scope) -> Typed | None:
        """The value that the query itself gave that name; its parts count as if they were written out here."""
        steps: list[str] = []
        part: Expression = tree
        while isinstance(part, Member):
            steps.append(part.name)
            part = part.of
        if not isinstance(part, Name) or part.name in scope or (part.name != "$it" and ITEM in scope):
            return None
        if part.name != "$it":
            steps.append(part.name)
        found = self.known.get("/".join(reversed(steps)).lower())
        if found is None:
            return None
        self._operations += found.operations
        if self._operations > _MOST_OPERATIONS or self._depth + found.depth > DEEPEST:
            raise self._too_large(tree)
        return found.typed

    def _collection(self, tree: Expression, scope: Scope) -> Property:
        if not isinstance(tree, Name | Member):
            raise BindError("Expected the name of a collection", tree.position)
        path = self._path(tree, scope)
        if not path.declared.collection or (path.variable and not path.names):
            raise BindError(f"'{tree.name}' is not a collection", tree.position)
        if path.variable or len(path.names) > 1:
            raise BindError(f"'{tree.name}' lies inside another value: items of it cannot be asked for", tree.position)
        self.count_item_condition(tree.position)
        return path.declared

    def _path(self, tree: Name | Member, scope: Scope) -> Path:
        if isinstance(tree, Member):
            return self._member(tree, scope)
        variable = scope.get(tree.name)
        if variable is not None:
            return Path(variable.collection, variable, (), variable.collection.nullable)
        if tree.name.startswith("$"):
            raise BindError(f"'{tree.name}' cannot be compared", tree.position)
        item = scope.get(ITEM)
        if item is not None:
            return self._step(Path(item.collection, item, (), item.collection.nullable), tree, tree.position)
        return self._own(tree)

    def _member(self, tree: Member, scope: Scope) -> Path:
        of = tree.of
        if isinstance(of, Name) and of.name == "$it":
            return self._own(tree)
        if not isinstance(of, Name | Member) or (of.name.startswith("$") and of.name not in scope):
            raise BindError(f"There is no property '{tree.name}' on this path", tree.position)
        return self._step(self._path(of, scope), tree, of.position)

    def _own(self, tree: Name | Member) -> Path:
        if self.aggregated:
            raise BindError(f"There is no '{tree.name[:64]}' among what $apply has left", tree.position)
        declared = self._entity.property_named(tree.name)
        if declared is None:
            raise _no_property(tree.name, self._model.qualified(self._entity.name), tree.position)
        self._check_capable(declared, tree.position)
        nullable = declared.name != self._entity.key and may_be_null(declared)
        return Path(declared, None, (declared.name,), nullable)

    def _step(self, start: Path, tree: Name | Member, of_position: int) -> Path:
        """The part of a complex value, or of an item, that the last name of a path names."""
        is_item = start.variable is not None and not start.names
        if start.declared.collection and not is_item:
            message = f"'{start.declared.name}' is a collection: ask with any(...) or all(...)"
            raise BindError(message, of_position)
        type_ = start.declared.type
        if not isinstance(type_, ComplexType):
            if is_item:
                raise BindError(f"Items of '{start.declared.name}' have no properties", tree.position)
            raise BindError(f"There is no property '{tree.name}' on this path", tree.position)
        lower = (each for each in type_.properties if each.name.lower() == tree.name.lower())
        declared = type_.by_name.get(tree.name) or next(lower, None)
        if declared is None:
            raise _no_property(tree.name, self._model.qualified(type_.name), tree.position)
        self._check_capable(declared, tree.position)
        return Path(declared, start.variable, (*start.names, declared.name), start.nullable or may_be_null(declared))

    def _check_capable(self, declared: Property, position: int) -> None:
        capabilities = declared.capabilities
        if not (capabilities.orderby if self.option == "$orderby" else capabilities.filter):
            raise BindError(f"The property '{declared.name}' cannot be used in {self.option}", position)


def is_null(operand: Operand) -> bool:
    """Whether an operand is the literal null."""
    return isinstance(operand, Literal) and operand.kind is LiteralKind.NULL


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[0].upper() + text[1:]


def _no_property(name: str, type_: str, position: int) -> BindError:
    return BindError(f"Could not find a property named '{name[:64]}' on type '{type_}'", position)

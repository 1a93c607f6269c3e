"""Binds a `$search`: free text over the properties that the model declares as searched.

OData leaves to the service what matches (Protocol, section 11.2.6.6). Here a term or phrase matches an entity when the
text of one of its searched properties contains it, without regard to case; of an enumeration, the names of members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from osimages.odata.model.types import ComplexType, EntityType, EnumType, Primitive, Property
from osimages.odata.model.value_encoding import may_be_null
from osimages.odata.plan.expressions import (
    And,
    Compare,
    Comparison,
    Condition,
    Convert,
    Exists,
    Field,
    FunctionCall,
    HasFlags,
    Match,
    Negation,
    OneOf,
    Operation,
    Or,
    ScalarType,
    TextMatch,
    Truth,
)
from osimages.odata.plan.scope import BindError, Names
from osimages.odata.text.search_tree import Search, SearchAnd, SearchIncomplete, SearchNot, SearchOr, SearchTerm


def bind_search(binder: Names, entity: EntityType, tree: Search) -> Condition:
    """The condition that a search over entities of that type stands for. Raises BindError where it is too large."""
    return _bound(tree, lambda text, position: _matches(binder, entity, text, position))


def bind_item_search(binder: Names, collection: Property, tree: Search, depth: int = 1) -> Condition:
    """The condition that a search over the items of a collection stands for. Raises BindError."""
    fields = list(_fields(collection, depth))
    if not fields:
        raise BindError(f"Items of '{collection.name}' have no text that is searched", tree.position)
    return _bound(tree, lambda text, position: (_match(binder, *each, text, position) for each in fields))


def _bound(tree: Search, matches: Callable[[str, int], Iterable[Condition]]) -> Condition:
    """The condition of a search; `matches` gives those of a text, of which one must hold."""
    match tree:
        case SearchAnd(operands, _):
            return And(tuple(_bound(each, matches) for each in operands))
        case SearchOr(operands, _):
            return Or(tuple(_bound(each, matches) for each in operands))
        case SearchNot(operand, _):
            return Negation(_bound(operand, matches))
        case SearchTerm(text=text) | SearchIncomplete(text=text):
            if "\0" in text:  # no text holds that character, and not every database takes it
                raise BindError("A search holds no character U+0000", tree.position)
            return _either(list(matches(text.lower(), tree.position)))


def _matches(binder: Names, entity: EntityType, text: str, position: int) -> Iterator[Condition]:
    for declared in entity.properties:
        found = [_match(binder, *each, text, position) for each in _fields(declared)]
        if found and declared.collection:
            binder.count_item_condition(position)
            yield Exists(declared.name, _either(found), 1)
        else:
            yield from found


def _fields(declared: Property, depth: int = 1) -> Iterator[tuple[Field, ScalarType, bool]]:
    """What is searched of a property: fields, their types, and whether they may be null."""
    collection, start = (declared.name, "") if declared.collection else (None, declared.name)
    for path, type_, nullable in _parts(declared, start, may_be_null(declared)):
        yield Field(collection, path or None, depth if collection else 0), type_, nullable


def _parts(declared: Property, path: str, nullable: bool) -> Iterator[tuple[str, ScalarType, bool]]:
    if isinstance(declared.type, ComplexType):
        for part in declared.type.properties:
            if not part.collection:
                inner = f"{path}/{part.name}" if path else part.name
                yield from _parts(part, inner, nullable or may_be_null(part))
    elif declared.capabilities.search:
        yield path, declared.type, nullable


def _match(binder: Names, field: Field, type_: ScalarType, nullable: bool, text: str, position: int) -> Condition:
    binder.count_condition(position)
    if isinstance(type_, EnumType):
        return _member_match(binder, field, type_, nullable, text, position)
    value = field if type_ is Primitive.STRING else Convert(field, type_, Primitive.STRING)
    lower = FunctionCall(Operation.TO_LOWER, Primitive.STRING, (value,))
    found = Match(TextMatch.CONTAINS, lower, binder.constant(text, position))
    # NOT must find what is null, too.
    return Compare(Comparison.EQ, found, Truth(True), True) if nullable else found


def _member_match(binder: Names, field: Field, type_: EnumType, nullable: bool, text: str, position: int) -> Condition:
    parameters = tuple(binder.constant(each.value, position) for each in type_.members if text in each.name.lower())
    if not parameters:
        return Truth(False)
    if type_.is_flags:
        flags = _either([HasFlags(field, each) for each in parameters])
        return Compare(Comparison.EQ, flags, Truth(True), True) if nullable else flags
    return OneOf(field, parameters, False if nullable else None)


def _either(conditions: list[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))

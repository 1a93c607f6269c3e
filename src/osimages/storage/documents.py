"""From checked properties to what is stored: the ready-to-send JSON document and the rows of the item tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from osimages.edm.types import ComplexType, EntityType, EnumType, Model, Property, PropertyType

Row = tuple[object, ...]

_encode = msgspec.json.Encoder().encode


def document(model: Model, entity: EntityType, properties: Mapping[str, object]) -> bytes:
    """The JSON of an entity, with `@odata.type` as Graph's documentation spells it.

    Entities carry it with "#" and complex values without, in that documentation; see docs/deviations.md.
    """
    members: dict[str, object] = {"@odata.type": f"#{model.qualified(entity.name)}"}
    for declared in entity.properties:
        if declared.name in properties:
            members[declared.name] = _annotated(model, declared, properties[declared.name])
    return _encode(members)


def properties(entity: EntityType, stored: bytes) -> dict[str, object]:
    """The checked properties that a document was made of."""
    members: dict[str, object] = msgspec.json.decode(stored)
    return {declared.name: _plain(members[declared.name]) for declared in entity.properties if declared.name in members}


def item_rows(declared: Property, items: object) -> Iterator[Row]:
    """Rows for the item table of a collection: (ordinal, column values in order)."""
    assert isinstance(items, list)
    if isinstance(declared.type, ComplexType):
        types = [(each.name, each.type) for each in declared.type.properties]
        for ordinal, item in enumerate(items):
            yield (ordinal, *(column_value(type_, item[name]) for name, type_ in types))
    else:
        for ordinal, item in enumerate(items):
            yield (ordinal, column_value(declared.type, item))


def column_value(type_: PropertyType, value: object) -> object:
    """What stands in a column for a JSON value: the number of an enumeration member, else the value itself."""
    if isinstance(type_, EnumType) and isinstance(value, str):
        return type_.by_name[value].value
    return value


def _annotated(model: Model, declared: Property, value: object) -> object:
    if not isinstance(declared.type, ComplexType):
        return value
    annotation = {"@odata.type": model.qualified(declared.type.name)}
    if isinstance(value, list):
        return [annotation | item for item in value]
    return annotation | value if isinstance(value, dict) else value


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if name != "@odata.type"}
    return value

"""From checked properties to what is stored: the ready-to-send JSON document and the rows of the item tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache

import msgspec

from osimages.odata.model import value_encoding
from osimages.odata.model.types import ComplexType, EntityType, EnumType, Model, Primitive, Property, PropertyType

Row = tuple[object, ...]
Encode = Callable[[object], object]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(dict[str, object], float_hook=Decimal).decode


def document(model: Model, entity: EntityType, properties: Mapping[str, object]) -> bytes:
    """The JSON of an entity, with `@odata.type`.

    Entities carry it with "#" and complex values without, in that documentation; see docs/deviations.md.
    """
    members: dict[str, object] = {"@odata.type": f"#{model.qualified(entity.name)}"}
    for declared in entity.properties:
        if declared.name in properties:
            members[declared.name] = _annotated(model, declared, properties[declared.name])
    return _encode(members)


def properties(entity: EntityType, stored: bytes) -> dict[str, object]:
    """The checked properties that a document was made of."""
    members = _decode(stored)
    return {each.name: _plain(each.type, members[each.name]) for each in entity.properties if each.name in members}


def item_rows(declared: Property, items: object) -> Iterator[Row]:
    """Rows for the item table of a collection: (ordinal, column values in order)."""
    assert isinstance(items, list)
    columns = _column_encoders(declared.type)
    for ordinal, item in enumerate(items):
        yield (ordinal, *[encode(item) for encode in columns])


def main_row(entity: EntityType, properties: Mapping[str, object]) -> Row:
    """The values of the columns for single values, in the order in which the tables declare them."""
    single = (each for each in entity.properties if not each.collection)
    return tuple(
        encode(properties.get(each.name))
        for each in single
        for encode in _column_encoders(each.type)[1 if each.name == entity.key else 0 :]  # the key has its own column
    )


@cache
def _column_encoders(type_: PropertyType) -> tuple[Encode, ...]:
    """What makes each column of a value: enumerations are numbers, other types are encoded so that they compare.

    A complex value has the columns of its parts, a date and time also its offset.
    """
    if isinstance(type_, ComplexType):
        single = (part for part in type_.properties if not part.collection)
        return tuple(_of_part(part.name, encode) for part in single for encode in _column_encoders(part.type))
    if isinstance(type_, EnumType):
        return (_member_number(type_),)
    encode = value_encoding.TO_COLUMN.get(type_)
    own = _as_it_is if encode is None else _unless_null(encode)
    offset = _unless_null(lambda value: value_encoding.moment(str(value))[1])
    return (own, offset) if type_ is Primitive.DATETIMEOFFSET else (own,)


def _of_part(name: str, encode: Encode) -> Encode:
    return lambda value: encode(value.get(name) if isinstance(value, dict) else None)


def _member_number(type_: EnumType) -> Encode:
    numbers: dict[object, object] = {None: None} | {name: member.value for name, member in type_.by_name.items()}

    def encode(value: object) -> object:
        if value in numbers:
            return numbers[value]
        return sum({type_.by_name[name.strip()].value for name in str(value).split(",")})

    return encode


def _as_it_is(value: object) -> object:
    return value


def _unless_null(encode: Encode) -> Encode:
    return lambda value: None if value is None else encode(value)


def _annotated(model: Model, declared: Property, value: object) -> object:
    if not isinstance(declared.type, ComplexType):
        return value
    annotation = {"@odata.type": model.qualified(declared.type.name)}
    if isinstance(value, list):
        return [annotation | item for item in value]
    return annotation | value if isinstance(value, dict) else value


def _plain(type_: PropertyType, value: object) -> object:
    if isinstance(value, list):
        return [_plain(type_, item) for item in value]
    if isinstance(value, dict) and isinstance(type_, ComplexType):
        return {each.name: _plain(each.type, value[each.name]) for each in type_.properties if each.name in value}
    return float(value) if isinstance(value, Decimal) and type_ is not Primitive.DECIMAL else value

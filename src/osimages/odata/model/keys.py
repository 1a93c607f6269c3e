"""Keys of entities: their texts in URLs, their JSON values, and their values in a column of a table.

Inside the engine a key is its canonical text: `42`, `2026-11-24`, `windows 11`. Texts that mean the same key, such as
one moment with two offsets, have one canonical text.

Source: OData CSDL 4.01, section 6.5 (types that a key can have); URL conventions, section 4.3.1 (keys in URLs).
"""

from __future__ import annotations

import re
from decimal import Decimal

from osimages.odata.model.primitives import canonical
from osimages.odata.model.types import EntityType, Primitive
from osimages.odata.model.value_encoding import TO_COLUMN, TO_TEXT

_INTEGERS = frozenset((Primitive.BYTE, Primitive.SBYTE, Primitive.INT16, Primitive.INT32, Primitive.INT64))
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?", re.ASCII)
# Literals whose type may stand in front: duration'P1D'.
_PREFIXED = re.compile(r"(?P<type>[A-Za-z]+)?'(?P<value>[^']*)'")


def is_made_by_the_service(entity: EntityType) -> bool:
    """Whether an entity that is created without a key gets one: a GUID."""
    return entity.key_type in (Primitive.STRING, Primitive.GUID)


def canonical_key(entity: EntityType, text: str) -> str:
    """Return the canonical text of a key as a path has it. Raises ValueError for what is no key of that type."""
    if entity.key_type is Primitive.STRING:
        return text
    return key_text(entity, _read(entity.key_type, text))


def key_text(entity: EntityType, value: object) -> str:
    """Return the canonical text of a key, of its JSON value. Raises ValueError."""
    if entity.key_type is Primitive.STRING:
        return str(value)
    return key_of_column(entity, _column(entity.key_type, canonical(entity.key_type, value)))


def key_value(entity: EntityType, key: str) -> object:
    """Return the JSON value of a key."""
    return key if entity.key_type is Primitive.STRING else canonical(entity.key_type, _read(entity.key_type, key))


def column_of_key(entity: EntityType, key: str) -> object:
    """Return the value of a key in a column, by which it is compared and sorted."""
    return key if entity.key_type is Primitive.STRING else _column(entity.key_type, key_value(entity, key))


def key_of_column(entity: EntityType, value: object) -> str:
    """Return the canonical text of a key that was read from a column."""
    return TO_TEXT[entity.key_type](value)


def _column(type_: Primitive, value: object) -> object:
    encode = TO_COLUMN.get(type_)
    return value if encode is None else encode(value)


def _read(type_: Primitive, text: str) -> object:
    prefixed = _PREFIXED.fullmatch(text)
    if prefixed is not None and (prefixed["type"] or "").lower() in ("", type_.value.removeprefix("Edm.").lower()):
        text = prefixed["value"]
    if type_ in _INTEGERS and _WHOLE.fullmatch(text):
        return int(text)
    if type_ is Primitive.DECIMAL and _DECIMAL.fullmatch(text):
        return Decimal(text)
    if type_ is Primitive.BOOLEAN and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if type_ in _INTEGERS or type_ in (Primitive.DECIMAL, Primitive.BOOLEAN):
        raise ValueError(text)
    return text

"""Entities with no metadata, or with all of it, made of the stored ones that carry what Graph's documentation shows.

Source: https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControllingtheAmountofControlInforma
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from osimages.edm.types import ComplexType, EntityType, EnumType, Model, Primitive, Property
from osimages.wire.media import JsonForm, Metadata

_encode = msgspec.json.Encoder().encode
# JSON itself tells these from each other (JSON format, section 4.6.3).
_SELF_EVIDENT = frozenset((Primitive.STRING, Primitive.BOOLEAN, Primitive.DOUBLE))
Address = Callable[[str], str]


def in_form(
    form: JsonForm, model: Model, entity: EntityType, document: bytes, address: Address, etag: str | None = None
) -> bytes:
    """A document in another form than the stored one; `address` gives the URL of a key."""
    if form.metadata is Metadata.MINIMAL:
        return document
    members: dict[str, Any] = msgspec.json.decode(document)
    if form.metadata is Metadata.NONE:
        return _encode(_bare(members))
    url = address(members[entity.key])
    head: dict[str, Any] = {"@odata.type": members.pop("@odata.type"), "@odata.id": url, "@odata.editLink": url}
    if etag is not None:
        head["@odata.etag"] = etag
    return _encode(head | _full(model, entity.by_name, members))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items() if "@" not in name}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _full(model: Model, declared: dict[str, Property], members: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members.items():
        property_ = declared.get(name)
        if property_ is None:
            found[name] = value
            continue
        if (annotation := _type_annotation(model, property_)) is not None:
            found[f"{name}@odata.type"] = annotation
        found[name] = _full_value(model, property_, value)
    return found


def _full_value(model: Model, declared: Property, value: Any) -> Any:
    if not isinstance(declared.type, ComplexType):
        return value
    if isinstance(value, list):
        return [_full(model, declared.type.by_name, item) for item in value]
    return _full(model, declared.type.by_name, value) if isinstance(value, dict) else value


def _type_annotation(model: Model, declared: Property) -> str | None:
    if isinstance(declared.type, ComplexType | EnumType):
        name = model.qualified(declared.type.name)
    elif declared.type in _SELF_EVIDENT and not declared.collection:
        return None
    else:
        name = declared.type.value.removeprefix("Edm.")
    if declared.collection:
        return f"#Collection({name})"
    # A complex value carries its type itself.
    return None if isinstance(declared.type, ComplexType) else f"#{name}"

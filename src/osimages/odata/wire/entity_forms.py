"""Entities in other forms than the stored one, which carries the types of entities and of complex values.

With no metadata or all of it, with large numbers as text, and with annotations as OData 4.01 spells them.

Source: https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControllingtheAmountofControlInforma
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from osimages.odata.model.keys import key_text
from osimages.odata.model.types import ComplexType, EntityType, EnumType, Model, Primitive, Property
from osimages.odata.wire.media_types import JsonForm, Metadata

# Decimals keep all their digits on the way through.
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
# JSON itself tells these from each other (JSON format, section 4.6.3).
_SELF_EVIDENT = frozenset((Primitive.STRING, Primitive.BOOLEAN, Primitive.DOUBLE))
# What a double cannot hold exactly is text in the form with IEEE754Compatible=true (JSON format, section 3.2).
AS_TEXT = frozenset((Primitive.INT64, Primitive.DECIMAL))
_STORED_TYPE = "@odata.type"
Address = Callable[[str], str]


def in_form(
    form: JsonForm,
    model: Model,
    entity: EntityType,
    document: bytes,
    address: Address,
    etag: str | None = None,
    *,
    is_read_only: bool = False,
) -> bytes:
    """Return a stored document in the requested form; `address` gives the URL of a key.

    With all metadata an entity has its links; one that nobody can change has a read link instead of an edit link (JSON
    format, section 4.6.9).
    """
    if form.is_stored:
        return document
    members: dict[str, Any] = _decode(document)
    head: dict[str, Any] = {}
    if form.metadata is not Metadata.NONE and _STORED_TYPE in members:
        head[f"{form.annotation}type"] = members[_STORED_TYPE]
    if form.metadata is Metadata.FULL:
        url = address(key_text(entity, members[entity.key]))
        head |= {f"{form.annotation}id": url, f"{form.annotation}{'readLink' if is_read_only else 'editLink'}": url}
        if etag is not None:
            head[f"{form.annotation}etag"] = etag
        return _encode(head | _members(form, model, entity.by_name, members) | _navigation_links(form, entity, url))
    return _encode(head | _members(form, model, entity.by_name, members))


def _navigation_links(form: JsonForm, entity: EntityType, url: str) -> dict[str, str]:
    """Return the navigation links and association links of each navigation property (JSON format, section 8.1)."""
    found: dict[str, str] = {}
    for each in entity.navigation:
        found[f"{each.name}{form.annotation}associationLink"] = f"{url}/{each.name}/$ref"
        found[f"{each.name}{form.annotation}navigationLink"] = f"{url}/{each.name}"
    return found


def _members(
    form: JsonForm, model: Model, declared: Mapping[str, Property], members: Mapping[str, Any]
) -> dict[str, Any]:
    """The properties; each with its annotation before it (JSON format, section 4.5)."""
    found: dict[str, Any] = {}
    for name, value in members.items():
        if name == _STORED_TYPE:
            continue
        property_ = declared.get(name)
        if property_ is None:  # made by the query, with no declared type
            found[name] = value
            continue
        if form.metadata is Metadata.FULL and (annotation := type_annotation(model, property_)) is not None:
            found[f"{name}{form.annotation}type"] = annotation
        found[name] = _value(form, model, property_, value)
    return found


def _value(form: JsonForm, model: Model, declared: Property, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(form, model, declared, item) for item in value]
    if isinstance(declared.type, ComplexType) and isinstance(value, dict):
        head: dict[str, Any] = {}
        if form.metadata is not Metadata.NONE:
            head[f"{form.annotation}type"] = f"#{model.qualified(declared.type.name)}"
        return head | _members(form, model, declared.type.by_name, value)
    if form.numbers_as_strings and declared.type in AS_TEXT and value is not None:
        return str(value)
    return value


def type_annotation(model: Model, declared: Property) -> str | None:
    """Return the type that stands before the value of a property, None where JSON or the value itself tells it."""
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

"""Answers to writes on one property of an entity: its value replaced, changed in part, added to, or made null.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_ManagingValuesandPropertiesDirectly
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from osimages.odata.model.types import ComplexType, Property
from osimages.odata.service.call import Call
from osimages.odata.service.reading import property_reply
from osimages.odata.service.reply import Reply
from osimages.odata.service.request_body import json_body
from osimages.odata.service.stored import tag_of, unknown_key
from osimages.odata.service.writing import applied_return, check_no_items, condition_of


async def replace(call: Call) -> Reply:
    """Another value for the property."""
    body = json_body(call.request)
    value = _value(call, body)
    return await _write(call, lambda _: value, body)


async def update(call: Call) -> Reply:
    """Other values for some parts of a complex property; the others stay."""
    body = json_body(call.request)

    def merged(stored: object) -> object:
        parts = stored if isinstance(stored, dict) else {}
        return _value(call, parts | body if isinstance(body, dict) else body)

    return await _write(call, merged, body)


async def add(call: Call) -> Reply:
    """One more item at the end of a collection."""
    declared, body = _declared(call), json_body(call.request)
    validator = call.engine.schema.validator(call.target.entity)
    if isinstance(declared.type, ComplexType) or not isinstance(body, dict):
        item = validator.item(declared, body)
    else:
        item = validator.item(declared, body.get("value"), "value")
    return await _write(call, lambda stored: _checked(call, [*_items(stored), item]), body)


async def remove(call: Call) -> Reply:
    """The property becomes null. Raises ODataError(MODEL_VALIDATION) where it cannot be."""
    declared = _declared(call)
    value = call.engine.schema.validator(call.target.entity).value(declared, None, declared.name)
    return await _write(call, lambda _: value, None)


async def _write(call: Call, changed: Callable[[object], object], body: object) -> Reply:
    """Stores what `changed` makes of the value that is stored."""
    check_no_items(call)
    key, declared = call.target.key, _declared(call)
    assert key is not None
    validator = call.engine.schema.validator(call.target.entity)

    def changes(stored: Mapping[str, object]) -> Mapping[str, object]:
        return validator.update({declared.name: changed(stored.get(declared.name))}, key)

    stored = await call.change(key, call.changes().update(call.tenant, key, changes, condition_of(call, body)))
    if stored is None:
        raise unknown_key(key)
    applied = applied_return(call)
    if call.preferences.returned != "representation":
        return Reply(204, headers=(*tag_of(stored), *applied))
    reply = property_reply(call, stored)
    return msgspec.structs.replace(reply, headers=(*reply.headers, *applied))


def _declared(call: Call) -> Property:
    assert call.target.declared is not None
    return call.target.declared


def _value(call: Call, body: object) -> object:
    """A complex value is the body itself; any other stands in it as `value`, as in an answer."""
    declared = _declared(call)
    if isinstance(declared.type, ComplexType) and not declared.collection:
        return call.engine.schema.validator(call.target.entity).value(declared, body, "")
    return _checked(call, _member(body))


def _checked(call: Call, value: object) -> object:
    return call.engine.schema.validator(call.target.entity).value(_declared(call), value)


def _member(body: object) -> object:
    return body.get("value") if isinstance(body, dict) else body


def _items(stored: object) -> list[object]:
    return stored if isinstance(stored, list) else []

"""Answers to writes on one property of an entity: its value replaced, changed in part, added to, or made null.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_ManagingValuesandPropertiesDirectly
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from osimages.edm.types import ComplexType, Property
from osimages.edm.validate import Checked
from osimages.errors import UNKNOWN_KEY, ServiceError
from osimages.http.body import json_body
from osimages.http.call import Call
from osimages.http.reading import property_reply, stored_entity, tag_of
from osimages.http.reply import Reply
from osimages.http.writing import applied_return, condition_of
from osimages.plan.query import Stored
from osimages.wire.payload import member


class _ChangedError(Exception):
    """Another request wrote between the reading and the writing of this one."""


async def replace(call: Call) -> Reply:
    """Another value for the property."""
    declared = _declared(call)
    body = json_body(call.request)
    return await _write(call, _value(call, declared, body), body)


async def update(call: Call) -> Reply:
    """Other values for some parts of a complex property; the others stay."""
    declared = _declared(call)
    body = json_body(call.request)

    def merged(stored: object) -> object:
        parts = stored if isinstance(stored, dict) else {}
        return _value(call, declared, parts | body if isinstance(body, dict) else body)

    return await _change(call, merged, body)


async def add(call: Call) -> Reply:
    """One more item at the end of a collection."""
    declared = _declared(call)
    body = json_body(call.request)
    item = body if isinstance(declared.type, ComplexType) else _member(body)
    validator = call.version.validator(call.target.entity)
    validator.value(declared, [item])
    return await _change(call, lambda stored: validator.value(declared, [*_items(stored), item]), body)


async def remove(call: Call) -> Reply:
    """The property becomes null. Raises ServiceError(MODEL_VALIDATION) where it cannot be."""
    declared = _declared(call)
    return await _write(call, call.version.validator(call.target.entity).value(declared, None, declared.name), None)


async def _change(call: Call, changed: Callable[[object], object], body: object) -> Reply:
    """Writes what `changed` makes of the stored value, once no other request comes in between."""
    while True:
        before = await stored_entity(call)
        value = changed(msgspec.json.decode(member(before.document, _declared(call).name)))
        try:
            return await _write(call, value, body, before)
        except _ChangedError:
            continue


async def _write(call: Call, value: object, body: object, before: Stored | None = None) -> Reply:
    form = call.form(call.query())
    key, name = call.target.key, _declared(call).name
    assert key is not None
    asked = condition_of(call, body)

    def check(stored: Stored) -> None:
        if before is not None and stored.version != before.version:
            raise _ChangedError
        if asked is not None:
            asked(stored)

    changes: Checked = call.version.validator(call.target.entity).update({name: value}, key)
    stored = await call.service.store(call.target).update(call.actor.tenant, key, changes, check)
    if stored is None:
        raise ServiceError(UNKNOWN_KEY, key=key[:512])
    applied = applied_return(call)
    if call.preferences().returned != "representation":
        return Reply(204, headers=(*tag_of(stored), *applied))
    reply = property_reply(call, form, stored)
    return msgspec.structs.replace(reply, headers=(*reply.headers, *applied))


def _declared(call: Call) -> Property:
    assert call.target.declared is not None
    return call.target.declared


def _value(call: Call, declared: Property, body: object) -> object:
    """A complex value is the body itself; any other stands in it as `value`, as in an answer."""
    validator = call.version.validator(call.target.entity)
    if isinstance(declared.type, ComplexType) and not declared.collection:
        return validator.value(declared, body, "")
    return validator.value(declared, _member(body))


def _member(body: object) -> object:
    return body.get("value") if isinstance(body, dict) else body


def _items(stored: object) -> list[object]:
    return stored if isinstance(stored, list) else []

"""Answers to POST, PATCH and DELETE: the body is checked against the model before anything is stored."""

from __future__ import annotations

import uuid

import msgspec

from osimages.edm.validate import Checked
from osimages.errors import NAME_EXISTS, PRECONDITION_FAILED, UNKNOWN_KEY, ServiceError
from osimages.http.body import json_body
from osimages.http.call import Call
from osimages.http.reading import singleton_id, singleton_reply
from osimages.http.reply import Header, Reply
from osimages.plan.query import Stored
from osimages.plan.resolve import Kind, Target
from osimages.storage.store import Condition, KeyTakenError
from osimages.wire.etag import check_if_match, check_if_none_match, etag
from osimages.wire.media import JsonForm
from osimages.wire.payload import entity_body


async def create(call: Call) -> Reply:
    """A new entity, under the key that the body gives or a GUID."""
    form = call.form(call.query())
    properties = call.version.validator(call.target.entity).create(json_body(call.request))
    key = str(properties.get(call.target.entity.key) or uuid.uuid4())
    try:
        stored = await call.service.store(call.target).create(call.actor.tenant, key, properties)
    except KeyTakenError:
        raise ServiceError(NAME_EXISTS, target=call.target.entity.key, key=key) from None
    return _written(call, form, 201, stored, _location(call, key))


async def update(call: Call) -> Reply:
    """New values for some properties of an entity."""
    form = call.form(call.query())
    key = _key(call.target)
    changes: Checked = call.version.validator(call.target.entity).update(json_body(call.request), key)
    stored = await call.service.store(call.target).update(call.actor.tenant, key, changes, _condition(call))
    if stored is None:
        raise ServiceError(UNKNOWN_KEY, key=key[:512])
    return _written(call, form, 200, stored, ())


async def replace(call: Call) -> Reply:
    """All values of an entity at once: what is left out is empty. The entity is made where there is none.

    `If-None-Match: *` makes it only, `If-Match` replaces it only (OData Protocol, section 11.4.4).
    """
    form = call.form(call.query())
    key, validator = _key(call.target), call.version.validator(call.target.entity)
    body = json_body(call.request)
    validator.update(body, key)  # refuses another key
    whole = validator.create(body | {call.target.entity.key: key} if isinstance(body, dict) else body)
    store, tenant = call.service.store(call.target), call.actor.tenant
    while True:
        stored = await store.update(tenant, key, whole, _condition(call))
        if stored is not None:
            return _written(call, form, 200, stored, ())
        if (asked := call.request.header(b"if-match")) is not None:
            raise ServiceError(PRECONDITION_FAILED, etag="none, as it does not exist", asked=asked[:128])
        try:
            stored = await store.create(tenant, key, whole)
        except KeyTakenError:
            continue  # another request made it in between: now it can be replaced
        return _written(call, form, 201, stored, _location(call, key))


async def remove(call: Call) -> Reply:
    """Takes an entity away."""
    call.query()
    key = _key(call.target)
    if not await call.service.store(call.target).remove(call.actor.tenant, key, _condition(call)):
        raise ServiceError(UNKNOWN_KEY, key=key[:512])
    return Reply(204)


async def update_singleton(call: Call) -> Reply:
    """The singleton has nothing that could change; a body that is otherwise right is accepted."""
    call.version.validator(call.target.entity).update(json_body(call.request), singleton_id(call))
    headers = _applied(call)
    if call.preferences().returned == "minimal":
        return Reply(204, headers=headers)
    reply = singleton_reply(call)
    return msgspec.structs.replace(reply, headers=(*reply.headers, *headers))


def _written(call: Call, form: JsonForm, status: int, stored: Stored, headers: tuple[Header, ...]) -> Reply:
    """The reply to a write. Its form is settled before anything is stored: what is refused leaves nothing behind."""
    headers = (*headers, (b"etag", etag(stored.version).encode()), *_applied(call))
    if call.preferences().returned == "minimal":
        return Reply(204, headers=headers)
    one = Target(Kind.ENTITY, call.target.singleton, call.target.navigation)
    body = entity_body(call.context(form, call.links.context(one)), call.document(form, stored), None, form.annotation)
    return Reply(status, body, form.content_type, headers)


def _location(call: Call, key: str) -> tuple[Header, ...]:
    location = call.links.entity(call.target, key).encode("ascii")
    return ((b"location", location), (b"odata-entityid", location))


def _applied(call: Call) -> tuple[Header, ...]:
    returned = call.preferences().returned
    return call.applied(None if returned is None else f"return={returned}")


def _condition(call: Call) -> Condition | None:
    match, none_match = call.request.header(b"if-match"), call.request.header(b"if-none-match")
    if match is None and none_match is None:
        return None

    def check(stored: Stored) -> None:
        check_if_match(match, stored.version)
        check_if_none_match(none_match, stored.version)

    return check


def _key(target: Target) -> str:
    assert target.key is not None
    return target.key

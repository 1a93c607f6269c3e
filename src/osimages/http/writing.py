"""Answers to POST, PATCH and DELETE: the body is checked against the model before anything is stored."""

from __future__ import annotations

import uuid

from osimages.edm.validate import Checked
from osimages.errors import NAME_EXISTS, UNKNOWN_KEY, ServiceError
from osimages.http.body import json_body
from osimages.http.call import Call
from osimages.http.reading import singleton_body, singleton_id
from osimages.http.reply import ODATA_JSON, Header, Reply
from osimages.plan.query import Stored
from osimages.plan.resolve import Kind, Target
from osimages.storage.store import Condition, KeyTakenError
from osimages.wire.etag import check_if_match, etag
from osimages.wire.payload import entity_body


async def create(call: Call) -> Reply:
    """A new entity, under the key that the body gives or a GUID."""
    call.query()
    properties = call.version.validator(call.target.entity).create(json_body(call.request))
    key = str(properties.get(call.target.entity.key) or uuid.uuid4())
    try:
        stored = await call.service.store(call.target).create(call.actor.tenant, key, properties)
    except KeyTakenError:
        raise ServiceError(NAME_EXISTS, target=call.target.entity.key, key=key) from None
    location = call.links.entity(call.target, key).encode("ascii")
    return _written(call, 201, stored, ((b"location", location), (b"odata-entityid", location)))


async def update(call: Call) -> Reply:
    """New values for some properties of an entity."""
    call.query()
    key = _key(call.target)
    changes: Checked = call.version.validator(call.target.entity).update(json_body(call.request), key)
    stored = await call.service.store(call.target).update(call.actor.tenant, key, changes, _condition(call))
    if stored is None:
        raise ServiceError(UNKNOWN_KEY, key=key[:512])
    return _written(call, 200, stored, ())


async def remove(call: Call) -> Reply:
    """Takes an entity away."""
    call.query()
    key = _key(call.target)
    if not await call.service.store(call.target).remove(call.actor.tenant, key, _condition(call)):
        raise ServiceError(UNKNOWN_KEY, key=key[:512])
    return Reply(204)


async def update_singleton(call: Call) -> Reply:
    """The singleton has nothing that could change; a body that is otherwise right is accepted."""
    query = call.query()
    call.version.validator(call.target.entity).update(json_body(call.request), singleton_id(call))
    if call.wants_minimal_return():
        return Reply(204, headers=((b"preference-applied", b"return=minimal"),))
    return Reply(200, singleton_body(call, query.select), ODATA_JSON)


def _written(call: Call, status: int, stored: Stored, headers: tuple[Header, ...]) -> Reply:
    headers = (*headers, (b"etag", etag(stored.version).encode()))
    if call.wants_minimal_return():
        return Reply(204, headers=(*headers, (b"preference-applied", b"return=minimal")))
    one = Target(Kind.ENTITY, call.target.singleton, call.target.navigation)
    return Reply(status, entity_body(call.links.context(one), stored.document, None), ODATA_JSON, headers)


def _condition(call: Call) -> Condition | None:
    asked = call.request.header(b"if-match")
    if asked is None:
        return None
    return lambda stored: check_if_match(asked, stored.version)


def _key(target: Target) -> str:
    assert target.key is not None
    return target.key

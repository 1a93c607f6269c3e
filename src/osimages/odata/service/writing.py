"""Answers to POST, PATCH and DELETE: the body is checked against the model before anything is stored."""

from __future__ import annotations

import uuid

from osimages.odata.errors import INVALID_SELECT, NAME_EXISTS, PRECONDITION_FAILED, ODataError
from osimages.odata.model.body_validation import Checked
from osimages.odata.model.keys import key_text, key_value
from osimages.odata.plan.query import Stored
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.service.call import Call
from osimages.odata.service.reply import Header, Reply
from osimages.odata.service.request_body import json_body
from osimages.odata.service.stored import unknown_key
from osimages.odata.sql.transaction_script import KeyTakenError
from osimages.odata.sql.writes import Condition
from osimages.odata.wire.etags import check_if_match, check_if_none_match, etag
from osimages.odata.wire.payload import entity_body


async def create(call: Call) -> Reply:
    """A new entity, under the key that the body gives or a GUID."""
    check_no_items(call)
    properties = call.engine.schema.validator(call.target.entity).create(json_body(call.request))
    given = properties.get(call.target.entity.key)
    key = str(uuid.uuid4()) if given is None else key_text(call.target.entity, given)
    try:
        stored = await call.change(key, call.changes().create(call.tenant, key, properties))
    except KeyTakenError:
        raise ODataError(NAME_EXISTS, target=call.target.entity.key, key=key) from None
    return _written(call, 201, stored, _location(call, key))


async def update(call: Call) -> Reply:
    """New values for some properties of an entity; where there is none, one is made if the client asks for that.

    OData lets a service make it always (Protocol, section 11.4.4). Here a client asks for that with
    `Prefer: create-if-missing` or `If-None-Match: *`.
    """
    check_no_items(call)
    key, body = _key(call.target), json_body(call.request)
    changes: Checked = call.engine.schema.validator(call.target.entity).update(body, key)
    if _makes_missing(call):
        return await _put(call, changes, body)
    stored = await call.change(key, call.changes().update(call.tenant, key, changes, condition_of(call, body)))
    if stored is None:
        raise unknown_key(key)
    return _written(call, 200, stored, ())


async def replace(call: Call) -> Reply:
    """All values of an entity at once: what is left out is empty. The entity is made where there is none.

    `If-None-Match: *` makes it only, `If-Match` replaces it only (OData Protocol, section 11.4.4).
    """
    check_no_items(call)
    key, body = _key(call.target), json_body(call.request)
    call.engine.schema.validator(call.target.entity).update(body, key)  # refuses another key
    asked = call.conditions.match or etag_in(body)
    if asked is None:
        return await _put(call, None, body)
    whole = _whole(call, key, body)
    stored = await call.change(key, call.changes().update(call.tenant, key, whole, condition_of(call, body)))
    if stored is None:
        raise ODataError(PRECONDITION_FAILED, etag="none, as it does not exist", asked=asked[:128])
    return _written(call, 200, stored, ())


async def remove(call: Call) -> Reply:
    """Takes an entity away."""
    key = _key(call.target)
    if not await call.change(key, call.changes().remove(call.tenant, key, condition_of(call, None))):
        raise unknown_key(key)
    return Reply(204)


def _written(call: Call, status: int, stored: Stored, headers: tuple[Header, ...]) -> Reply:
    """The reply to a write. Its form is settled before anything is stored: a rejected request leaves nothing behind."""
    headers = (*headers, (b"etag", etag(stored.version).encode()), *applied_return(call))
    if call.preferences.returned == "minimal":
        return Reply(204, headers=headers)
    one, select = Target(Kind.ENTITY, call.target.singleton, call.target.entity_set), call.query.select
    context = call.context(call.links.context(one, select))
    body = entity_body(context, call.document(stored), select, call.form.annotation)
    return Reply(status, body, call.form.content_type, headers)


def check_no_items(call: Call) -> None:
    """Raise ODataError(INVALID_SELECT) if the query of a write chooses items, which is for reading."""
    for each in call.query.items:
        raise ODataError(INVALID_SELECT, target="$select", reason=f"items of '{each.name}' are chosen with GET only")


def _location(call: Call, key: str) -> tuple[Header, ...]:
    location = call.links.entity(call.target, key).encode("ascii")
    return ((b"location", location), (b"odata-entityid", location))


def applied_return(call: Call) -> tuple[Header, ...]:
    """The header that says which preferences of a write were honoured."""
    returned = call.preferences.returned
    return call.applied(None if returned is None else f"return={returned}")


def _whole(call: Call, key: str, body: object) -> Checked:
    """All properties of an entity that a body is to make, under the key in the address."""
    validator = call.engine.schema.validator(call.target.entity)
    named = {call.target.entity.key: key_value(call.target.entity, key)}
    return validator.create(body | named if isinstance(body, dict) else body)


async def _put(call: Call, changes: Checked | None, body: object) -> Reply:
    """Changes an entity (without changes: all of it), or makes it where there is none."""
    key = _key(call.target)
    whole = _whole(call, key, body)
    values = whole if changes is None else changes
    stored, created = await call.change(
        key, call.changes().put(call.tenant, key, values, whole, condition_of(call, body))
    )
    return _written(call, 201 if created else 200, stored, _location(call, key) if created else ())


def _makes_missing(call: Call) -> bool:
    if call.conditions.match is not None:
        return False
    return (call.conditions.none_match or "").strip() == "*" or call.preferences.create_if_missing


def condition_of(call: Call, body: object) -> Condition | None:
    """What the headers of a write, and the ETag in its body, demand of the entity that is there."""
    match, none_match = call.conditions.match, call.conditions.none_match
    inside = etag_in(body)
    if match is None and none_match is None and inside is None:
        return None

    def check(stored: Stored) -> None:
        check_if_match(match, stored.version)
        check_if_match(inside, stored.version)
        check_if_none_match(none_match, stored.version)

    return check


def etag_in(body: object) -> str | None:
    """The ETag that a body carries: it binds as If-Match does (JSON format, section 24, item 28)."""
    if not isinstance(body, dict):
        return None
    found = body.get("@odata.etag", body.get("@etag"))
    return found if isinstance(found, str) else None


def _key(target: Target) -> str:
    assert target.key is not None
    return target.key

"""Answers for singletons."""

from __future__ import annotations

import msgspec

from osimages.odata.plan.query import Stored
from osimages.odata.service.call import Call
from osimages.odata.service.reply import Reply
from osimages.odata.service.request_body import json_body
from osimages.odata.service.stored import stored_entity, stored_singleton, tag_of
from osimages.odata.service.writing import applied_return, condition_of
from osimages.odata.wire.payload import entity_body


async def read(call: Call) -> Reply:
    """The whole singleton, or what is selected of it."""
    stored = await stored_entity(call)
    return Reply(304, headers=tag_of(stored)) if call.conditions.is_current(stored.version) else _reply(call, stored)


async def update(call: Call) -> Reply:
    """A singleton has nothing that clients can change; a body that is otherwise right is accepted."""
    body, stored = json_body(call.request), await stored_singleton(call)
    assert call.target.singleton is not None
    call.engine.schema.validator(call.target.entity).update(body, call.target.singleton.name)
    if (condition := condition_of(call, body)) is not None:
        condition(stored)
    headers = applied_return(call)
    if call.preferences.returned == "minimal":
        return Reply(204, headers=(*tag_of(stored), *headers))
    reply = _reply(call, stored)
    return msgspec.structs.replace(reply, headers=(*reply.headers, *headers))


def _reply(call: Call, stored: Stored) -> Reply:
    context = call.context(call.links.context(call.target, call.query.select))
    body = entity_body(context, call.document(stored), call.query.select, call.form.annotation)
    return Reply(200, body, call.form.content_type, tag_of(stored))

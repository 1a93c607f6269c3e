"""Items of a batch that read entities of one set by their keys, and differ in nothing else.

They are answered together: one question to the database, and what their requests mean is found out once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from osimages.graph.denial_audit import refusal_reply
from osimages.graph.permissions import authorise
from osimages.odata.errors import ODataError
from osimages.odata.plan.resolve import Kind
from osimages.odata.service.call import Call
from osimages.odata.service.reading import entity_reply, unknown_key
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.slices import cut

# An item, by its key, as a request, and the key of the entity that it asks for.
Asked = tuple[str | None, ApiRequest, str]


def alike(call: Call, requests: Iterable[tuple[str | None, ApiRequest]]) -> list[list[Asked]]:
    """Those of a batch's requests that can be answered together, each with the key of its item.

    They say nothing but a path and a query string: their headers are those that all items have.
    """
    service, groups = call.service, dict[tuple[str, str], list[Asked]]()
    most = service.settings.max_url_bytes
    if service.faults.rules:  # which may be about one of them alone
        return []
    for item, request in requests:
        if len(request.path) + len(request.query) > most:
            continue
        target = service.address(request.path).target
        if target is not None and target.kind is Kind.ENTITY:
            groups.setdefault((target.source, request.query), []).append((item, request, str(target.key)))
    return [group for group in groups.values() if len(group) > 1]


async def replies(batch: Call, group: list[Asked]) -> list[Reply]:
    """The replies to all of a group; none where each has to be answered by itself after all.

    Raises ODataError where something is wrong with each of them, and what the store raises.
    """
    service, first = batch.service, group[0][1]
    target = service.address(first.path).target
    assert target is not None
    call = msgspec.structs.replace(batch, request=first, target=target)
    authorise(call.actor, target, first.method)
    look = call.look()
    if look.query.is_worked_out:
        return []
    found = await service.store(target).get_all(call.actor.tenant, [key for _, _, key in group])

    def reply(request: ApiRequest, key: str) -> Reply:
        try:
            if service.throttle is not None:
                service.throttle.admit(call.actor.tenant, call.actor.application, request.method)
            if key not in found:
                raise unknown_key(key)
        except ODataError as error:
            return refusal_reply(service, request, error)
        return entity_reply(look, found[key].version, call.document(look.form, found[key]))

    parts = cut(len(found[key].document) if key in found else 0 for _, _, key in group)
    return await service.slices.run(
        call.actor.tenant, parts, lambda part: [reply(request, key) for _, request, key in group[part]]
    )

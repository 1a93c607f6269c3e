"""Answers to delta(): what was created, changed and deleted in a set since the client last asked.

OData Protocol, section 11.3. The first round gives everything; each
round ends with `@odata.deltaLink`, where the next one begins. Changes come in the order in which they were made: an
entity that changes during a round comes later again, so that none is missed.
"""

from __future__ import annotations

import msgspec

from osimages.odata.errors import INVALID_DELTATOKEN, RESYNC_REQUIRED, ODataError
from osimages.odata.model.keys import key_value
from osimages.odata.plan.build import Query, build_delta
from osimages.odata.plan.delta_tokens import DeltaState
from osimages.odata.plan.query import Change, DeltaPage, Fate
from osimages.odata.service.call import Call
from osimages.odata.service.reading import chosen
from osimages.odata.service.reply import Reply
from osimages.odata.service.slices import cut
from osimages.odata.wire.payload import collection_body, projected

_NOW = "latest"
_REASONS = {Fate.CHANGED: "changed", Fate.DELETED: "deleted"}
_encode = msgspec.json.Encoder().encode


async def delta(call: Call) -> Reply:
    """A page of changes, with a link to the next page or, at the end of the round, to the next round."""
    query, form = call.query, call.form
    try:
        state, page, preference = await _page(call, query)
    except ODataError as error:
        if error.condition is RESYNC_REQUIRED:
            error.headers["Location"] = call.links.delta(call.target, call.request.query)
        raise
    following = call.engine.tokens.deltas.following(state, page, call.tenant)
    token = call.engine.tokens.deltas.write(following, call.tenant, call.purpose())
    option = "$skiptoken" if page.more else "$deltatoken"
    link = call.checked_link(call.links.delta(call.target, call.request.query, option, token))
    body = collection_body(
        call.context(call.links.collection_context(call.type_name, query.select)),
        await _entries(call, query, page),
        total=None,
        next_link=link if page.more else None,
        delta_link=None if page.more else link,
        annotation=form.annotation,
    )
    return Reply(200, body, form.content_type, call.applied(preference))


async def _page(call: Call, query: Query) -> tuple[DeltaState | None, DeltaPage, str | None]:
    """Where the client stands, what follows there, and the preference that was honoured."""
    wanted, limits = call.preferences, call.engine.limits.query
    most = limits.page_size
    sizes = [each for each in (query.top or None, wanted.page_size, most) if each is not None]
    state = _state(call, query)
    store, tenant = call.store, call.tenant
    if query.deltatoken == _NOW:
        page = await store.delta(tenant, build_delta(query, None, 0, now=call.now))
        page = DeltaPage((), page.newest, False, page.newest)
    else:
        page = await store.delta(tenant, build_delta(query, state, min(sizes), limits.page_bytes, call.now))
    if state is not None and page.newest < state.after:  # a database of an earlier time
        raise ODataError(RESYNC_REQUIRED)
    preference = None if wanted.page_size is None else f"{wanted.page_size_name}={min(wanted.page_size, most)}"
    return state, page, preference


def _state(call: Call, query: Query) -> DeltaState | None:
    """How far the client has come; None where it starts."""
    if query.deltatoken is not None and query.skiptoken is not None:
        raise ODataError(INVALID_DELTATOKEN, target="$deltatoken")
    token = query.deltatoken or query.skiptoken
    if token is None or query.deltatoken == _NOW:
        return None
    return call.engine.tokens.deltas.read(token, call.tenant, call.purpose())


async def _entries(call: Call, query: Query, page: DeltaPage) -> list[bytes]:
    def work(part: slice) -> list[bytes]:
        return [_entry(call, query, each) for each in page.changes[part]]

    parts = cut(len(each.document) for each in page.changes)
    return await call.engine.slices.run(call.tenant, parts, work)


def _entry(call: Call, query: Query, change: Change) -> bytes:
    if change.fate is not Fate.PRESENT:
        return _encode(
            {
                call.target.entity.key: key_value(call.target.entity, change.key),
                "@removed": {"reason": _REASONS[change.fate]},
            }
        )
    stored = change.document
    if query.items:
        (stored,) = chosen(call.form, query, (stored,), (change.computed,))
    (document,) = call.documents((stored,))
    return document if query.select is None else projected(document, (call.target.entity.key, *query.select))

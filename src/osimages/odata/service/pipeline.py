"""The whole path of a request: `prepare` finds out what is asked, by whom and whether it is allowed; `run` does it."""

from __future__ import annotations

import msgspec

from osimages.odata.errors import BAD_HOST, LIMIT_EXCEEDED, UNKNOWN_SEGMENT, ODataError
from osimages.odata.plan.resolve import Kind, Target, check_method
from osimages.odata.service.batch.runner import batch
from osimages.odata.service.call import Call
from osimages.odata.service.conditional import TAGGED, collection_tag, conditions_of, tag_header
from osimages.odata.service.engine import Change, Engine
from osimages.odata.service.error_replies import reply_of
from osimages.odata.service.handlers import HANDLERS
from osimages.odata.service.principal import Principal
from osimages.odata.service.reply import Reply, check_odata_headers, preflight
from osimages.odata.service.request import WITH_BODY, ApiRequest, ReadBody
from osimages.odata.service.request_body import query_text
from osimages.odata.service.rewrite_url import rewritten
from osimages.odata.service.schema_index import UNBOUND
from osimages.odata.service.service_limits import ServiceLimits
from osimages.odata.wire.links import Links
from osimages.odata.wire.preferences import NO_PREFERENCES, preferences

_NOBODY = Principal("")
EVERY_METHOD = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))
# To decode so many bytes takes at most 0.5 ms.
_LONG_BODY_BYTES = 16 * 1024
# Tokens have a limit of their own; browsers send the cookies of every other server on the same host.
_NOT_COUNTED = frozenset((b"authorization", b"cookie"))


async def answer(engine: Engine, request: ApiRequest, read: ReadBody, change: Change | None = None) -> Reply:
    """Return the reply to a request of the network or to an item of a batch, whatever happens.

    `change` runs the script of a write, in the place of a transaction of its own.
    """
    try:
        if request.method == "OPTIONS":
            check_size(request, engine.limits)
            return preflight(EVERY_METHOD, request)
        return await run(await prepare(engine, request, read, change))
    except Exception as error:
        return reply_of(engine.hooks.errors, request, error)


async def prepare(engine: Engine, request: ApiRequest, read: ReadBody, change: Change | None = None) -> Call:
    """Return the call that a request makes. Its body is read once it is known to be welcome. Raises ODataError."""
    hooks, schema = engine.hooks, engine.schema
    check_size(request, engine.limits)
    if not request.origin:
        raise ODataError(BAD_HOST)
    check_odata_headers(request)
    address = schema.address(request.path)
    # The items of a batch have its principal. Nobody needs a token for what describes the service.
    principal = request.principal or (_NOBODY if address.is_open else await hooks.authenticate(request))
    path = address.path
    if address.is_indirect:
        request, path = rewritten(request, schema.root, path)
    if hooks.intercept is not None and hooks.intercept.is_active and not address.is_open:
        await hooks.intercept.before(request, principal)
    target = address.target or schema.target(path)
    check_method(target, request.method, request.path)
    if not address.is_open:
        hooks.authorize(principal, target, request.method)
        if hooks.limit is not None:
            hooks.limit.admit(principal, target, request.method)
        if hooks.admit is not None and (admission := hooks.admit(request, principal)) is not None:
            await admission
    links, conditions, meaning, tag = Links(f"{request.origin}{schema.root}"), conditions_of(request), UNBOUND, None
    if target.kind in TAGGED and request.method == "GET":
        tag = await collection_tag(engine, request, principal, target, links)
    method = request.method
    if method in WITH_BODY:
        request = await _with_body(engine, request, principal, target, read)
        if target.kind is Kind.QUERY and target.asked is not None:
            request, target, method = _query_in_body(request, engine.limits), target.asked, "GET"
    # A tag cannot be made up: a query whose answer is known to be unchanged was bound before.
    if target.kind is not Kind.BATCH and not conditions.is_current_collection(tag):
        meaning = schema.meaning(target, method, request.query, request.headers.get(b"accept", b""), request.version)
    return Call(
        engine,
        request,
        principal,
        target,
        method,
        links,
        meaning.query,
        meaning.form,
        preferences(request.header(b"prefer")) if b"prefer" in request.headers else NO_PREFERENCES,
        conditions,
        tag,
        change or engine.change,
    )


async def run(call: Call) -> Reply:
    """Return the reply to a call. Raises ODataError, and the errors of stores."""
    if call.conditions.is_current_collection(call.tag):
        return Reply(304, headers=tag_header(call.tag))
    if call.target.kind is Kind.BATCH:
        if call.request.principal is not None:
            raise ODataError(UNKNOWN_SEGMENT, segment="$batch")
        try:
            return await batch(call, answer, prepare, run)
        except ODataError:
            _charge_malformed_batch(call.engine, call.principal, call.target)
            raise
    return await HANDLERS[call.target.kind, call.method](call)


async def _with_body(
    engine: Engine, request: ApiRequest, principal: Principal, target: Target, read: ReadBody
) -> ApiRequest:
    try:
        body = await read(engine.limits.max_body_bytes, "max_body_bytes")
    except ODataError:
        _charge_malformed_batch(engine, principal, target)
        raise
    if len(body) > _LONG_BODY_BYTES:  # one of them is decoded in each pass of the event loop
        await engine.slices.begin(principal.tenant)
    return msgspec.structs.replace(request, body=body)


def _query_in_body(request: ApiRequest, limits: ServiceLimits) -> ApiRequest:
    """Return the request with the options of a query that is too long for a URL (URL conventions, section 5)."""
    query = "&".join(filter(None, (request.query, query_text(request, limits.max_query_bytes))))
    return msgspec.structs.replace(request, query=query)


def _charge_malformed_batch(engine: Engine, principal: Principal, target: Target) -> None:
    """Count a batch that cannot be run as a write. Otherwise its items count one by one."""
    if target.kind is Kind.BATCH and engine.hooks.limit is not None:
        engine.hooks.limit.charge_malformed_batch(principal)


def check_size(request: ApiRequest, limits: ServiceLimits) -> None:
    """Raise ODataError(LIMIT_EXCEEDED) for headers or a URL that are too long, before anything reads them.

    Links with a token may be longer than other URLs.
    """
    limit = limits.max_header_bytes
    size = 0
    for name, value in request.headers.items():
        if name not in _NOT_COUNTED:
            size += len(name) + len(value)
    if size > limit:
        raise ODataError(LIMIT_EXCEEDED, what="The headers' size", limit=limit, setting="max_header_bytes")
    most, length = limits.max_url_bytes, len(request.path) + len(request.query)
    if length <= most:
        return
    query = request.query.lower()
    if (
        len(request.path) > most
        or length > limits.longest_link
        or not ("skiptoken=" in query or "deltatoken=" in query)
    ):
        raise ODataError(LIMIT_EXCEEDED, what="The URL's length", limit=most, setting="max_url_bytes")

"""The whole path of a request, in one place: who asks, for what, whether they may, and the answer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from osimages.graph.auxiliary_routes import elsewhere
from osimages.graph.denial_audit import refusal_reply
from osimages.graph.emulator_mount import emulator_reply
from osimages.graph.permissions import authorise
from osimages.graph.tenant_storage import Subject
from osimages.odata.errors import (
    BAD_HOST,
    LIMIT_EXCEEDED,
    METHOD_NOT_ALLOWED,
    UNKNOWN_SEGMENT,
    UNKNOWN_VERSION,
    ODataError,
)
from osimages.odata.plan.resolve import Kind, check_method
from osimages.odata.service.batch.runner import batch
from osimages.odata.service.call import Call
from osimages.odata.service.collection_etags import TAGGED, collection_tag, is_unchanged, tag_header
from osimages.odata.service.handlers import HANDLERS
from osimages.odata.service.principal import Actor
from osimages.odata.service.reply import Reply, check_odata_headers, preflight
from osimages.odata.service.request import WITH_BODY, ApiRequest, ReadBody
from osimages.odata.service.rewrite_url import readdressed
from osimages.odata.service.service import Service
from osimages.odata.wire.links import Links

_NONE: Mapping[Subject, int] = {}
_NOBODY = Actor(tenant="", application="", user=None, permissions=frozenset())
# A client that forgets the version gets 405 for these: https://github.com/pnp/pnpjs/issues/2807.
_SYSTEM_RESOURCES = frozenset(("$batch", "%24batch", "$query", "%24query"))
_EVERY_METHOD = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))

# To decode so many bytes takes at most 0.5 ms.
_LONG_BODY_BYTES = 16 * 1024
# Tokens have a limit of their own; browsers send the cookies of every other server on the same host.
_NOT_COUNTED = frozenset((b"authorization", b"cookie"))


async def answer(service: Service, request: ApiRequest, read: ReadBody) -> Reply:
    """The reply to a request, whose body is read once it is known to be welcome. Raises ODataError."""
    if request.actor is None:  # an item of a batch came under the host of the batch
        service.known_hosts.check(request)
    _check_size(service, request)
    address = service.address(request.path)
    version, path, is_open = address.version, address.path, address.is_open
    if version is None and (reply := await elsewhere(service, request, read)) is not None:
        return reply
    if version is None and (reply := await emulator_reply(service, request, read)) is not None:
        return reply
    if request.method == "OPTIONS":
        return preflight(_EVERY_METHOD, request)
    if not request.origin:
        raise ODataError(BAD_HOST)
    check_odata_headers(request)
    if version is None:
        if request.method == "POST" and address.root.lower() in _SYSTEM_RESOURCES:
            raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": ""})
        raise ODataError(UNKNOWN_VERSION, version=address.root[:128])
    authorization = request.headers.get(b"authorization")
    actor = request.actor or (_NOBODY if is_open else await service.authentication.authenticate(authorization))
    if address.is_indirect:
        request, path = readdressed(request, version.name, path)
    if service.faults.rules and not is_open:
        await service.faults.meet(actor.tenant, request)
    target = address.target or version.target(path)
    check_method(target, request.method, request.path)
    if not is_open:
        authorise(actor, target, request.method)
        if service.throttle is not None:
            if target.kind is Kind.BATCH:
                service.throttle.check_batches(actor.tenant, actor.application)
            else:
                service.throttle.admit(actor.tenant, actor.application, request.method)
        if request.actor is None and not service.tenants.is_admitted(actor.tenant):
            await service.tenants.admit(actor.tenant)
        if service.tenants.revocations or actor.user is not None:
            service.standing.check(actor, service.tenants.revocations.get(actor.tenant, _NONE))
    links = Links(f"{request.origin}/{version.name}")
    tag = None
    if target.kind in TAGGED and request.method == "GET":
        tag = await collection_tag(service, request, actor, target, links)
        if tag is not None and is_unchanged(request, tag):
            return Reply(304, headers=tag_header(tag))
    call = Call(service, version, request, actor, target, links, tag)
    if target.kind is Kind.BATCH:
        return await _batch(call, read)
    if request.method in WITH_BODY:
        call = await _with_body(call, read)
    return await HANDLERS[target.kind, request.method](call)


async def _with_body(call: Call, read: ReadBody) -> Call:
    body = await read(call.service.settings.max_body_bytes, "max_body_bytes")
    if len(body) > _LONG_BODY_BYTES:  # one of them is decoded in each pass of the event loop
        await call.service.slices.begin(call.actor.tenant)
    return msgspec.structs.replace(call, request=msgspec.structs.replace(call.request, body=body))


async def _batch(call: Call, read: ReadBody) -> Reply:
    """The reply to a batch: its items count one by one against the limits of its sender, a malformed one as a write."""
    if call.request.actor is not None:
        raise ODataError(UNKNOWN_SEGMENT, segment="$batch")
    try:
        return await batch(await _with_body(call, read), reply_to)
    except ODataError:
        if call.service.throttle is not None:
            call.service.throttle.charge_batch(call.actor.tenant, call.actor.application)
        raise


async def reply_to(service: Service, request: ApiRequest, read: ReadBody) -> Reply:
    """The reply to a request, whatever happens: the way in for the network and for the items of a batch."""
    try:
        return await answer(service, request, read)
    except Exception as error:
        return refusal_reply(service, request, error)


def _check_size(service: Service, request: ApiRequest) -> None:
    """Raise ODataError(LIMIT_EXCEEDED) for headers or a URL that are too long, before anything reads them.

    Links with a token may be longer than other URLs.
    """
    limit = service.settings.max_header_bytes
    size = sum(len(name) + len(value) for name, value in request.headers.items() if name not in _NOT_COUNTED)
    if size > limit:
        raise ODataError(LIMIT_EXCEEDED, what="The headers' size", limit=limit, setting="max_header_bytes")
    most, length = service.settings.max_url_bytes, len(request.path) + len(request.query)
    if length <= most:
        return
    query = request.query.lower()
    if (
        len(request.path) > most
        or length > service.longest_link
        or not ("skiptoken=" in query or "deltatoken=" in query)
    ):
        raise ODataError(LIMIT_EXCEEDED, what="The URL's length", limit=most, setting="max_url_bytes")

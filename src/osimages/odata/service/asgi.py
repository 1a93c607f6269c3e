"""What ASGI needs around the path of a request."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import structlog

from osimages.graph.route_names import METRICS_ROUTE, route_of
from osimages.odata.errors import ODataError
from osimages.odata.plan.resolve import Kind
from osimages.odata.service.incoming import IncomingBody
from osimages.odata.service.outgoing import Send
from osimages.odata.service.pipeline import reply_to
from osimages.odata.service.reply import compressed, headers_of
from osimages.odata.service.request import ApiRequest, Receive, Scope, read_body, request_of
from osimages.odata.service.service import Service

_COMPRESSED_AT_ONCE = 128 * 1024
_SHORT = frozenset(
    (
        *(Kind.ENTITY, Kind.SINGLETON, Kind.SERVICE, Kind.METADATA),
        *(Kind.COUNT, Kind.VALUE, Kind.PROPERTY_COUNT, Kind.REFERENCE),
    )
)
_log = structlog.get_logger()


async def respond(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request; of a connection with many at once (HTTP/2) when it is its turn."""
    if scope["http_version"] == "2":
        async with service.outgoing.turn(scope):
            await _respond(service, scope, receive, send)
    else:
        await _respond(service, scope, receive, send)


async def _respond(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    started = time.perf_counter()
    request = request_of(scope, service.front)
    settings = service.settings
    if service.outgoing.is_full and _may_be_large(service, request):
        await service.outgoing.wait_for_room()
    incoming = IncomingBody(receive, settings.max_body_seconds)
    read = partial(read_body, request, incoming.receive, settings.max_body_seconds)
    reply = await reply_to(service, request, read)
    headers = headers_of(reply, request)
    body = reply.body
    compress = partial(compressed, reply, request, settings.gzip_minimum_bytes)
    # zlib lets other threads run, so that long answers are compressed beside the event loop.
    zipped = compress() if len(body) <= _COMPRESSED_AT_ONCE else await asyncio.to_thread(compress)
    if zipped is not None:
        body = zipped
        headers.append((b"content-encoding", b"gzip"))
    status = reply.status
    # Of a compressed body the plain one is not kept while a client reads.
    del reply, compress
    if status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(body)))
    seconds = time.perf_counter() - started
    if not incoming.is_complete:
        await incoming.discard(scope, request.headers, status, settings.max_discarded_bytes)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    route = route_of(service, request.path)
    # A scrape that counted itself would change what it reads. Counted before its answer is sent, a request is in every
    # scrape that its client asks for later.
    if route != METRICS_ROUTE:
        service.metrics.count(route, scope["method"], status, seconds)
    await service.outgoing.send(scope, send, b"" if scope["method"] == "HEAD" else body)
    if settings.access_log:
        _log_request(service, request, route, scope["method"], status, seconds)


def _may_be_large(service: Service, request: ApiRequest) -> bool:
    """Return whether the answer may be longer than an entity."""
    address = service.address(request.path)
    if address.target is None:
        return address.version is not None
    return address.target.kind not in _SHORT


def _log_request(service: Service, request: ApiRequest, route: str, method: str, status: int, seconds: float) -> None:
    """Write the line of a request in the access log; a token that was rejected names no tenant."""
    try:
        actor = service.authentication.verify(request.headers.get(b"authorization"))
    except ODataError:
        actor = None
    _log.info(
        "request",
        client=request.client,
        tenant=actor.tenant if actor else "",
        application=actor.application if actor else "",
        method=method,
        route=route,
        path=request.path,
        status=status,
        duration_ms=round(seconds * 1000, 2),
        request_id=request.request_id,
    )

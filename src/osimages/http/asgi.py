"""What ASGI needs around the path of a request; whatever goes wrong on it becomes an error reply here."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import structlog

from osimages.http.control import control
from osimages.http.dashboard import dashboard, is_dashboard, is_front_door
from osimages.http.development import development_reply
from osimages.http.failures import failure_reply
from osimages.http.pipeline import reply_to
from osimages.http.reply import Reply, compressed, headers_of
from osimages.http.request import ApiRequest, ReadBody, Receive, Scope, read_body, request_of
from osimages.http.service import Service

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_log = structlog.get_logger()


async def respond(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one HTTP request."""
    started = time.perf_counter()
    request = request_of(scope, service.front)
    read = partial(read_body, request, receive, service.settings.max_body_seconds)
    answers = reply_to if service.address(request.path).version is not None else _elsewhere
    reply = await answers(service, request, read)
    headers = headers_of(reply, request)
    body = reply.body
    zipped = compressed(reply, request, service.settings.gzip_minimum_bytes)
    if zipped is not None:
        body = zipped
        headers.append((b"content-encoding", b"gzip"))
    if reply.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
    seconds = time.perf_counter() - started
    service.metrics.count(scope["method"], reply.status, seconds)
    if service.settings.access_log:
        _log.info(
            "request",
            method=scope["method"],
            path=request.path,
            status=reply.status,
            milliseconds=round(seconds * 1000, 2),
            request_id=request.request_id,
        )


async def _elsewhere(service: Service, request: ApiRequest, read: ReadBody) -> Reply:
    """The reply to a request for something else than the API."""
    try:
        if request.path.startswith("/-/"):
            return await development_reply(service, request, read) or control(service, request)
        if is_dashboard(request.path) or is_front_door(request):
            return await dashboard(service, request)
    except Exception as error:
        return failure_reply(service, request, error)
    return await reply_to(service, request, read)

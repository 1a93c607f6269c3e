"""Between ASGI and the path of a request: reads requests, compresses and sends replies, bounds what waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from osimages.odata.service.incoming import IncomingBody
from osimages.odata.service.outgoing import Outgoing, Send
from osimages.odata.service.reply import EXPOSED, Header, Reply, compressed, headers_of
from osimages.odata.service.request import ApiRequest, ReadBody, Receive, Scope, read_body, request_of
from osimages.odata.service.service_limits import TransportLimits

_COMPRESSED_AT_ONCE = 128 * 1024
# Returns the reply to a request, whatever happens.
Answer = Callable[[ApiRequest, ReadBody], Awaitable[Reply]]
# Is called with each request, its method, its status and the seconds until its reply was ready.
Observe = Callable[[ApiRequest, str, int, float], None]


class Transport:
    """Serves requests of one process; applications that are served together share one.

    `always` are headers of every reply, `exposed` the names of headers that scripts of other origins may read.
    `observe` is called before a reply is sent, `log` once it is sent.
    """

    def __init__(
        self,
        limits: TransportLimits | None = None,
        *,
        always: tuple[Header, ...] = (),
        exposed: bytes = EXPOSED,
        observe: Observe | None = None,
        log: Observe | None = None,
    ) -> None:
        self._limits = limits = limits or TransportLimits()
        self._always = always
        self._exposed = exposed
        self._observe = observe
        self._log = log
        self.outgoing = Outgoing(
            limits.max_unsent_bytes, limits.max_unsent_connection_bytes, limits.write_timeout_seconds
        )

    def serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        answer: Answer,
        may_be_large: Callable[[ApiRequest], bool] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Answer one HTTP request; of a connection with many at once (HTTP/2) when it is its turn."""
        serve = self._serve_in_turn if scope["http_version"] == "2" else self._serve
        return serve(scope, receive, send, answer, may_be_large)

    async def _serve_in_turn(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        answer: Answer,
        may_be_large: Callable[[ApiRequest], bool] | None,
    ) -> None:
        async with self.outgoing.turn(scope):
            await self._serve(scope, receive, send, answer, may_be_large)

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        answer: Answer,
        may_be_large: Callable[[ApiRequest], bool] | None,
    ) -> None:
        started = time.perf_counter()
        request, limits = request_of(scope), self._limits
        if self.outgoing.is_full and may_be_large is not None and may_be_large(request):
            await self.outgoing.wait_for_room()
        incoming = IncomingBody(receive, limits.max_body_seconds)
        reply = await answer(request, partial(read_body, request, incoming.receive, limits.max_body_seconds))
        headers = headers_of(reply, request, self._always, self._exposed)
        body = reply.body
        compress = partial(compressed, reply, request, limits.gzip_minimum_bytes)
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
            await incoming.discard(scope, request.headers, status, limits.max_discarded_bytes)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        # Counted before its answer is sent, a request is in every scrape that its client asks for later.
        if self._observe is not None:
            self._observe(request, scope["method"], status, seconds)
        await self.outgoing.send(scope, send, b"" if scope["method"] == "HEAD" else body)
        if self._log is not None:
            self._log(request, scope["method"], status, seconds)

"""Ends a worker soon after its last request, although idle connections of HTTP/2 are still open.

The server library asks such connections to end (GOAWAY) and then waits for their clients without a limit. A client that
holds one between two calls, as httpx and the Python SDK do, does not read that before its next call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import struct
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# How long nothing may have happened before the worker ends: longer than a request takes from the socket to the
# application, or a chunk of an answer to a client that reads it.
QUIET_SECONDS = 0.2
# How long requests that begin after a stop signal may put off the end of the connections that they come by.
_LATE_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Members of Linux's struct tcp_info: milliseconds since data was sent and received, round-trip time in microseconds.
_TCP_INFO = struct.Struct("@44xI4xI12xI")
# A client that takes little at once asks for more after a round trip.
_ROUND_TRIPS = 3


class Draining:
    """An ASGI application around another one that ends the process once a stop signal came and all is quiet.

    Quiet: no request is under way, and for `QUIET_SECONDS` no connection has sent or received data (where the system
    tells: only Linux does). The application is shut down through its lifespan protocol first. `end` ends the process.

    A worker that serves clients of HTTP/2 holds the server's own stop back. That sends GOAWAY and then PING, which
    clients built on h2 (httpx, and so the Python SDK) take for an error: they would lose each answer they wait for.
    """

    def __init__(self, application: Application, end: Callable[[], None]) -> None:
        self._application = application
        self._end = end
        self._under_way: set[object] = set()
        self._speaks_http2 = False
        self._is_late = False
        self._held: list[Callable[[], object]] = []
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._draining: asyncio.Task[None] | None = None
        self._is_drained = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle one request, or the server's lifespan."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        self._speaks_http2 |= scope["http_version"] == "2"
        self._is_late |= self._draining is not None
        request = object()
        self._under_way.add(request)
        try:
            await self._application(scope, receive, send)
        finally:
            self._under_way.remove(request)

    def hold_stop_of(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put this object before the signal handlers that the server is about to add to its event loop."""
        add = loop.add_signal_handler

        def add_held(number: int, handler: Callable[..., object], *arguments: object) -> None:
            add(number, self._stop_or_hold, partial(handler, *arguments))

        # The server library has no other place for it.
        loop.add_signal_handler = add_held  # type: ignore[method-assign, assignment]

    def _stop_or_hold(self, stop: Callable[[], object]) -> None:
        """Run the server's own stop, or hold it back while there are clients of HTTP/2. Called by the event loop."""
        if not self._speaks_http2:
            stop()
            return
        self._held.append(stop)
        self._start_draining()

    def _release(self) -> None:
        while self._held:
            self._held.pop()()

    async def _live(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Run the application's lifespan, whose shutdown comes from the server, or from here once all is quiet."""
        loop = asyncio.get_running_loop()
        from_server = asyncio.create_task(self._forward(receive))

        async def sent(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                _on_stop_signal(lambda: loop.call_soon_threadsafe(self._start_draining))
            await send(message)

        try:
            await self._application(scope, self._messages.get, sent)
        finally:
            from_server.cancel()
            if self._draining is not None:
                self._draining.cancel()
            if self._is_drained:
                self._end()

    async def _forward(self, receive: Receive) -> None:
        while True:
            await self._messages.put(await receive())

    def _start_draining(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """Shut the application down once no request was under way, and no connection in use, for `QUIET_SECONDS`.

        Under a steady flow of new requests it is never quiet: then the server asks its connections to end, once the
        requests from before the signal have their answers.
        """
        now = asyncio.get_running_loop().time
        early = frozenset(self._under_way)
        release_at = now() + _LATE_SECONDS
        idle_since: float | None = None
        while True:
            if self._under_way & early:
                release_at = now() + _LATE_SECONDS
            elif self._is_late and now() >= release_at:
                self._release()
            idle_since = None if self._under_way else idle_since or now()
            is_idle = idle_since is not None and now() - idle_since >= QUIET_SECONDS
            if is_idle and not await asyncio.to_thread(connections_are_busy, QUIET_SECONDS) and not self._under_way:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        self._is_drained = True
        await self._messages.put({"type": "lifespan.shutdown"})


def end_process() -> None:
    """End this process at once, with success: what the server library still waits for is nothing of value."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def connections_are_busy(seconds: float) -> bool:
    """Return whether a TCP connection of this process has sent or received data within `seconds` (a few round trips, if
    that is longer), or has data that its client has not taken yet. False where the system does not report it.
    """
    if sys.platform != "linux":
        return False
    return any(_is_busy(int(each.name), seconds) for each in Path("/proc/self/fd").iterdir())


def _is_busy(file: int, seconds: float) -> bool:
    from fcntl import ioctl
    from termios import TIOCOUTQ

    try:
        if not stat.S_ISSOCK(os.fstat(file).st_mode):
            return False
        with socket.socket(fileno=os.dup(file)) as connection:
            connection.getpeername()
            (unsent,) = struct.unpack("i", ioctl(file, TIOCOUTQ, b"\0" * 4))
            found = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    except OSError:  # closed meanwhile, listening, or not TCP
        return False
    sent, received, round_trip = _TCP_INFO.unpack(found)
    return bool(unsent) or min(sent, received) / 1e3 < max(seconds, _ROUND_TRIPS * round_trip / 1e6)


def _on_stop_signal(stop: Callable[[], object]) -> None:
    """Call `stop` on SIGINT and SIGTERM, besides what is done anyway.

    An event loop's own handlers are called through a file descriptor, so that these here may come before them.
    """
    for each in _STOP_SIGNALS:
        before = signal.getsignal(each)

        def handle(number: int, frame: Any, before: Any = before) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                stop()
            if callable(before):
                before(number, frame)

        # Only the main thread may set handlers; a worker in another one ends as the server library has it.
        with contextlib.suppress(ValueError):
            signal.signal(each, handle)
            if hasattr(signal, "siginterrupt"):
                signal.siginterrupt(each, False)

"""Sends the bodies of answers, and bounds how many bytes of them wait for clients that do not read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from osimages.odata.service.abort import abort_connection
from osimages.odata.service.request import Scope
from osimages.odata.sql.fair_semaphore import FairSemaphore

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# The server holds back whoever sends a body in parts until the client has read enough of it; one that comes at once is
# copied, however little the client reads.
CHUNK_BYTES = 64 * 1024
# One connection of HTTP/2 has a hundred streams, so that as much could wait in each.
_LONGEST_UNCHUNKED = {"2": 16 * 1024}
# Requests of one connection of HTTP/2 that are worked on at once; those of HTTP/1.1 come one by one.
_MOST_ACTIVE = 8
# Who has read nothing for so long is disconnected where bytes of others need the room.
_STALLED_SECONDS = 2.0
_LOOK_SECONDS = 0.1
# Requests that were begun while there was room may all get large answers. Beyond so many times the limit it does not
# count any more who reads.
_OVERSHOOT = 4
# A page is held as stored and as written, until its answer is.
_COPIES = 2
_Client = tuple[str, int]
_log = structlog.get_logger()


class _Connection:
    """A connection with requests or answers that are under way."""

    def __init__(self, client: _Client) -> None:
        self.client = client
        self.requests = 0
        self.answers: set[_Answer] = set()
        self.unsent = 0
        self.has_room = asyncio.Event()
        self.turns = asyncio.Semaphore(_MOST_ACTIVE)


class _Answer:
    """A body that is under way: the bytes that the server has not taken yet, and how long the next ones may take."""

    def __init__(self, connection: _Connection, unsent: int, patience: asyncio.Timeout) -> None:
        self.connection = connection
        self.unsent = unsent
        self.patience = patience
        self.progressed = 0.0


class Outgoing:
    """The bodies under way in this process. For use from one thread: the event loop's.

    - `most_of_connection`: while so many bytes wait on a connection of HTTP/2, its next requests are not begun.
    - `most`: beyond its half, connections whose answers have not progressed for seconds are closed; beyond it, requests
      that may get large answers wait.
    - `seconds`: an answer that does not progress for so long closes its connection.

    A single answer may be longer than either limit.
    """

    def __init__(self, most: int, most_of_connection: int, seconds: float) -> None:
        self._most = most
        self._most_of_connection = most_of_connection
        self._seconds = seconds
        self._connections: dict[_Client, _Connection] = {}
        self._answers: dict[_Answer, None] = {}  # the one that progressed last is the last one
        self.unsent = 0
        self._making = 0
        self._entrance = FairSemaphore(1)
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def turn(self, scope: Scope) -> AsyncIterator[None]:
        """Wait until the connection of a request has room for one more answer, and hold a place until it is sent."""
        connection = self._connection(_client(scope))
        connection.requests += 1
        try:
            async with connection.turns:
                while connection.unsent >= self._most_of_connection:
                    connection.has_room.clear()
                    await connection.has_room.wait()
                yield
        finally:
            connection.requests -= 1
            self._forget_idle(connection)

    @property
    def is_full(self) -> bool:
        """Whether so many bytes wait or are being written that no request should begin whose answer may be large."""
        return self.unsent + self._making > self._most

    async def wait_for_room(self) -> None:
        """Wait until clients have read enough, or those that do not read are disconnected."""
        while self.is_full:
            self._make_room(self._most / 2, _STALLED_SECONDS)
            if self.is_full:
                self._freed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._freed.wait(), _LOOK_SECONDS)

    @asynccontextmanager
    async def making(self, tenant: str) -> AsyncIterator[Callable[[int], None]]:
        """Wait for room for one more page, tenants in turns. Yield a function that counts the bytes of its documents.

        They count until the block ends, when the page is written. A hundred pages that are requested at once are
        therefore not all in memory while the first one is written.
        """
        await self._entrance.acquire(tenant)
        try:
            await self.wait_for_room()
        finally:
            self._entrance.release()
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size * _COPIES
            self._making += size * _COPIES

        try:
            yield hold
        finally:
            self._making -= held
            self._freed.set()

    async def send(self, scope: Scope, send: Send, body: bytes) -> None:
        """Send a body, after the head of its answer. If the client does not read it, close the connection."""
        if len(body) <= _LONGEST_UNCHUNKED.get(scope["http_version"], CHUNK_BYTES):
            await send({"type": "http.response.body", "body": body})
            return
        try:
            async with asyncio.timeout(self._seconds) as patience:
                await self._send(send, body, self._begin(_client(scope), len(body), patience))
        except TimeoutError:
            client, server = _client(scope), scope.get("server")
            port = int(server[1] or 0) if server else 0
            is_closed = await asyncio.to_thread(abort_connection, client, port)
            _log.info("answer not read", client=client[0], bytes=len(body), connection_closed=is_closed)

    async def _send(self, send: Send, body: bytes, answer: _Answer) -> None:
        try:
            for start in range(0, len(body), CHUNK_BYTES):
                chunk = body[start : start + CHUNK_BYTES]
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._progress(answer, len(chunk))
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._end(answer)

    def _begin(self, client: _Client, size: int, patience: asyncio.Timeout) -> _Answer:
        connection, now = self._connection(client), asyncio.get_running_loop().time()
        answer = _Answer(connection, size, patience)
        answer.progressed = now
        connection.answers.add(answer)
        connection.unsent += size
        self.unsent += size
        self._answers[answer] = None
        self._make_room(self._most / 2, _STALLED_SECONDS, answer)
        self._make_room(self._most * _OVERSHOOT, 0, answer)
        return answer

    def _make_room(self, most: float, seconds: float, but: _Answer | None = None) -> None:
        """Close connections whose answers have not progressed for `seconds`, until no more than `most` bytes wait."""
        latest = asyncio.get_running_loop().time() - seconds
        while self.unsent > most:
            oldest = next(iter(self._answers))
            if oldest is but or oldest.progressed > latest:
                return
            self._evict(oldest.connection, but)

    def _connection(self, client: _Client) -> _Connection:
        return self._connections.get(client) or self._connections.setdefault(client, _Connection(client))

    def _progress(self, answer: _Answer, size: int) -> None:
        if answer in self._answers:  # else it is being evicted
            self._take(answer, size)
            self._answers[answer] = self._answers.pop(answer)
            answer.progressed = asyncio.get_running_loop().time()
            answer.patience.reschedule(answer.progressed + self._seconds)

    def _take(self, answer: _Answer, size: int) -> None:
        answer.unsent -= size
        answer.connection.unsent -= size
        self.unsent -= size
        self._freed.set()
        if answer.connection.unsent < self._most_of_connection:
            answer.connection.has_room.set()

    def _evict(self, connection: _Connection, but: _Answer | None) -> None:
        """Let all answers on a connection time out now."""
        for each in connection.answers - {but}:
            self._end(each)
            each.patience.reschedule(0)

    def _end(self, answer: _Answer) -> None:
        if answer not in self._answers:
            return
        del self._answers[answer]
        self._take(answer, answer.unsent)
        answer.connection.answers.discard(answer)
        self._forget_idle(answer.connection)

    def _forget_idle(self, connection: _Connection) -> None:
        if not connection.answers and not connection.requests:
            self._connections.pop(connection.client, None)


def _client(scope: Scope) -> _Client:
    """The address and the port of the peer; those on a socket without addresses count as one."""
    # A middleware that believes forwarded headers leaves the peer of the connection here.
    host, port = scope.get("peer") or scope.get("client") or ("", 0)
    return host, int(port)

"""The journal of each tenant's last requests, so that tests can ask what a program has sent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from osimages.graph.state.masking import MASK, is_secret, masked, masked_text

MOST_BYTES = 1024 * 1024
LONGEST_BODY = 64 * 1024
_MOST_BYTES_OF_ALL = 64 * 1024 * 1024
_MOST_TOKENS = 4096
_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
# What an entry takes beside its bodies, roughly.
_ENTRY_BYTES = 2048

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


# A request as it came: about how many bytes it takes, when it was answered (seconds since 1970), its scope, the body
# that was sent, the message that began the response, and the body of that. No more is done with it until it is shown.
Entry = tuple[int, float, MutableMapping[str, Any], "Parts | None", "Message | None", "Parts | None"]


class _OfTenant:
    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.size = 0
        self.dropped = 0

    def drop(self) -> int:
        """Drop the oldest entry; return its size."""
        size = self.entries.popleft()[0]
        self.size -= size
        self.dropped += 1
        return size


class Journal:
    """The last requests of each tenant: at most `most`, and about a megabyte, of one; 64 megabytes of all together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tenants: dict[str, _OfTenant] = {}
        self._size = 0

    def add(self, tenant: str, entry: Entry) -> None:
        """Note a request of a tenant that has been answered."""
        own = self._tenants.get(tenant)
        if own is None:
            own = self._tenants[tenant] = _OfTenant()
        own.entries.append(entry)
        own.size += entry[0]
        self._size += entry[0]
        while len(own.entries) > self._most or own.size > MOST_BYTES:
            self._size -= own.drop()
        while self._size > _MOST_BYTES_OF_ALL:
            self.clear(next(iter(self._tenants)))

    def clear(self, tenant: str) -> None:
        """Forget the requests of a tenant."""
        own = self._tenants.pop(tenant, None)
        if own is not None:
            self._size -= own.size

    def entries(self, tenant: str) -> tuple[list[Entry], int]:
        """The requests of a tenant, oldest first, and how many older ones were dropped."""
        own = self._tenants.get(tenant) or _OfTenant()
        return list(own.entries), own.dropped


def shown(entries: Iterable[Entry], method: str = "", path: str = "*", status: str = "") -> list[dict[str, Any]]:
    """Return requests as they are answered. It takes time: a megabyte of bodies is decoded and searched for secrets.

    `path` is a pattern with `*`, without regard to case; `status` is a number, or a class as `4xx`.
    """
    return [_shown(each) for each in _matching(entries, method.upper(), path.lower(), status.lower())]


class Parts:
    """The first bytes of a body, in parts, and its whole length."""

    __slots__ = ("_receive", "kept", "size")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.kept: list[bytes] = []
        self.size = 0

    def add(self, message: Message) -> None:
        """Take the part of a body that a message has."""
        part = message.get("body", b"")
        if part and self.size < LONGEST_BODY:
            self.kept.append(part[: LONGEST_BODY - self.size])  # no copy where it is the whole part
        self.size += len(part)

    async def receive(self) -> Message:
        """Return the next message of a client, and take its part."""
        message = await self._receive()
        self.add(message)
        return message


class Recorder:
    """ASGI middleware that notes requests in a journal, for the tenant that their token is of.

    Requests below `/-/` are not noted, nor those without a token that `tenant_of` knows.
    """

    def __init__(
        self, app: App, journal: Callable[[], Journal | None], tenant_of: Callable[[bytes], str | None]
    ) -> None:
        self._app = app
        self._journal = journal
        self._tenant_of = tenant_of
        # By hashes: thousands of long tokens would take megabytes. A token is always of the same tenant.
        self._known: dict[int, str] = {}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, and note it once it is answered.

        This is on the way of every request: a function that returns what it calls costs less than a coroutine.
        """
        if self._journal() is None or scope["raw_path"].startswith(b"/-/"):
            await self._app(scope, receive, send)
            return
        request = Parts(receive) if scope["method"] in _WITH_BODY else None
        response: Parts | None = None
        start: Message | None = None
        is_noted = False

        def sent(message: Message) -> Awaitable[None]:
            nonlocal start, response, is_noted
            if start is None:
                start = message
            else:
                if response is None:
                    response = Parts(receive)
                response.add(message)
                if not message.get("more_body", False):
                    # Before the client has its whole answer, so that a client that asks next finds it.
                    is_noted = True
                    self._note(scope, request, start, response)
            return send(message)

        try:
            await self._app(scope, receive if request is None else request.receive, sent)
        finally:
            if not is_noted:
                self._note(scope, request, start, response)

    def _note(
        self,
        scope: MutableMapping[str, Any],
        request: Parts | None,
        start: Message | None,
        response: Parts | None,
    ) -> None:
        size, authorization, headers = _ENTRY_BYTES, b"", scope["headers"]
        for name, value in headers:
            size += len(value)
            if name == b"authorization":
                authorization = value
        tenant = self._known.get(hash(authorization)) or self._learn(authorization)
        journal = self._journal()
        if tenant is None or journal is None:
            return
        size += len(scope["raw_path"]) + len(scope["query_string"])
        if request is not None:
            size += min(request.size, LONGEST_BODY)
        if response is not None:
            size += min(response.size, LONGEST_BODY)
        journal.add(tenant, (size, time.time(), scope, request, start, response))

    def _learn(self, authorization: bytes) -> str | None:
        tenant = self._tenant_of(authorization)
        if tenant is not None:
            if len(self._known) >= _MOST_TOKENS:
                self._known.clear()
            self._known[hash(authorization)] = tenant
        return tenant


def _matching(entries: Iterable[Entry], method: str, path: str, status: str) -> Iterator[Entry]:
    for each in entries:
        _, _, scope, _, start, _ = each
        code = str(0 if start is None else start["status"])
        if (
            (not method or scope["method"] == method)
            and fnmatchcase(str(scope["raw_path"], "latin-1").lower(), path)
            and (not status or status in (code, f"{code[0]}xx"))
        ):
            yield each


def _shown(entry: Entry) -> dict[str, Any]:
    """The entry as it is answered, without secrets."""
    _, at, scope, request, start, response = entry
    headers, answer = scope["headers"], () if start is None else start["headers"]
    return {
        "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "method": scope["method"],
        "path": str(scope["raw_path"], "latin-1"),
        "query": masked_text(str(scope["query_string"], "latin-1")),
        "status": 0 if start is None else start["status"],
        "request": {"headers": _headers(headers), **_body(headers, request)},
        "response": {"headers": _headers(answer), **_body(answer, response)},
    }


def _headers(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        shown = name.decode("latin-1").lower()
        found[shown] = MASK if is_secret(shown) else masked_text(value.decode("latin-1"))
    return found


def _body(headers: Headers, parts: Parts | None) -> dict[str, Any]:
    """The members `bytes` (of the whole body), `body` (JSON where it is JSON, else text) and, if it is cut off,
    `truncated`.
    """
    if parts is None or not parts.size:
        return {"bytes": 0}
    found: dict[str, Any] = {"bytes": parts.size}
    if parts.size > LONGEST_BODY:
        found["truncated"] = True
    encoding = next((value for name, value in headers if name.lower() == b"content-encoding"), b"")
    if encoding and encoding.lower() != b"identity":
        return found | {"body": f"({encoding.decode('latin-1')[:32]})"}
    content = b"".join(parts.kept)
    try:
        return found | {"body": masked(msgspec.json.decode(content))}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return found | {"body": masked_text(content.decode("utf-8", errors="replace"))}

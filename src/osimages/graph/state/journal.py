"""The journal of each tenant's last requests, so that tests can ask what a program has sent."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from osimages.graph.state.masking import MASK, is_secret, masked, masked_text

MOST_REQUESTS = 200
MOST_BYTES = 1024 * 1024
LONGEST_BODY = 64 * 1024
_MOST_BYTES_OF_ALL = 64 * 1024 * 1024
# What an entry takes beside its bodies, roughly.
_ENTRY_BYTES = 2048

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


class Body:
    """The first bytes of a body, and its whole length."""

    __slots__ = ("_parts", "_room", "size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._room = LONGEST_BODY
        self.size = 0

    def add(self, part: bytes) -> None:
        """Take the next part."""
        self.size += len(part)
        if part and self._room:
            self._parts.append(part if len(part) <= self._room else part[: self._room])
            self._room -= len(self._parts[-1])

    @property
    def kept(self) -> bytes:
        """The bytes that are kept."""
        return b"".join(self._parts)

    def shown(self, headers: Headers) -> dict[str, Any]:
        """The members `body` (JSON where it is JSON, else text), `bytes` and, if it is cut off, `truncated`."""
        found: dict[str, Any] = {"bytes": self.size}
        if not self.size:
            return found
        is_whole, content = self.size <= LONGEST_BODY, self.kept
        if not is_whole:
            found["truncated"] = True
        encoding = next((value for name, value in headers if name.lower() == b"content-encoding"), b"")
        if encoding and encoding.lower() != b"identity":
            return found | {"body": f"({encoding.decode('latin-1')[:32]})"}
        try:
            return found | {"body": masked(msgspec.json.decode(content))}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return found | {"body": masked_text(content.decode("utf-8", errors="replace"))}


class Entry:
    """One request and its response."""

    __slots__ = (
        "at",
        "method",
        "path",
        "query",
        "request",
        "request_headers",
        "response",
        "response_headers",
        "status",
    )

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self.at = time.time()
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.query: str = scope["query_string"].decode("latin-1")
        self.request_headers: Headers = scope["headers"]
        self.request = Body()
        self.status = 0
        self.response_headers: Headers = ()
        self.response = Body()

    @property
    def size(self) -> int:
        """About as many bytes as it takes."""
        headers = sum(len(name) + len(value) for name, value in self.request_headers)
        bodies = min(self.request.size, LONGEST_BODY) + min(self.response.size, LONGEST_BODY)
        return _ENTRY_BYTES + headers + bodies + len(self.path) + len(self.query)

    def shown(self) -> dict[str, Any]:
        """The entry as it is answered, without secrets."""
        return {
            "time": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "method": self.method,
            "path": self.path,
            "query": masked_text(self.query),
            "status": self.status,
            "request": {"headers": _headers(self.request_headers), **self.request.shown(self.request_headers)},
            "response": {"headers": _headers(self.response_headers), **self.response.shown(self.response_headers)},
        }


class _OfTenant:
    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.size = 0
        self.dropped = 0

    def drop(self) -> int:
        """Drop the oldest entry; return its size."""
        size = self.entries.popleft().size
        self.size -= size
        self.dropped += 1
        return size


class Journal:
    """The last requests of each tenant: at most 200, and about a megabyte, of one; 64 megabytes of all together."""

    def __init__(self) -> None:
        self._tenants: OrderedDict[str, _OfTenant] = OrderedDict()
        self._size = 0

    def add(self, tenant: str, entry: Entry) -> None:
        """Note a request of a tenant that has been answered."""
        own = self._tenants.get(tenant)
        if own is None:
            own = self._tenants[tenant] = _OfTenant()
        size = entry.size
        own.entries.append(entry)
        own.size += size
        self._size += size
        while len(own.entries) > MOST_REQUESTS or own.size > MOST_BYTES:
            self._size -= own.drop()
        self._tenants.move_to_end(tenant)
        while self._size > _MOST_BYTES_OF_ALL:
            self.clear(next(iter(self._tenants)))

    def clear(self, tenant: str) -> None:
        """Forget the requests of a tenant."""
        own = self._tenants.pop(tenant, None)
        if own is not None:
            self._size -= own.size

    def shown(self, tenant: str, method: str = "", path: str = "*", status: str = "") -> dict[str, Any]:
        """The requests of a tenant, oldest first, and how many older ones were dropped.

        `path` is a pattern with `*`, without regard to case; `status` is a number, or a class as `4xx`.
        """
        own = self._tenants.get(tenant) or _OfTenant()
        found = [each.shown() for each in _matching(own.entries, method.upper(), path.lower(), status.lower())]
        return {"value": found, "dropped": own.dropped}


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

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, and note it once it is answered."""
        journal = self._journal() if scope["type"] == "http" and not scope["raw_path"].startswith(b"/-/") else None
        if journal is None:
            await self._app(scope, receive, send)
            return
        entry = Entry(scope)
        is_noted = False

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                entry.request.add(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            nonlocal is_noted
            if message["type"] == "http.response.start":
                entry.status, entry.response_headers = message["status"], message["headers"]
            else:
                entry.response.add(message.get("body", b""))
                if not message.get("more_body", False):
                    # Before the client has its whole answer, so that a client that asks next finds it.
                    self._note(journal, entry)
                    is_noted = True
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            if not is_noted:
                self._note(journal, entry)

    def _note(self, journal: Journal, entry: Entry) -> None:
        authorization = next((value for name, value in entry.request_headers if name == b"authorization"), None)
        tenant = None if authorization is None else self._tenant_of(authorization)
        if tenant is not None:
            journal.add(tenant, entry)


def _matching(entries: Sequence[Entry] | deque[Entry], method: str, path: str, status: str) -> Iterator[Entry]:
    for each in entries:
        code = str(each.status)
        if (
            (not method or each.method == method)
            and fnmatchcase(each.path.lower(), path)
            and (not status or status in (code, f"{code[0]}xx"))
        ):
            yield each


def _headers(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        shown = name.decode("latin-1").lower()
        found[shown] = MASK if is_secret(shown) else masked_text(value.decode("latin-1"))
    return found

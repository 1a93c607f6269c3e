"""The body of a request as it arrives, and what is left of it when the answer is ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, MutableMapping
from typing import Any

from osimages.odata.service.request import WITH_BODY, Receive, Scope


class IncomingBody:
    """The messages of a request's body, counted. Pass `receive` on in the place of the server's.

    A client that still sends when its answer arrives loses that answer, unless it reads while it sends: the server
    closes the connection (HTTP/1.1) or resets the stream (HTTP/2) with unread data (RFC 9112, section 9.6).
    """

    __slots__ = ("_deadline", "_receive", "is_complete", "size")

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + seconds
        self.size = 0
        self.is_complete = False

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the next message."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
        else:  # the client is gone
            self.is_complete = True
        return message

    async def discard(self, scope: Scope, headers: Mapping[bytes, bytes], status: int, most: int) -> None:
        """Read what has not been read, and forget it: `most` bytes of the whole body, until its time is over.

        Nothing is read of a body that is declared to be longer, as the answer would come no earlier for it.
        """
        if self.is_complete or not self._is_expected(scope, headers, status) or _declared(headers) > most:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._deadline):
                while not self.is_complete and self.size <= most:
                    await self.receive()

    def _is_expected(self, scope: Scope, headers: Mapping[bytes, bytes], status: int) -> bool:
        """Return whether a client sends, or may send, a body of which something is left."""
        if b"expect" in headers and not self.size:
            return False  # it waits for a permission that it does not get (RFC 9110, section 10.1.1)
        if b"transfer-encoding" in headers:
            return True
        length = headers.get(b"content-length")
        if length is not None:
            return length != b"0"
        # HTTP/2 needs neither header. To look costs time, which a successful read need not take.
        return scope["http_version"] == "2" and (status >= 400 or scope["method"] in WITH_BODY)


def _declared(headers: Mapping[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"0")
    # No length has more digits; int takes no text of thousands.
    return int(declared) if declared.isdigit() and len(declared) < 20 else 0

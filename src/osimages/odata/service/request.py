"""From an ASGI scope and its body to one frozen request."""

from __future__ import annotations

import asyncio
import os
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from itertools import count
from random import getrandbits
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import uuid4

import msgspec

from osimages.odata.errors import BODY_ENCODING, BODY_TOO_LARGE, ODataError
from osimages.odata.service.principal import Principal
from osimages.odata.wire.header_fields import combined
from osimages.odata.wire.versions import V401, version_number

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
# Reads the body of a request, of at most so many bytes; the text names the setting that says how many, if one does.
ReadBody = Callable[[int, str], Awaitable[bytes]]

WITH_BODY = frozenset(("POST", "PUT", "PATCH"))

_CLIENT_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
# A target in absolute form: its authority counts, not the Host header (RFC 9112, section 3.2.2).
# Servers that take the authority away before the application sees the target (granian) leave the Host header alone.
_ABSOLUTE = re.compile(r"https?://([^/]*)", re.IGNORECASE)
HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_EVERY_ASCII = "".join(map(chr, range(128)))
_MEGABYTE = 1024 * 1024
_MOST_DIGITS = 18
# Of a decompressed body, in one pass of the event loop: 0.2 ms.
_PIECE_BYTES = 256 * 1024


class ApiRequest(msgspec.Struct, frozen=True, gc=False):
    """One request, as every way in (network, batch, tests) hands it on.

    `path` and `query` are raw: still percent-encoded, and ASCII. `method` is GET for a HEAD request, which only has its
    body left out at the end. `origin` is scheme, host, port and path prefix as the client sees them, empty where its
    Host header names no host. Header names are in lower case. `principal` is set for the items of a batch:
    its sender. `client` is the address that the request came from, empty where that is not known.

    As all that is made anew for each request, it can be part of no cycle, so that the garbage collector need not look
    at it (https://jcristharif.com/msgspec/structs.html#disabling-garbage-collection).
    """

    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    origin: str
    request_id: str
    client_request_id: str
    body: bytes = b""
    principal: Principal | None = None
    client: str = ""

    @property
    def takes_401(self) -> bool:
        """Whether the client takes answers in the form of OData 4.01 (Protocol, section 8.2.7)."""
        most = self.headers.get(b"odata-maxversion")
        if most is None:
            return False
        version = version_number(most.decode("latin-1"))
        return version is not None and version >= V401

    @property
    def names_version(self) -> bool:
        """Whether the client names a version of OData, in either header: it expects OData's meaning of everything."""
        return b"odata-maxversion" in self.headers or b"odata-version" in self.headers

    @property
    def version(self) -> str | None:
        """The version of OData that the client takes answers in; None where it does not speak of versions."""
        if b"odata-maxversion" not in self.headers:
            return None
        return "4.01" if self.takes_401 else "4.0"

    def header(self, name: bytes) -> str | None:
        """The value of a header, None where it is absent."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


def origin_of(scheme: str, host: str) -> str:
    """Return scheme and host as a URL; empty if the Host header names no host."""
    return f"{scheme}://{host}" if HOST.fullmatch(host) else ""


class _TooLargeError(Exception):
    """A body is larger than it may be."""


def in_origin_form(scope: Scope) -> Scope:
    """Return a scope whose path starts with a slash: a target in absolute form carries the host, too."""
    raw = scope["raw_path"]
    if raw.startswith(b"/") or (absolute := _ABSOLUTE.match(raw.decode("latin-1"))) is None:
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    host = absolute[1].encode("latin-1")
    return {**scope, "headers": [*headers, (b"host", host)], "raw_path": raw[absolute.end() :] or b"/"}


def request_of(scope: Scope) -> ApiRequest:
    """Return the request of a scope, without its body. The path prefix in `root_path` belongs to its origin."""
    scope = in_origin_form(scope)
    given = scope["headers"]
    headers: dict[bytes, bytes] = dict(given)
    if len(headers) != len(given):
        headers = combined(given)
    request_id = new_request_id()
    client_id = headers.get(b"client-request-id")
    method, path = scope["method"], ascii_text(scope["raw_path"])
    peer = scope.get("client")
    client: str = peer[0] if peer else ""
    origin = origin_of(scope["scheme"], headers.get(b"host", b"").decode("latin-1"))
    if origin and (prefix := scope.get("root_path")):
        origin = f"{origin}{prefix}"
        path = path[len(prefix) :] if path.startswith(f"{prefix}/") else path
    return ApiRequest(
        "GET" if method == "HEAD" else method,
        path,
        ascii_text(query) if (query := scope["query_string"]) else "",
        headers,
        origin,
        request_id,
        client_id.decode("ascii") if client_id and _CLIENT_REQUEST_ID.fullmatch(client_id) else request_id,
        b"",
        None,
        client,
    )


class _RequestIds:
    """GUIDs (version 4) that count on from a random one, of which each process has its own.

    They are unique but no secrets, so that neither a system call nor a random number is needed for each.
    """

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Takes another random one."""
        self._start, self._numbers = str(uuid4())[:-12], count(getrandbits(47))

    def next(self) -> str:
        """Another one."""
        return f"{self._start}{next(self._numbers):012x}"


_ids = _RequestIds()
if hasattr(os, "register_at_fork"):  # nothing is forked where it is absent
    os.register_at_fork(after_in_child=_ids.start)
new_request_id = _ids.next


async def read_body(request: ApiRequest, receive: Receive, seconds: float, most: int, setting: str) -> bytes:
    """The whole body, decompressed. Raises ODataError (413) beyond `most` bytes, before or after decompression, and
    ODataError (400) where it has not arrived within `seconds`. `setting` is the name of the limit in the error.
    """
    try:
        async with asyncio.timeout(seconds):
            body = await _received(request, receive, most)
        return await _decompressed(request, body, most)
    except _TooLargeError:
        limit = f"{most // _MEGABYTE}MB" if most % _MEGABYTE == 0 else f"{most} bytes"
        raise ODataError(BODY_TOO_LARGE, limit=f"{limit} (setting '{setting}')" if setting else limit) from None
    except TimeoutError:
        raise ODataError(BODY_ENCODING, reason=f"it did not arrive within {seconds:g} seconds.") from None


async def _received(request: ApiRequest, receive: Receive, most: int) -> bytes:
    declared = request.headers.get(b"content-length", b"0")
    # No length has more digits; int rejects thousands of them.
    if declared.isdigit() and int(declared[:_MOST_DIGITS]) > most:
        raise _TooLargeError
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ODataError(BODY_ENCODING, reason="the connection ended inside it.")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _TooLargeError
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _decompressed(request: ApiRequest, body: bytes, most: int) -> bytes:
    encoding = (request.header(b"content-encoding") or "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise ODataError(BODY_ENCODING, reason=f"the content encoding '{encoding[:32]}' is not gzip.")
    return await _unzipped(body, most)


async def _unzipped(body: bytes, most: int) -> bytes:
    """Decompress a body, at most one piece more than `most` bytes. Others are served between the pieces."""
    machine, pieces, size = zlib.decompressobj(wbits=31), list[bytes](), 0
    while not machine.eof:
        try:
            piece = machine.decompress(body, _PIECE_BYTES)
        except zlib.error:
            raise ODataError(BODY_ENCODING, reason="it is not in gzip format.") from None
        pieces.append(piece)
        size += len(piece)
        body = machine.unconsumed_tail
        if size > most:
            raise _TooLargeError
        if len(piece) < _PIECE_BYTES:
            break
        await asyncio.sleep(0)
    if not machine.eof or machine.unused_data:
        raise ODataError(BODY_ENCODING, reason="it is not one whole gzip member.")
    return b"".join(pieces)


def ascii_text(raw: bytes) -> str:
    """Bytes that should have been percent-encoded are now, so that one decoder judges them all."""
    return raw.decode("ascii") if raw.isascii() else quote_from_bytes(raw, safe=_EVERY_ASCII)

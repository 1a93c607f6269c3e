"""Serves ASGI applications beside the API, with the limits, headers and errors of the service."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from osimages.odata.errors import BODY_ENCODING, BODY_TOO_LARGE, METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.reply import Header, Reply
from osimages.odata.service.request import WITH_BODY, ApiRequest, ReadBody

# In the message that starts a response: a static document, whose compressed form is made once.
DOCUMENT = "osimages.document"
# The transport writes these itself; bodies are decompressed when they reach the application.
_OF_THE_TRANSPORT = frozenset((b"content-length", b"client-request-id"))
_VARY_ORIGIN = (b"vary", b"Origin")
_OF_THE_BODY = frozenset((b"host", b"content-length", b"content-encoding", b"client-request-id"))


async def mounted_reply(
    app: ASGIApp, request: ApiRequest, read: ReadBody, most_bytes: int, state: Mapping[str, object] | None = None
) -> Reply:
    """Return the response of an ASGI application to a request whose body has at most `most_bytes`.

    `state` becomes the state of the request, as that of a lifespan does.

    Raises what the application raises, and ODataError for a body that cannot be read.
    """
    has_body, parts = request.method in WITH_BODY, list[bytes]()
    start: MutableMapping[str, Any] = {}

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": await read(most_bytes, "") if has_body else b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app({**_scope(request), "state": dict(state or {})}, receive, send)
    content_type, readers, headers = None, b"", list[Header]()
    for name, value in start["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"access-control-allow-origin":
            readers = value
        elif name not in _OF_THE_TRANSPORT and (name, value) != _VARY_ORIGIN:
            headers.append((name, value))
    return Reply(
        start["status"],
        b"".join(parts),
        content_type,
        tuple(headers),
        odata=False,
        readers=readers,
        document=start.get(DOCUMENT),
    )


def http_error(_: Request, error: Exception) -> Response:
    """Raise the ODataError for an error of HTTP that a mounted application reports, so that it gets the usual form."""
    assert isinstance(error, HTTPException)
    if error.status_code == METHOD_NOT_ALLOWED.status:
        raise ODataError(METHOD_NOT_ALLOWED, headers=dict(error.headers or {})) from None
    if error.status_code == BODY_TOO_LARGE.status:
        raise ODataError(BODY_TOO_LARGE, limit=error.detail) from None
    raise ODataError(BODY_ENCODING, reason=error.detail) from None


def _scope(request: ApiRequest) -> dict[str, Any]:
    """Return the ASGI scope of a request as its client sees the service, behind all proxies."""
    origin = urlsplit(request.origin)
    headers = [(name, value) for name, value in request.headers.items() if name not in _OF_THE_BODY]
    own = [(b"host", origin.netloc.encode("latin-1")), (b"client-request-id", request.client_request_id.encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": origin.scheme,
        "root_path": origin.path,
        "path": origin.path + unquote(request.path),
        "raw_path": (origin.path + request.path).encode("ascii"),
        "query_string": request.query.encode("ascii"),
        "headers": [*own, *headers],
        "client": (request.client, 0),
        "server": (origin.hostname or "", origin.port),
    }

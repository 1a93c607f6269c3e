"""Routes of the auxiliary application (Starlette): methods, OPTIONS and CORS as the API has them, and its responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from osimages.graph.errors import NO_SUCH_ROUTE
from osimages.graph.mounted_apps import DOCUMENT, http_error
from osimages.graph.service import Service
from osimages.odata.errors import METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.static_documents import Document

JSON = "application/json"
# CORS: these responses are public, so that scripts of every origin may read them.
EVERY_ORIGIN = {"access-control-allow-origin": "*"}
_DAY_SECONDS = "86400"
Handler = Callable[[Request], Awaitable[Response]]


class Endpoint:
    """The ASGI application of a route: a handler for each method. With `preflight` it answers OPTIONS, too."""

    def __init__(self, handlers: Mapping[str, Handler], *, preflight: bool) -> None:
        self._handlers = handlers
        methods = {*handlers, *(["HEAD"] if "GET" in handlers else []), *(["OPTIONS"] if preflight else [])}
        self._allowed = ", ".join(sorted(methods))
        self._preflight = preflight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request. Raises ODataError."""
        request = Request(scope, receive)
        handler = self._handlers.get(request.method)
        if handler is not None:
            response = await handler(request)
        elif request.method == "OPTIONS" and self._preflight:
            response = _preflight(request, self._allowed)
        else:
            raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": self._allowed})
        await response(scope, receive, send)


class DocumentResponse(Response):
    """A response whose body every client gets alike; the transport sends its compressed form as it is."""

    def __init__(self, document: Document, content_type: str = JSON, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(document.plain, headers={"content-type": content_type, **EVERY_ORIGIN, **(headers or {})})
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send({**start, DOCUMENT: self._document})
        await send({"type": "http.response.body", "body": self.body})


def route(path: str, *, preflight: bool = True, **handlers: Handler) -> Route:
    """Return a route with a handler for each method, by the method's name: `route("/-/health", GET=health)`."""
    return Route(path, Endpoint(handlers, preflight=preflight))


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    return cast(Service, request.state.service)


def origin_of(request: Request) -> str:
    """Return the URL of the service as the client sees it, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def json_response(found: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON document of this service's own."""
    return public_response(msgspec.json.encode(found), JSON, headers, status)


def public_response(
    body: bytes, content_type: str, headers: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Return a response that scripts of every origin may read."""
    return Response(body, status, {"content-type": content_type, **EVERY_ORIGIN, **(headers or {})})


def is_unchanged(request: Request, tag: str) -> bool:
    """Return whether the client has the document with that entity tag (If-None-Match).

    Tags are compared weakly, with or without `W/` (RFC 9110, 13.1.2).
    """
    known = request.headers.get("if-none-match")
    return known is not None and (known.strip() == "*" or tag.removeprefix("W/") in known)


def not_modified(headers: Mapping[str, str]) -> Response:
    """Return the response to a client that has the document: 304."""
    return Response(status_code=304, headers={**EVERY_ORIGIN, **headers})


def no_such_route(request: Request) -> ODataError:
    """Return the error of a path that leads nowhere."""
    path = request.scope["raw_path"].decode("ascii").removeprefix(request.scope["root_path"])
    return ODataError(NO_SUCH_ROUTE, path=path[:256])


def routing_error(request: Request, error: Exception) -> Response:
    """Raise the ODataError for an error that Starlette reports."""
    if isinstance(error, HTTPException) and error.status_code == 404:
        raise no_such_route(request) from None
    return http_error(request, error)


def _preflight(request: Request, allowed: str) -> Response:
    """Return the response to OPTIONS (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    headers = {"allow": allowed, **EVERY_ORIGIN}
    if "origin" in request.headers:
        asked = request.headers.get("access-control-request-headers", "authorization, content-type")
        headers |= {
            "access-control-allow-methods": allowed,
            "access-control-allow-headers": asked,
            "access-control-max-age": _DAY_SECONDS,
        }
    return Response(status_code=204, headers=headers)

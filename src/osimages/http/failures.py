"""Turns whatever goes wrong with a request into an error reply."""

from __future__ import annotations

import structlog

from osimages.errors import INTERNAL, LIMIT_EXCEEDED, SERVICE_UNAVAILABLE, ServiceError
from osimages.http.reply import JSON, Reply
from osimages.http.request import ApiRequest
from osimages.http.service import Service
from osimages.storage.store import QueryTimeoutError, StoreUnavailableError
from osimages.wire.errors import error_body

_log = structlog.get_logger()


def failure_reply(service: Service, request: ApiRequest, error: Exception) -> Reply:
    """The reply that tells a client what is wrong; of a fault in this program, no more than that there was one."""
    if isinstance(error, ServiceError):
        return _error_reply(service, request, error)
    if isinstance(error, StoreUnavailableError):
        _log.warning("database not available", reason=str(error), request_id=request.request_id)
        reason = "the database cannot answer now."
        told = ServiceError(SERVICE_UNAVAILABLE, headers={"Retry-After": "1"}, reason=reason)
        return _error_reply(service, request, told)
    if isinstance(error, QueryTimeoutError):
        limit = f"{error.seconds:g} seconds"
        told = ServiceError(LIMIT_EXCEEDED, what="The query", limit=limit, setting="max_query_seconds")
        return _error_reply(service, request, told)
    _log.error(
        "internal fault", method=request.method, path=request.path, request_id=request.request_id, exc_info=error
    )
    return _error_reply(service, request, ServiceError(INTERNAL))


def _error_reply(service: Service, request: ApiRequest, error: ServiceError) -> Reply:
    body = error_body(
        error,
        now=service.clock.now(),
        request_id=request.request_id,
        client_request_id=request.client_request_id,
        url=f"{request.origin}{request.path}",
    )
    headers = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items())
    return Reply(error.row.status, body, JSON, headers, odata=False)

"""Turns whatever goes wrong with a request into an error reply."""

from __future__ import annotations

import structlog

from osimages.graph.authentication import CONDITIONS
from osimages.graph.error_bodies import error_body
from osimages.graph.errors import THROTTLED, TOKEN_REVOKED, row_of
from osimages.graph.metrics import Metrics
from osimages.odata.errors import INTERNAL, LIMIT_EXCEEDED, SERVICE_UNAVAILABLE, ODataError
from osimages.odata.service.reply import JSON, Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.service import Service
from osimages.odata.sql.store import QueryTimeoutError, StoreUnavailableError

# As the metric of rejected tokens names them.
_TOKEN_REASONS = {condition: problem.value for problem, condition in CONDITIONS.items()} | {TOKEN_REVOKED: "revoked"}
_log = structlog.get_logger()


def failure_reply(service: Service, request: ApiRequest, error: Exception) -> Reply:
    """The reply that tells a client what is wrong; of a fault in this program, no more than that there was one."""
    if isinstance(error, ODataError):
        _count(service.metrics, error)
        return _error_reply(service, request, error)
    if isinstance(error, StoreUnavailableError):
        _log.warning("database not available", reason=str(error), request_id=request.request_id)
        reason = "the database cannot answer now."
        told = ODataError(SERVICE_UNAVAILABLE, headers={"Retry-After": "1"}, reason=reason)
        return _error_reply(service, request, told)
    if isinstance(error, QueryTimeoutError):
        limit = f"{error.seconds:g} seconds"
        told = ODataError(LIMIT_EXCEEDED, what="The query", limit=limit, setting="max_query_seconds")
        return _error_reply(service, request, told)
    _log.error(
        "internal fault", method=request.method, path=request.path, request_id=request.request_id, exc_info=error
    )
    return _error_reply(service, request, ODataError(INTERNAL))


def _count(metrics: Metrics, error: ODataError) -> None:
    if error.condition is THROTTLED:
        metrics.throttle()
    elif error.condition in _TOKEN_REASONS:
        metrics.reject_token(_TOKEN_REASONS[error.condition])


def _error_reply(service: Service, request: ApiRequest, error: ODataError) -> Reply:
    body = error_body(
        error,
        now=service.clock.now(),
        request_id=request.request_id,
        client_request_id=request.client_request_id,
        url=f"{request.origin}{request.path}",
    )
    headers = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items())
    return Reply(row_of(error).status, body, JSON, headers, odata=False)

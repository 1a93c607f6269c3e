"""From anything that goes wrong with a request to an error reply."""

from __future__ import annotations

import structlog

from osimages.odata.errors import INTERNAL, LIMIT_EXCEEDED, SERVICE_UNAVAILABLE, ODataError
from osimages.odata.service.hooks import Errors
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.store import QueryTimeoutError, StoreUnavailableError

_log = structlog.get_logger()


def reply_of(errors: Errors, request: ApiRequest, error: Exception) -> Reply:
    """Return the reply that the `errors` hook makes of an exception; of a fault in this program it tells no more than
    that there was one.
    """
    return errors(request, error_of(request, error))


def error_of(request: ApiRequest, error: Exception) -> ODataError:
    """Return what a client is told of an exception."""
    if isinstance(error, ODataError):
        return error
    if isinstance(error, StoreUnavailableError):
        _log.warning("database not available", reason=str(error), request_id=request.request_id)
        reason = "the database cannot answer now."
        return ODataError(SERVICE_UNAVAILABLE, headers={"Retry-After": "1"}, reason=reason)
    if isinstance(error, QueryTimeoutError):
        limit = f"{error.seconds:g} seconds"
        return ODataError(LIMIT_EXCEEDED, what="The query", limit=limit, setting="max_query_seconds")
    _log.error(
        "internal fault", method=request.method, path=request.path, request_id=request.request_id, exc_info=error
    )
    return ODataError(INTERNAL)

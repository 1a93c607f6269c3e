"""Audit of denied requests: those that are rejected for their sender, and every write that is rejected."""

from __future__ import annotations

from osimages.graph.audit import Audit
from osimages.graph.audit_events import OPERATIONS
from osimages.graph.authentication import Authentication
from osimages.graph.errors import TENANT_NOT_LICENSED, UNKNOWN_SENDER, message_of, row_of
from osimages.odata.errors import ODataError
from osimages.odata.service.request import ApiRequest

_STATUSES = frozenset((401, 403, 429))
# Sent with POST, they write nothing themselves.
_READ_WITH_POST = ("/$query", "/$batch")


def record_denial(audit: Audit, authentication: Authentication, request: ApiRequest, error: ODataError) -> None:
    """Record the error of a request in the audit, if the request was denied."""
    if error.condition in UNKNOWN_SENDER:
        audit.refused_unknown()
        return
    status = row_of(error).status
    is_denied = status in _STATUSES or error.condition is TENANT_NOT_LICENSED
    if not is_denied and not (_writes(request) and 400 <= status < 500):
        return
    try:
        principal = request.principal
        actor = (
            authentication.verify(request.headers.get(b"authorization")) if principal is None else principal.identity
        )
    except ODataError:
        audit.refused_unknown()
    else:
        audit.refused(request, actor, status, message_of(error))


def _writes(request: ApiRequest) -> bool:
    return request.method in OPERATIONS and not request.path.lower().rstrip("/").endswith(_READ_WITH_POST)

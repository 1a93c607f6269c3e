"""Audit of denied requests: those that are rejected for their sender, and every write that is rejected."""

from __future__ import annotations

from osimages.graph.audit_events import OPERATIONS
from osimages.graph.errors import TENANT_NOT_LICENSED, UNKNOWN_SENDER, message_of, row_of
from osimages.odata.errors import ODataError
from osimages.odata.service.error_replies import failure_reply
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.service import Service

_STATUSES = frozenset((401, 403, 429))
# Sent with POST, they write nothing themselves.
_READ_WITH_POST = ("/$query", "/$batch")


def refusal_reply(service: Service, request: ApiRequest, error: Exception) -> Reply:
    """Return the reply to a request that failed; record it in the audit where it was denied."""
    note_refusal(service, request, error)
    return failure_reply(service, request, error)


def note_refusal(service: Service, request: ApiRequest, error: Exception) -> None:
    """Record the error of a request in the audit, where the request was denied."""
    audit = service.audit
    if audit is None or not isinstance(error, ODataError):
        return
    if error.condition in UNKNOWN_SENDER:
        audit.refused_unknown()
        return
    status = row_of(error).status
    is_denied = status in _STATUSES or error.condition is TENANT_NOT_LICENSED
    if is_denied or (_writes(request) and 400 <= status < 500):
        try:
            actor = request.actor or service.authentication.verify(request.headers.get(b"authorization"))
        except ODataError:
            audit.refused_unknown()
        else:
            audit.refused(request, actor, status, message_of(error))


def _writes(request: ApiRequest) -> bool:
    return request.method in OPERATIONS and not request.path.lower().rstrip("/").endswith(_READ_WITH_POST)

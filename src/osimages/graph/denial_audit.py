"""Which refusals the audit tells: those for who asks, and every write that was refused."""

from __future__ import annotations

from osimages.graph.audit_events import OPERATIONS
from osimages.odata.service.error_replies import failure_reply
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.service import Service
from osimages.odata.service_errors import (
    PERSONAL_ACCOUNT,
    TENANT_NOT_LICENSED,
    TOKEN_AUDIENCE,
    TOKEN_EMPTY,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_ISSUER,
    TOKEN_MALFORMED,
    TOKEN_NOT_YET_VALID,
    TOKEN_SIGNATURE,
    ServiceError,
)

# Of these, nobody knows who sent them: there is no tenant whose audit they could be in.
_OF_UNKNOWN = frozenset(
    each.message
    for each in (
        PERSONAL_ACCOUNT,
        TOKEN_AUDIENCE,
        TOKEN_EMPTY,
        TOKEN_EXPIRED,
        TOKEN_INVALID,
        TOKEN_ISSUER,
        TOKEN_MALFORMED,
        TOKEN_NOT_YET_VALID,
        TOKEN_SIGNATURE,
    )
)
_STATUSES = frozenset((401, 403, 429))
# Sent with POST, they write nothing themselves.
_READ_WITH_POST = ("/$query", "/$batch")


def refusal_reply(service: Service, request: ApiRequest, error: Exception) -> Reply:
    """The reply to a request that failed, which the audit tells where it was refused."""
    note_refusal(service, request, error)
    return failure_reply(service, request, error)


def note_refusal(service: Service, request: ApiRequest, error: Exception) -> None:
    """Notes an error of a request in the audit, where it is a refusal."""
    audit = service.audit
    if audit is None or not isinstance(error, ServiceError):
        return
    if error.row.message in _OF_UNKNOWN:
        audit.refused_unknown()
    elif error.row.status in _STATUSES or error.row is TENANT_NOT_LICENSED or _is_refused_write(request, error):
        try:
            actor = request.actor or service.verifier.verify(request.headers.get(b"authorization"))
        except ServiceError:
            audit.refused_unknown()
        else:
            audit.refused(request, actor, error.row.status, error.message)


def _is_refused_write(request: ApiRequest, error: ServiceError) -> bool:
    writes = request.method in OPERATIONS and not request.path.lower().rstrip("/").endswith(_READ_WITH_POST)
    return writes and 400 <= error.row.status < 500

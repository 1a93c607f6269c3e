"""Error replies as Graph sends them, with their metrics and their audit: the `errors` hook of the engine."""

from __future__ import annotations

from osimages.graph.audit import Audit
from osimages.graph.authentication import CONDITIONS, Authentication
from osimages.graph.clock import Clock
from osimages.graph.denial_audit import record_denial
from osimages.graph.error_bodies import error_body
from osimages.graph.errors import THROTTLED, TOKEN_REVOKED, row_of
from osimages.graph.metrics import Metrics
from osimages.odata.errors import ODataError
from osimages.odata.service.error_replies import error_of
from osimages.odata.service.hooks import error_reply
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest

# As the metric of rejected tokens names them.
_TOKEN_REASONS = {condition: problem.value for problem, condition in CONDITIONS.items()} | {TOKEN_REVOKED: "revoked"}


class ErrorReplies:
    """Writes error replies. Counts rejected tokens and throttled requests, and records denied requests in the audit."""

    def __init__(self, clock: Clock, metrics: Metrics, authentication: Authentication, audit: Audit | None) -> None:
        self._clock = clock
        self._metrics = metrics
        self._authentication = authentication
        self._audit = audit

    def audited(self, request: ApiRequest, error: Exception) -> Reply:
        """Return the reply to a request that failed; record it in the audit if it was denied."""
        if self._audit is not None and isinstance(error, ODataError):
            record_denial(self._audit, self._authentication, request, error)
        return self.reply(request, error)

    def reply(self, request: ApiRequest, error: Exception) -> Reply:
        """Return the reply to a request that failed."""
        found = error_of(request, error)
        if found.condition is THROTTLED:
            self._metrics.throttle()
        elif found.condition in _TOKEN_REASONS:
            self._metrics.reject_token(_TOKEN_REASONS[found.condition])
        body = error_body(
            found,
            now=self._clock.now(),
            request_id=request.request_id,
            client_request_id=request.client_request_id,
            url=f"{request.origin}{request.path}",
        )
        return error_reply(found, row_of(found).status, body)

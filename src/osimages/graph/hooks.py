"""The hooks by which the engine serves as Graph does: tokens, permissions, tenants, throttling, audit, faults."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.build_checks import BuildChecks
from osimages.graph.check_operations import CHECK_BUILD, CHECK_BUILDS
from osimages.graph.faults import Faults
from osimages.graph.permissions import authorise
from osimages.graph.revocation import Standing
from osimages.graph.service import Service
from osimages.graph.tenant_storage import Subject
from osimages.graph.tenants import Tenants
from osimages.graph.throttling import Throttle
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.service.principal import Principal
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.writes import Record

_NOTHING_REVOKED: Mapping[Subject, int] = {}


def graph_hooks(service: Service) -> dict[str, Any]:
    """Return the arguments of `ODataApp` that make it answer as Graph does."""
    return {
        "authenticate": service.authentication.principal,
        "authorize": _authorize,
        "admit": _Admission(service.tenants, service.standing),
        "limit": None if service.throttle is None else _Throttling(service.throttle),
        # Faults can be added with the emulator alone.
        "intercept": None if service.emulator is None else _Faults(service.faults),
        "on_change": None if service.audit is None else _recorder(service),
        "errors": service.errors.audited,
        "is_top_a_limit": _is_top_a_limit,
        "operations": _operations(service),
        "now": service.clock.now,
    }


def _authorize(principal: Principal, target: Target, method: str) -> None:
    authorise(principal.identity, target, method)


def _is_top_a_limit(request: ApiRequest) -> bool:
    """On Graph `$top` is the size of a page: https://learn.microsoft.com/graph/paging. Clients that name a version of
    OData get OData's meaning.
    """
    return request.names_version


class _Throttling:
    """Counts requests per tenant and application."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle

    def admit(self, principal: Principal, target: Target, method: str) -> None:
        """Count a request. Raises ODataError(THROTTLED)."""
        if target.kind is Kind.BATCH:
            self._throttle.check_batches(principal.tenant, principal.identity.application)
        else:
            self._throttle.admit(principal.tenant, principal.identity.application, method)

    def charge_malformed_batch(self, principal: Principal) -> None:
        """Count a batch that cannot be run. Raises ODataError(THROTTLED)."""
        self._throttle.charge_batch(principal.tenant, principal.identity.application)


class _Admission:
    """Serves licensed tenants, and tokens that are not revoked."""

    def __init__(self, tenants: Tenants, standing: Standing) -> None:
        self._tenants = tenants
        self._standing = standing

    def __call__(self, request: ApiRequest, principal: Principal) -> Awaitable[None] | None:
        """Raise ODataError: TENANT_NOT_LICENSED, TOKEN_REVOKED or ROLE_MISSING."""
        if request.principal is None and not self._tenants.is_admitted(principal.tenant):
            return self._admit(principal.identity)
        self._check(principal.identity)
        return None

    async def _admit(self, token: VerifiedToken) -> None:
        await self._tenants.admit(token.tenant)
        self._check(token)

    def _check(self, token: VerifiedToken) -> None:
        revocations = self._tenants.revocations
        if revocations or token.user is not None:
            self._standing.check(token, revocations.get(token.tenant, _NOTHING_REVOKED))


class _Faults:
    """Injects the faults that tenants asked for."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    @property
    def is_active(self) -> bool:
        """Whether any tenant has rules."""
        return bool(self._faults.rules)

    async def before(self, request: ApiRequest, principal: Principal) -> None:
        """Wait or raise ODataError as the tenant's rules say."""
        await self._faults.meet(principal.tenant, request)


def _recorder(service: Service) -> Any:
    audit = service.audit
    assert audit is not None

    def record(request: ApiRequest, principal: Principal, target: Target) -> Record:
        return audit.record(request, principal.identity, target)

    return record


def _operations(service: Service) -> dict[str, Any]:
    checks = BuildChecks(service.current, service.clock)
    return {CHECK_BUILD.name: checks.check_build, CHECK_BUILDS.name: checks.check_builds}

"""What an application decides for itself: the hooks of `ODataApp`, and their defaults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from osimages.odata.errors import ACCESS_DENIED, ODataError
from osimages.odata.plan.resolve import ASKED_WITH_POST, READING, Kind, Target
from osimages.odata.service.principal import Principal
from osimages.odata.service.reply import JSON, Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.writes import Record

# Returns the sender of a request, or raises ODataError.
Authenticate = Callable[[ApiRequest], Awaitable[Principal]]
# Raises ODataError if the principal may not do what the method does to the target.
Authorize = Callable[[Principal, Target, str], None]
# Raises ODataError if the tenant is not served; returns an awaitable if it takes time to find that out.
Admit = Callable[[ApiRequest, Principal], Awaitable[None] | None]
# Returns the script that joins the transaction of each change that a request makes.
OnChange = Callable[[ApiRequest, Principal, Target], Record]
# Returns the reply that reports an error to the client.
Errors = Callable[[ApiRequest, ODataError], Reply]


class Interceptor(Protocol):
    """Waits or raises before a request is carried out, for tests of clients."""

    @property
    def is_active(self) -> bool:
        """Whether there is anything to do at present."""

    async def before(self, request: ApiRequest, principal: Principal) -> None:
        """Wait, or raise ODataError."""


class Limiter(Protocol):
    """Limits how many requests a principal sends."""

    def admit(self, principal: Principal, target: Target, method: str) -> None:
        """Count a request, or raise ODataError. A batch is not a request: its items are."""

    def charge_malformed_batch(self, principal: Principal) -> None:
        """Count a batch that cannot be run. May raise ODataError."""


async def anonymous(_: ApiRequest) -> Principal:
    """Let everybody read, and nobody write, in one tenant."""
    return Principal("default")


def may_write(principal: Principal, target: Target, method: str) -> None:
    """Raise ODataError(ACCESS_DENIED) for a write of a principal that may not write."""
    reads = method in READING or target.kind in ASKED_WITH_POST or target.kind is Kind.BATCH
    if not reads and not principal.may_write:
        raise ODataError(ACCESS_DENIED)


def odata_errors(_: ApiRequest, error: ODataError) -> Reply:
    """Return the error body of OData (JSON format, section 21.1) with the condition's own status, code and text."""
    body: dict[str, Any] = {"code": error.condition.name, "message": error.message}
    if error.target is not None:
        body["target"] = error.target
    if error.details:
        name = error.condition.name
        body["details"] = [{"code": name, "message": each.message, "target": each.target} for each in error.details]
    if (allowed := error.facts.get("allowed")) is not None:
        error.headers.setdefault("Allow", str(allowed))
    return error_reply(error, error.condition.status, msgspec.json.encode({"error": body}))


def error_reply(error: ODataError, status: int, body: bytes) -> Reply:
    """Return an error reply with the headers that the error carries."""
    headers = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items())
    return Reply(status, body, JSON, headers, odata=False)


def as_odata(_: ApiRequest) -> bool:
    """Give `$top` the meaning that it has in OData: a limit of all pages together."""
    return True


def real_time(_: str) -> datetime:
    """Return the real time, for every tenant."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Hooks:
    """The hooks of one application; see `ODataApp`."""

    authenticate: Authenticate = anonymous
    authorize: Authorize = may_write
    admit: Admit | None = None
    limit: Limiter | None = None
    intercept: Interceptor | None = None
    on_change: OnChange | None = None
    errors: Errors = odata_errors
    is_top_a_limit: Callable[[ApiRequest], bool] = as_odata
    operations: Mapping[str, Any] = field(default_factory=dict)
    now: Callable[[str], datetime] = real_time

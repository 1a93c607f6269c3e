"""Faults on demand, so that users can test what their programs do about them: only with the Entra ID emulator.

The rules of a tenant are for that tenant's requests alone, and kept in the memory of the one worker there is.
"""

from __future__ import annotations

import asyncio
import random
import re
import uuid
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from osimages.odata.errors import Condition, ODataError
from osimages.odata.service.request import ApiRequest

MOST_RULES = 100
_MOST_TENANTS = 1000
# What Graph answers where it says no more than the status.
# https://learn.microsoft.com/graph/errors#http-status-codes
_USUAL_CODES = {
    429: ("TooManyRequests", "An error has occurred."),
    500: ("InternalServerError", "An internal server error has occurred."),
    502: ("BadGateway", "An error has occurred."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable."),
    504: ("GatewayTimeout", "The server, while acting as a proxy, did not get an answer in time."),
    507: ("quotaLimitReached", "The maximum storage quota has been reached."),
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
# The server writes these itself; another value would end the answer in the wrong place.
_FRAMING = frozenset(("connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"))
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1024}", re.ASCII)
_TEXT = msgspec.Meta(max_length=4096)


class FaultRule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A fault: which requests it is for, how often, and what comes of it.

    `path` is a pattern with `*` for the whole path, such as `/beta/deviceManagement/*`; `methods` are those that it is
    for (none: all). Of the requests that fit, the share `rate` meets it, by the random numbers of `seed`, until that
    were `count`. It waits `latency_milliseconds`; with a `status`, the answer is that error, with `code`, `message`,
    `retry_after` (seconds) and `headers`.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ""
    path: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)] = "*"
    methods: tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{1,16}$")], ...] = ()
    rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seed: int | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    latency_milliseconds: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    code: Annotated[str, _TEXT] | None = None
    message: Annotated[str, _TEXT] | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=86_400)] | None = None
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError("a header has a name of letters, digits and '-', and a value of printable ASCII")
            if name.lower() in _FRAMING:
                raise ValueError(f"the header '{name}' belongs to the connection, not to the answer")

    def error(self) -> ODataError | None:
        """What the client is told; None where it is only kept waiting."""
        if self.status is None:
            return None
        code, message = _USUAL_CODES.get(self.status, ("UnknownError", "An error has occurred."))
        retry = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        condition = Condition(self.code or code, self.status, "{message}")
        return ODataError(condition, headers=retry | self.headers, message=self.message or message)


class _Armed:
    """A rule with its random numbers, and how often it was met."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.met = 0
        self._random = random.Random(rule.seed)  # noqa: S311 (a test's dice, not a secret)
        self._pattern = rule.path.lower()

    def meets(self, request: ApiRequest) -> bool:
        """Whether this request meets the fault, which then counts."""
        rule = self.rule
        if (rule.methods and request.method not in rule.methods) or not fnmatchcase(
            request.path.lower(), self._pattern
        ):
            return False
        if (rule.count is not None and self.met >= rule.count) or self._random.random() >= rule.rate:
            return False
        self.met += 1
        return True

    def shown(self) -> dict[str, object]:
        """The rule with how often it was met."""
        told = {name: value for name, value in msgspec.to_builtins(self.rule).items() if value not in (None, [], {})}
        return {**told, "met": self.met}


class Faults:
    """The rules of all tenants."""

    def __init__(self) -> None:
        self.rules: dict[str, dict[str, _Armed]] = {}

    def shown(self, tenant: str) -> list[dict[str, object]]:
        """The rules of a tenant, as they are answered."""
        return [each.shown() for each in self.rules.get(tenant, {}).values()]

    def add(self, tenant: str, rule: FaultRule) -> dict[str, object]:
        """Adds a rule, or replaces the one of the same id. Raises ValueError where there are too many."""
        [added] = self._armed([rule])
        own = {**self.rules.get(tenant, {}), added.rule.id: added}
        self._set(tenant, own)
        return added.shown()

    def replace(self, tenant: str, rules: Sequence[FaultRule]) -> None:
        """Puts these rules in place of all others of a tenant. Raises ValueError where there are too many."""
        self._set(tenant, {each.rule.id: each for each in self._armed(rules)})

    def remove(self, tenant: str, identity: str) -> bool:
        """Takes a rule away; False where there is none of that id."""
        own = dict(self.rules.get(tenant, {}))
        found = own.pop(identity, None) is not None
        self._set(tenant, own)
        return found

    async def meet(self, tenant: str, request: ApiRequest) -> None:
        """Does to a request what the tenant's rules say. Raises ODataError."""
        for armed in self.rules.get(tenant, {}).values():
            if armed.meets(request):
                if armed.rule.latency_milliseconds:
                    await asyncio.sleep(armed.rule.latency_milliseconds / 1000)
                if (error := armed.rule.error()) is not None:
                    raise error

    def _set(self, tenant: str, own: dict[str, _Armed]) -> None:
        if len(own) > MOST_RULES:
            raise ValueError(f"a tenant has {MOST_RULES} rules at most")
        others = {name: each for name, each in self.rules.items() if name != tenant}
        if own and len(others) >= _MOST_TENANTS:
            raise ValueError(f"{_MOST_TENANTS} tenants have rules already")
        self.rules = {**others, tenant: own} if own else others

    def _armed(self, rules: Collection[FaultRule]) -> list[_Armed]:
        return [_Armed(each if each.id else msgspec.structs.replace(each, id=str(uuid.uuid4()))) for each in rules]

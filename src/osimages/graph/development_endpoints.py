"""Pages below `/-/` that change something for a tenant: faults on demand, what is revoked, and the tenant's state.

They are there with the Entra ID emulator only, and for holders of a token that may write and counts still: a page
in a browser on the same machine has none, so that it cannot use them, whatever it sends to this address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.development_request import DevelopmentRequest, json_reply
from osimages.graph.errors import NEEDS_ONE_WORKER, NO_SUCH_ROUTE, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID
from osimages.graph.faults import FaultRule, Faults
from osimages.graph.permissions import check_write
from osimages.graph.service import Service
from osimages.graph.state.endpoints import STATE_ENDPOINTS
from osimages.graph.tenant_storage import forget_revocations, revocations, revoke
from osimages.odata.errors import BODY_UNREADABLE, METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.reply import Reply, preflight
from osimages.odata.service.request import WITH_BODY, ApiRequest, ReadBody

_LONGEST_BODY = 256 * 1024


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: tuple[FaultRule, ...]


class _Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose tokens are worth nothing from now on: a user's, an application's, one token's; all of the tenant's if none
    is named.
    """

    user: str | None = None
    application: str | None = None
    token: str | None = None


async def development_reply(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """The reply to a request on one of the pages; None for any other path. Raises ODataError."""
    name, _, rest = request.path.removeprefix("/-/").strip("/").partition("/")
    pages = _PAGES.get(name)
    if pages is None or service.emulator is None:
        return None
    methods = frozenset({method for method, _ in pages})
    if request.method == "OPTIONS":
        return preflight(methods, request)
    actor = _actor(service, request.headers.get(b"authorization"))
    check_write(actor)
    await _check_standing(service, actor)
    page = pages.get((request.method, bool(rest)))
    if page is None:
        raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(methods))})
    if request.method in WITH_BODY:
        most = service.options.max_body_bytes if name == "seed" else _LONGEST_BODY
        request = msgspec.structs.replace(request, body=await read(most, ""))
    return await page(DevelopmentRequest(service, request, actor, rest))


def _actor(service: Service, authorization: bytes | None) -> VerifiedToken:
    """The actor of a token that is good at the tenant's time, or in real time: a clock can always be set again.

    Raises ODataError.
    """
    try:
        return service.authentication.verify(authorization)
    except ODataError as error:
        if service.clock.tenants and error.condition in (TOKEN_EXPIRED, TOKEN_NOT_YET_VALID):
            actor = service.authentication.verify_at(authorization, service.clock.seconds())
            if actor.tenant in service.clock.tenants:
                return actor
        raise


async def _check_standing(service: Service, actor: VerifiedToken) -> None:
    """A token that was revoked is worth nothing here, either: least of all may it undo that. A new one is to be had.

    Raises ODataError. Whether the tenant is licensed does not matter: faults can be made ready before it is.
    """
    service.standing.check(actor, await service.database.read(revocations(actor.tenant)))


def _faults(page: DevelopmentRequest) -> Faults:
    if page.service.options.workers > 1:
        raise ODataError(NEEDS_ONE_WORKER)
    return page.service.faults


async def _list_faults(page: DevelopmentRequest) -> Reply:
    return json_reply(200, {"value": _faults(page).shown(page.actor.tenant)})


async def _add_fault(page: DevelopmentRequest) -> Reply:
    faults, rule = _faults(page), page.body(FaultRule)
    with _TooMany():
        return json_reply(201, faults.add(page.actor.tenant, rule))


async def _replace_faults(page: DevelopmentRequest) -> Reply:
    faults, rules = _faults(page), page.body(_Rules).value
    with _TooMany():
        faults.replace(page.actor.tenant, rules)
    return await _list_faults(page)


async def _remove_faults(page: DevelopmentRequest) -> Reply:
    _faults(page).replace(page.actor.tenant, ())
    return Reply(204, odata=False)


async def _remove_fault(page: DevelopmentRequest) -> Reply:
    if not _faults(page).remove(page.actor.tenant, page.rest):
        raise ODataError(NO_SUCH_ROUTE, path=page.request.path[:256])
    return Reply(204, odata=False)


async def _list_revocations(page: DevelopmentRequest) -> Reply:
    found = await page.service.database.read(revocations(page.actor.tenant))
    value = [{kind: subject, "issuedBefore": before} for (kind, subject), before in found.items()]
    return json_reply(200, {"value": value})


async def _revoke(page: DevelopmentRequest) -> Reply:
    asked = msgspec.structs.asdict(page.body(_Revocation))
    named = [(kind, subject.lower() if kind != "token" else subject) for kind, subject in asked.items() if subject]
    if len(named) > 1:
        raise ODataError(BODY_UNREADABLE, reason="Name a user, an application or a token, not several at once.")
    kind, subject = named[0] if named else ("tenant", "")
    if "\0" in subject:  # nobody has such an id, and not every database takes it
        raise ODataError(BODY_UNREADABLE, reason=f"The id of the {kind} holds the character U+0000.")
    # Tokens know their second, no more: those of this one are worth nothing, either.
    before = int(page.service.clock.seconds(page.actor.tenant)) + 1
    await page.service.database.change(revoke(page.actor.tenant, kind, subject[:256], before))
    page.service.tenants.forget(page.actor.tenant)
    return json_reply(201, {kind: subject, "issuedBefore": before})


async def _forget_revocations(page: DevelopmentRequest) -> Reply:
    await page.service.database.change(forget_revocations(page.actor.tenant))
    page.service.tenants.forget(page.actor.tenant)
    return Reply(204, odata=False)


class _TooMany:
    """Tells a client what ValueError tells of its rules."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ValueError):
            raise ODataError(BODY_UNREADABLE, reason=f"{error}.") from None


_Handler = Callable[[DevelopmentRequest], Awaitable[Reply]]
# By method, and whether the path names one of them.
_PAGES: Mapping[str, Mapping[tuple[str, bool], _Handler]] = {
    "faults": {
        ("GET", False): _list_faults,
        ("POST", False): _add_fault,
        ("PUT", False): _replace_faults,
        ("DELETE", False): _remove_faults,
        ("DELETE", True): _remove_fault,
    },
    "revocations": {
        ("GET", False): _list_revocations,
        ("POST", False): _revoke,
        ("DELETE", False): _forget_revocations,
    },
    **STATE_ENDPOINTS,
}

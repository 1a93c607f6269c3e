"""Pages below `/-/` that change something for a tenant: faults on demand, and what is revoked.

They are there with the development authority only, and for holders of a token that may write and counts still: a page
in a browser on the same machine has none, so that it cannot use them, whatever it sends to this address.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from osimages.graph.errors import NEEDS_ONE_WORKER, NO_SUCH_ROUTE
from osimages.graph.faults import FaultRule, Faults
from osimages.graph.permissions import check_write
from osimages.graph.tenant_storage import forget_revocations, revocations, revoke
from osimages.odata.errors import BODY_UNREADABLE, METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.principal import Actor
from osimages.odata.service.reply import JSON, Reply, preflight
from osimages.odata.service.request import WITH_BODY, ApiRequest, ReadBody
from osimages.odata.service.request_body import json_body
from osimages.odata.service.service import Service

_LONGEST_BODY = 256 * 1024
_Said = TypeVar("_Said")


class _Page(msgspec.Struct, frozen=True):
    """A request on one of the pages, of somebody who may use it. `rest` is what follows the page's name."""

    service: Service
    request: ApiRequest
    actor: Actor
    rest: str

    def body(self, expected: type[_Said]) -> _Said:
        """What the body says. Raises ODataError(BODY_UNREADABLE)."""
        try:
            return msgspec.convert(json_body(self.request), expected)
        except (msgspec.ValidationError, ValueError) as error:
            raise ODataError(BODY_UNREADABLE, reason=f"{error}.") from None


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
    if pages is None or service.authority is None:
        return None
    methods = frozenset({method for method, _ in pages})
    if request.method == "OPTIONS":
        return preflight(methods, request)
    actor = service.verifier.verify(request.headers.get(b"authorization"))
    check_write(actor)
    await _check_standing(service, actor)
    page = pages.get((request.method, bool(rest)))
    if page is None:
        raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(methods))})
    if request.method in WITH_BODY:
        request = msgspec.structs.replace(request, body=await read(_LONGEST_BODY, ""))
    return await page(_Page(service, request, actor, rest))


async def _check_standing(service: Service, actor: Actor) -> None:
    """A token that was revoked is worth nothing here, either: least of all may it undo that. A new one is to be had.

    Raises ODataError. Whether the tenant is licensed does not matter: faults can be made ready before it is.
    """
    service.standing.check(actor, await service.database.read(revocations(actor.tenant)))


def _faults(page: _Page) -> Faults:
    if page.service.settings.workers > 1:
        raise ODataError(NEEDS_ONE_WORKER)
    return page.service.faults


async def _list_faults(page: _Page) -> Reply:
    return _json(200, {"value": _faults(page).shown(page.actor.tenant)})


async def _add_fault(page: _Page) -> Reply:
    faults, rule = _faults(page), page.body(FaultRule)
    with _TooMany():
        return _json(201, faults.add(page.actor.tenant, rule))


async def _replace_faults(page: _Page) -> Reply:
    faults, rules = _faults(page), page.body(_Rules).value
    with _TooMany():
        faults.replace(page.actor.tenant, rules)
    return await _list_faults(page)


async def _remove_faults(page: _Page) -> Reply:
    _faults(page).replace(page.actor.tenant, ())
    return Reply(204, odata=False)


async def _remove_fault(page: _Page) -> Reply:
    if not _faults(page).remove(page.actor.tenant, page.rest):
        raise ODataError(NO_SUCH_ROUTE, path=page.request.path[:256])
    return Reply(204, odata=False)


async def _list_revocations(page: _Page) -> Reply:
    found = await page.service.database.read(revocations(page.actor.tenant))
    value = [{kind: subject, "issuedBefore": before} for (kind, subject), before in found.items()]
    return _json(200, {"value": value})


async def _revoke(page: _Page) -> Reply:
    asked = msgspec.structs.asdict(page.body(_Revocation))
    named = [(kind, subject.lower() if kind != "token" else subject) for kind, subject in asked.items() if subject]
    if len(named) > 1:
        raise ODataError(BODY_UNREADABLE, reason="Name a user, an application or a token, not several at once.")
    kind, subject = named[0] if named else ("tenant", "")
    if "\0" in subject:  # nobody has such an id, and not every database takes it
        raise ODataError(BODY_UNREADABLE, reason=f"The id of the {kind} holds the character U+0000.")
    # Tokens know their second, no more: those of this one are worth nothing, either.
    before = int(time.time()) + 1
    await page.service.database.change(revoke(page.actor.tenant, kind, subject[:256], before))
    page.service.tenants.forget(page.actor.tenant)
    return _json(201, {kind: subject, "issuedBefore": before})


async def _forget_revocations(page: _Page) -> Reply:
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


def _json(status: int, found: object) -> Reply:
    return Reply(status, msgspec.json.encode(found), JSON, odata=False)


_Handler = Callable[[_Page], Awaitable[Reply]]
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
}

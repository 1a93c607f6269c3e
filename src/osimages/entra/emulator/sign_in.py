"""The flow of a sign-in: account, consent, and the response to the application. It knows no HTML and no HTTP.

Each form of a page holds a sealed `FlowState` that is bound to the browser's cookie: no other site can send the form
(CSRF), nobody can skip a page, and any worker can take the next step.
"""

from __future__ import annotations

import hmac

import msgspec

from osimages.entra.emulator.authorization_request import (
    AuthorizationRequest,
    AuthorizationResponse,
    parse_authorization_request,
)
from osimages.entra.emulator.consent import beyond, missing, wanted
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.directory import Application, User
from osimages.entra.emulator.encrypted_tokens import FlowState, Party, Session, SignIn
from osimages.entra.emulator.error_catalogue import (
    ADMIN_CONSENT,
    BAD_USER_CODE,
    CONSENT_DECLINED,
    CONSENT_REQUIRED,
    FORGED_FLOW_STATE,
    NOT_SIGNED_IN,
    SELECT_ACCOUNT,
    UNKNOWN_USER,
)
from osimages.entra.emulator.forms import parse_form
from osimages.entra.emulator.request_context import RequestContext, tenant_of
from osimages.entra.emulator.scopes import RequestedScope

FLOW_SECONDS = 1800
SESSION_SECONDS = 12 * 3600
_LONGEST_CODE = 32
_LONGEST_NAME = 256
_MOST_SIGN_INS = 8


class Browser(msgspec.Struct, frozen=True):
    """A browser by its cookies: a random mark, and who has signed in with it."""

    mark: str
    session: Session


class PickPage(msgspec.Struct, frozen=True):
    """Page: who signs in? One of `users`; `signed_in` are those who have before. `returns_to` is the redirect URI."""

    step: str
    application: Application
    users: tuple[User, ...]
    signed_in: frozenset[str]
    hint: str
    device: bool
    returns_to: str | None
    problem: str | None = None


class ConsentPage(msgspec.Struct, frozen=True):
    """Page: does the user consent? `beyond` are permissions that the user may not grant; a `device` waits elsewhere."""

    step: str
    application: Application
    user: User
    permissions: tuple[str, ...]
    beyond: tuple[str, ...]
    openid: tuple[str, ...]
    device: bool
    returns_to: str | None


class CodePage(msgspec.Struct, frozen=True):
    """Page: which code does the device show?"""

    step: str
    code: str
    problem: str | None = None


class DonePage(msgspec.Struct, frozen=True):
    """Page: the device has its answer."""

    application: Application
    approved: bool


Outcome = PickPage | ConsentPage | CodePage | DonePage | AuthorizationResponse


class FlowResult(msgspec.Struct, frozen=True):
    """The next page or the response to the application, and the session that the browser has from now on."""

    outcome: Outcome
    session: Session


def start_sign_in(context: RequestContext, tenant_name: str, query: str, browser: Browser) -> FlowResult:
    """Start the sign-in that an application requests with a query. Raises EntraError, AuthorizationError."""
    request = parse_authorization_request(context, tenant_of(tenant_name, context.directory), parse_form(query))
    flow = FlowState(tenant_name, browser.mark, query=query)
    here = _signed_in(context, request.tenant, browser)
    hint = request.login_hint
    named = next((each for each in here if hint and each.user_principal_name.casefold() == hint.casefold()), None)
    user = named or (here[0] if len(here) == 1 and not hint else None)
    if request.prompt == "none":
        if user is None:
            raise request.rejected((SELECT_ACCOUNT if here and not hint else NOT_SIGNED_IN)())
        return FlowResult(_finished(context, request, user), browser.session)
    if user is None or request.prompt in ("login", "select_account", "create"):
        return FlowResult(_pick(context, request, flow, browser, hint or ""), browser.session)
    return FlowResult(_after_pick(context, flow, request, user), browser.session)


def start_device_page(context: RequestContext, tenant_name: str, code: str, browser: Browser) -> FlowResult:
    """Ask for the code of a device. Raises EntraError."""
    tenant_of(tenant_name, context.directory)
    return FlowResult(
        CodePage(context.sealer.seal(FlowState(tenant_name, browser.mark), context.now), code[:_LONGEST_CODE]),
        browser.session,
    )


def enter_code(context: RequestContext, sealed: str, code: str, browser: Browser) -> FlowResult:
    """Take the code of a device. Raises EntraError."""
    flow = _opened(context, sealed, browser)
    entered = code.upper().replace("-", "").replace(" ", "")
    device = context.state.device(entered, context.now.timestamp())
    if device is None or device.decision != "pending":
        problem = BAD_USER_CODE(code=code).text
        return FlowResult(CodePage(sealed, code[:_LONGEST_CODE], problem), browser.session)
    onward = msgspec.structs.replace(flow, user_code=entered)
    return FlowResult(_pick(context, _request_of(context, onward), onward, browser, ""), browser.session)


def pick(context: RequestContext, sealed: str, name: str, browser: Browser) -> FlowResult:
    """Take the user who signs in, by object id or principal name. Raises EntraError, AuthorizationError."""
    flow = _opened(context, sealed, browser)
    request = _request_of(context, flow)
    user = context.directory.user(name) or context.directory.user_named(name, request.tenant)
    if user is None or not (request.tenant is None or user.is_in(request.tenant)):
        problem = UNKNOWN_USER(user=name, tenant=request.tenant or DEFAULT_TENANT).text
        return FlowResult(_pick(context, request, flow, browser, name, problem), browser.session)
    others = tuple(each for each in browser.session.sign_ins if each.user != user.id)
    session = Session((*others[1 - _MOST_SIGN_INS :], SignIn(user.id, int(context.now.timestamp()))))
    return FlowResult(_after_pick(context, flow, request, user), session)


def decide(context: RequestContext, sealed: str, accepted: bool, browser: Browser) -> FlowResult:
    """Take the decision about the permissions that an application requests. Raises EntraError, AuthorizationError."""
    flow = _opened(context, sealed, browser)
    request = _request_of(context, flow)
    user = context.directory.user(flow.user or "")
    if user is None:
        raise FORGED_FLOW_STATE()
    party = _party(request, user)
    left = missing(request.asked, request.application, party, context.state)
    over = beyond(left, user)
    if accepted and not over:
        context.state.consent(party.tenant, party.user, party.application, request.asked.resource.id, left)
        return FlowResult(_agreed(context, flow, request, party, user), browser.session)
    if isinstance(request, AuthorizationRequest):
        told = {"user": user.user_principal_name, "permissions": ", ".join(sorted(over))}
        raise request.rejected(ADMIN_CONSENT(**told) if over else CONSENT_DECLINED())
    context.state.decide(request.user_code, "pending", "declined")
    return FlowResult(DonePage(request.application, False), browser.session)


class _DeviceRequest(msgspec.Struct, frozen=True):
    """The request of a device that waits."""

    user_code: str
    application: Application
    tenant: str | None
    asked: RequestedScope
    redirect_uri: None = None


_Request = AuthorizationRequest | _DeviceRequest


def _request_of(context: RequestContext, flow: FlowState) -> _Request:
    """Return the request that a step of the sign-in is part of."""
    if flow.query is not None:
        return parse_authorization_request(context, tenant_of(flow.tenant, context.directory), parse_form(flow.query))
    device = None if flow.user_code is None else context.state.device(flow.user_code, context.now.timestamp())
    if device is None or device.decision != "pending":
        raise FORGED_FLOW_STATE()
    tenant = device.tenant or None
    application = context.application(device.application, tenant)
    return _DeviceRequest(device.user_code, application, tenant, context.asked(device.scope, application, tenant))


def _after_pick(context: RequestContext, flow: FlowState, request: _Request, user: User) -> Outcome:
    left = missing(request.asked, request.application, _party(request, user), context.state)
    if isinstance(request, AuthorizationRequest):
        if not left and request.prompt != "consent":
            return request.code(context, _party(request, user), user)
        if request.prompt == "consent":
            left = wanted(request.asked, request.application)
    # Somebody who was tricked into entering a stranger's code must see for which application (RFC 8628, section 5.4).
    return ConsentPage(
        step=context.sealer.seal(msgspec.structs.replace(flow, user=user.id), context.now),
        application=request.application,
        user=user,
        permissions=tuple(sorted(left)),
        beyond=tuple(sorted(beyond(left, user))),
        openid=tuple(sorted(request.asked.openid)),
        device=isinstance(request, _DeviceRequest),
        returns_to=request.redirect_uri,
    )


def _finished(context: RequestContext, request: AuthorizationRequest, user: User) -> AuthorizationResponse:
    """Return the response where no page may be shown (prompt=none)."""
    if missing(request.asked, request.application, _party(request, user), context.state):
        name = request.application.display_name
        raise request.rejected(CONSENT_REQUIRED(application=request.application.id, name=name))
    return request.code(context, _party(request, user), user)


def _agreed(
    context: RequestContext, flow: FlowState, request: _Request, party: Party, user: User
) -> AuthorizationResponse | DonePage:
    if isinstance(request, AuthorizationRequest):
        return request.code(context, party, user)
    if not context.state.approve(request.user_code, party.tenant, user.id):
        raise FORGED_FLOW_STATE()
    return DonePage(request.application, True)


def _party(request: _Request, user: User) -> Party:
    return Party(request.tenant or user.tenant or DEFAULT_TENANT, request.application.id, user.id)


def _pick(
    context: RequestContext,
    request: _Request,
    flow: FlowState,
    browser: Browser,
    hint: str,
    problem: str | None = None,
) -> PickPage:
    return PickPage(
        step=context.sealer.seal(flow, context.now),
        application=request.application,
        users=context.directory.users if request.tenant is None else context.directory.users_in(request.tenant),
        signed_in=frozenset(each.id for each in _signed_in(context, request.tenant, browser)),
        hint=hint[:_LONGEST_NAME],
        device=isinstance(request, _DeviceRequest),
        returns_to=request.redirect_uri,
        problem=problem,
    )


def _signed_in(context: RequestContext, tenant: str | None, browser: Browser) -> tuple[User, ...]:
    """Return who has signed in with a browser and was not revoked, the latest first."""
    found = ((context.directory.user(each.user), each.at) for each in reversed(browser.session.sign_ins))
    return tuple(
        user
        for user, moment in found
        if user is not None and (tenant is None or user.is_in(tenant)) and user.counts_from(moment)
    )


def _opened(context: RequestContext, sealed: str, browser: Browser) -> FlowState:
    """Return the state that a form came with, if it was made for this browser."""
    opened = context.sealer.opened(sealed, FlowState, context.now, FLOW_SECONDS)
    if opened is None or not hmac.compare_digest(opened[0].browser.encode(), browser.mark.encode()):
        raise FORGED_FLOW_STATE()
    return opened[0]

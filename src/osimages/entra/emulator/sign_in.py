"""The way through the pages: who signs in, what they agree to, and what becomes of it. It knows no HTML and no HTTP.

Every page is a `Step` that is sealed into its form and bound to the browser's cookie, so that no other site can send it
(CSRF), nobody can skip one, and any worker can take it.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qsl

import msgspec

from osimages.entra.emulator.authorization_request import Authorization, Returned, authorization_of
from osimages.entra.emulator.consent import beyond, missing, wanted
from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.directory import Application, User
from osimages.entra.emulator.encrypted_tokens import Device, Party, Session, SignIn, Step
from osimages.entra.emulator.error_catalogue import (
    ADMIN_CONSENT,
    BAD_USER_CODE,
    CONSENT_DECLINED,
    CONSENT_REQUIRED,
    FORGED_STEP,
    NOT_SIGNED_IN,
    SELECT_ACCOUNT,
    UNKNOWN_USER,
    UNREADABLE_FORM,
)
from osimages.entra.emulator.grants import DEVICE_SECONDS, POLL_SECONDS
from osimages.entra.emulator.scopes import Asked
from osimages.entra.emulator.shared_state import PendingDevice
from osimages.entra.emulator.token_request import Surroundings, given, tenant_of

STEP_SECONDS = 1800
SESSION_SECONDS = 12 * 3600
_LONGEST_CODE = 32
_LONGEST_NAME = 256
# No vowels, so that no words come out, and nothing that looks like something else.
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH = 9
_MOST_FIELDS = 100
_MOST_SIGN_INS = 8


class Browser(msgspec.Struct, frozen=True):
    """What the cookies of a browser say: a random mark, and who has signed in with it."""

    mark: str
    session: Session


class PickPage(msgspec.Struct, frozen=True):
    """Asks who signs in: one of `users`; `signed_in` are those who have before. `returns_to` is the redirect URI."""

    step: str
    application: Application
    users: tuple[User, ...]
    signed_in: frozenset[str]
    hint: str
    device: bool
    returns_to: str | None
    problem: str | None = None


class ConsentPage(msgspec.Struct, frozen=True):
    """Asks whether the application may. `beyond` are those that the user may not give; a `device` waits elsewhere."""

    step: str
    application: Application
    user: User
    permissions: tuple[str, ...]
    beyond: tuple[str, ...]
    openid: tuple[str, ...]
    device: bool
    returns_to: str | None


class CodePage(msgspec.Struct, frozen=True):
    """Asks for the code that a device shows."""

    step: str
    code: str
    problem: str | None = None


class DonePage(msgspec.Struct, frozen=True):
    """Says that a device has been told."""

    application: Application
    approved: bool


Outcome = PickPage | ConsentPage | CodePage | DonePage | Returned


class Shown(msgspec.Struct, frozen=True):
    """What the browser gets: a page or the way back, and the session that it has from now on."""

    outcome: Outcome
    session: Session


def begin(at: Surroundings, tenant_name: str, query: str, browser: Browser) -> Shown:
    """The answer to an application that sends somebody here. Raises RefusedError, ReturnedError."""
    request = authorization_of(at, tenant_of(tenant_name, at.directory), parsed(query))
    step = Step(tenant_name, browser.mark, query=query)
    here = _signed_in(at, request.tenant, browser)
    hint = request.login_hint
    named = next((each for each in here if hint and each.user_principal_name.casefold() == hint.casefold()), None)
    user = named or (here[0] if len(here) == 1 and not hint else None)
    if request.prompt == "none":
        if user is None:
            raise request.refused((SELECT_ACCOUNT if here and not hint else NOT_SIGNED_IN).because())
        return Shown(_finished(at, request, user), browser.session)
    if user is None or request.prompt in ("login", "select_account", "create"):
        return Shown(_pick(at, request, step, browser, hint or ""), browser.session)
    return Shown(_after_pick(at, step, request, user), browser.session)


def begin_device(at: Surroundings, tenant_name: str, code: str, browser: Browser) -> Shown:
    """The page that asks for the code of a device. Raises RefusedError."""
    tenant_of(tenant_name, at.directory)
    return Shown(CodePage(_sealed(at, Step(tenant_name, browser.mark)), code[:_LONGEST_CODE]), browser.session)


def enter_code(at: Surroundings, sealed: str, code: str, browser: Browser) -> Shown:
    """Takes the code of a device. Raises RefusedError."""
    step = _opened(at, sealed, browser)
    entered = code.upper().replace("-", "").replace(" ", "")
    device = at.state.device(entered, at.now.timestamp())
    if device is None or device.decision != "pending":
        problem = BAD_USER_CODE.because(code=code).text
        return Shown(CodePage(sealed, code[:_LONGEST_CODE], problem), browser.session)
    onward = msgspec.structs.replace(step, user_code=entered)
    return Shown(_pick(at, _asks(at, onward), onward, browser, ""), browser.session)


def pick(at: Surroundings, sealed: str, name: str, browser: Browser) -> Shown:
    """Takes who signs in, by object id or principal name. Raises RefusedError, ReturnedError."""
    step = _opened(at, sealed, browser)
    asks = _asks(at, step)
    user = at.directory.user(name) or at.directory.user_named(name, asks.tenant)
    if user is None or not (asks.tenant is None or user.is_in(asks.tenant)):
        problem = UNKNOWN_USER.because(user=name, tenant=asks.tenant or DEFAULT_TENANT).text
        return Shown(_pick(at, asks, step, browser, name, problem), browser.session)
    others = tuple(each for each in browser.session.sign_ins if each.user != user.id)
    session = Session((*others[1 - _MOST_SIGN_INS :], SignIn(user.id, int(at.now.timestamp()))))
    return Shown(_after_pick(at, step, asks, user), session)


def decide(at: Surroundings, sealed: str, accepted: bool, browser: Browser) -> Shown:
    """Takes what somebody thinks of an application's wishes. Raises RefusedError, ReturnedError."""
    step = _opened(at, sealed, browser)
    asks = _asks(at, step)
    user = at.directory.user(step.user or "")
    if user is None:
        raise FORGED_STEP.because()
    party = _party(asks, user)
    left = missing(asks.asked, asks.application, party, at.state)
    over = beyond(left, user)
    if accepted and not over:
        at.state.consent(party.tenant, party.user, party.application, asks.asked.resource.id, left)
        return Shown(_agreed(at, step, asks, party, user), browser.session)
    if isinstance(asks, Authorization):
        told = {"user": user.user_principal_name, "permissions": ", ".join(sorted(over))}
        raise asks.refused(ADMIN_CONSENT.because(**told) if over else CONSENT_DECLINED.because())
    at.state.decide(asks.user_code, "pending", "declined")
    return Shown(DonePage(asks.application, False), browser.session)


def start_device(at: Surroundings, tenant_name: str, form: dict[str, str]) -> dict[str, object]:
    """The answer to a device that has no browser (RFC 8628, section 3.2). Raises RefusedError."""
    tenant = tenant_of(tenant_name, at.directory)
    application = at.application(given(form, "client_id"), tenant)
    asked = at.asked(given(form, "scope"), application, tenant)
    moment = at.now.timestamp()
    while True:
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
        waiting = PendingDevice(code, application.id, tenant or "", asked.text, None, "pending")
        if at.state.add_device(waiting, moment + DEVICE_SECONDS, moment):
            break
    page = f"{at.origin}/devicelogin"
    device = Device(code, application.id, tenant or "", asked.text, form.get("claims"))
    return {
        "user_code": code,
        "device_code": at.sealer.seal(device, at.now),
        "verification_uri": page,
        "verification_url": page,
        "expires_in": DEVICE_SECONDS,
        "interval": POLL_SECONDS,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code {code} to authenticate.",
    }


def parsed(query: str) -> dict[str, str]:
    """The parameters of a query or form, each of which may be there once. Raises RefusedError."""
    try:
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise UNREADABLE_FORM.because(reason="it is no form in UTF-8, or has too many fields") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise UNREADABLE_FORM.because(reason="a parameter is given more than once")
    return form


class _DeviceAsks(msgspec.Struct, frozen=True):
    """What a device that waits asks for."""

    user_code: str
    application: Application
    tenant: str | None
    asked: Asked


def _asks(at: Surroundings, step: Step) -> Authorization | _DeviceAsks:
    """What a step is about."""
    if step.query is not None:
        return authorization_of(at, tenant_of(step.tenant, at.directory), parsed(step.query))
    device = None if step.user_code is None else at.state.device(step.user_code, at.now.timestamp())
    if device is None or device.decision != "pending":
        raise FORGED_STEP.because()
    tenant = device.tenant or None
    application = at.application(device.application, tenant)
    return _DeviceAsks(device.user_code, application, tenant, at.asked(device.scope, application, tenant))


def _after_pick(at: Surroundings, step: Step, asks: Authorization | _DeviceAsks, user: User) -> Outcome:
    left = missing(asks.asked, asks.application, _party(asks, user), at.state)
    if isinstance(asks, Authorization):
        if not left and asks.prompt != "consent":
            return asks.code(at, _party(asks, user), user)
        if asks.prompt == "consent":
            left = wanted(asks.asked, asks.application)
    # Somebody who was tricked into entering a stranger's code must see for which application (RFC 8628, section 5.4).
    return ConsentPage(
        step=_sealed(at, msgspec.structs.replace(step, user=user.id)),
        application=asks.application,
        user=user,
        permissions=tuple(sorted(left)),
        beyond=tuple(sorted(beyond(left, user))),
        openid=tuple(sorted(asks.asked.openid)),
        device=isinstance(asks, _DeviceAsks),
        returns_to=_returns_to(asks),
    )


def _finished(at: Surroundings, request: Authorization, user: User) -> Returned:
    """The answer where nobody may be asked anything."""
    if missing(request.asked, request.application, _party(request, user), at.state):
        name = request.application.display_name
        raise request.refused(CONSENT_REQUIRED.because(application=request.application.id, name=name))
    return request.code(at, _party(request, user), user)


def _agreed(
    at: Surroundings, step: Step, asks: Authorization | _DeviceAsks, party: Party, user: User
) -> Returned | DonePage:
    if isinstance(asks, Authorization):
        return asks.code(at, party, user)
    if not at.state.approve(asks.user_code, party.tenant, user.id):
        raise FORGED_STEP.because()
    return DonePage(asks.application, True)


def _party(asks: Authorization | _DeviceAsks, user: User) -> Party:
    return Party(asks.tenant or user.tenant or DEFAULT_TENANT, asks.application.id, user.id)


def _pick(
    at: Surroundings,
    asks: Authorization | _DeviceAsks,
    step: Step,
    browser: Browser,
    hint: str,
    problem: str | None = None,
) -> PickPage:
    return PickPage(
        step=_sealed(at, step),
        application=asks.application,
        users=at.directory.users if asks.tenant is None else at.directory.users_in(asks.tenant),
        signed_in=frozenset(each.id for each in _signed_in(at, asks.tenant, browser)),
        hint=hint[:_LONGEST_NAME],
        device=isinstance(asks, _DeviceAsks),
        returns_to=_returns_to(asks),
        problem=problem,
    )


def _returns_to(asks: Authorization | _DeviceAsks) -> str | None:
    return asks.redirect_uri if isinstance(asks, Authorization) else None


def _signed_in(at: Surroundings, tenant: str | None, browser: Browser) -> tuple[User, ...]:
    """Who has signed in with a browser, as far as that still counts, the latest first."""
    found = ((at.directory.user(each.user), each.at) for each in reversed(browser.session.sign_ins))
    return tuple(
        user
        for user, moment in found
        if user is not None and (tenant is None or user.is_in(tenant)) and user.counts_from(moment)
    )


def _sealed(at: Surroundings, step: Step) -> str:
    return at.sealer.seal(step, at.now)


def _opened(at: Surroundings, sealed: str, browser: Browser) -> Step:
    """The step that a form came with, if it was made for this browser."""
    opened = at.sealer.opened(sealed, Step, at.now, STEP_SECONDS)
    if opened is None or not hmac.compare_digest(opened[0].browser.encode(), browser.mark.encode()):
        raise FORGED_STEP.because()
    return opened[0]

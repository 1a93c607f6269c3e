"""The emulator's pages for people: sign-in, consent, device codes and sign-out, around the flow of `sign_in.py`."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from osimages.entra.emulator.authorization_request import AuthorizationError, AuthorizationResponse
from osimages.entra.emulator.encrypted_tokens import Session
from osimages.entra.emulator.error_catalogue import EntraError
from osimages.entra.emulator.forms import cookie, required
from osimages.entra.emulator.redirects import LOOPBACK, is_registered, source_of, with_answer
from osimages.entra.emulator.request_context import Call
from osimages.entra.emulator.sign_in import (
    SESSION_SECONDS,
    Browser,
    CodePage,
    ConsentPage,
    DonePage,
    FlowResult,
    PickPage,
    decide,
    enter_code,
    pick,
    start_device_page,
    start_sign_in,
)

_FOLDER = Path(__file__).parent / "templates"
# Sends a form that has a button for browsers without scripts.
_SEND = "document.forms[0].submit()"
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}
_TEMPLATES = {PickPage: "pick", ConsentPage: "consent", CodePage: "code", DonePage: "done"}
_MARK, _SESSION = "browser", "session"
_MARK_BYTES = 16
_A_MARK = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)

# The meanings of the permissions that people know Graph's device management for; others are shown by name alone.
# https://learn.microsoft.com/graph/permissions-reference
_MEANINGS = {
    "DeviceManagementConfiguration.Read.All": "Read Microsoft Intune device configuration and policies",
    "DeviceManagementConfiguration.ReadWrite.All": "Read and write Microsoft Intune device configuration and policies",
    "User.Read": "Sign you in and read your profile",
    "openid": "Sign you in",
    "profile": "View your basic profile",
    "email": "View your email address",
    "offline_access": "Maintain access to data you have given it access to",
}


def flow_page(step: Callable[[Call, Browser], FlowResult]) -> Callable[[Call], Response]:
    """Return the endpoint of a step of the sign-in: it answers with the next page, or redirects to the application."""

    def respond(call: Call) -> Response:
        browser, is_new = _browser(call)
        try:
            result = step(call, browser)
        except AuthorizationError as error:
            return _returned(call, error.response)
        outcome = result.outcome
        if isinstance(outcome, AuthorizationResponse):
            response = _returned(call, outcome)
        else:
            returns_to = outcome.returns_to if isinstance(outcome, PickPage | ConsentPage) else None
            root = f"{urlsplit(call.context.origin).path}/{quote(call.tenant, safe='')}/signin"
            response = page(call, _TEMPLATES[type(outcome)], {"shown": outcome, "root": root}, returns_to)
        if is_new:
            _set_cookie(call, response, _MARK, browser.mark)
        if result.session != browser.session:
            _set_cookie(call, response, _SESSION, call.context.sealer.seal(result.session, call.context.now))
        return response

    return respond


def authorize(call: Call, browser: Browser) -> FlowResult:
    """Start the sign-in that an application asks for."""
    return start_sign_in(call.context, call.tenant, urlencode(call.form), browser)


def authorize_v1(call: Call, browser: Browser) -> FlowResult:
    """Do the same for clients of the v1.0 endpoint, which name a resource instead of scopes."""
    resource = call.form.get("resource") or call.context.graph_root
    form = call.form | {"scope": f"{resource}/.default openid profile offline_access"}
    return start_sign_in(call.context, call.tenant, urlencode(form), browser)


def device_code(call: Call, browser: Browser) -> FlowResult:
    """Ask for the code of a device."""
    return start_device_page(call.context, call.tenant, call.form.get("otc", ""), browser)


def code_entered(call: Call, browser: Browser) -> FlowResult:
    """Take the code of a device."""
    return enter_code(call.context, required(call.form, "step"), call.form.get("code", ""), browser)


def account_picked(call: Call, browser: Browser) -> FlowResult:
    """Take the user who signs in."""
    name = call.form.get("user") or call.form.get("name", "")
    return pick(call.context, required(call.form, "step"), name, browser)


def consent_decided(call: Call, browser: Browser) -> FlowResult:
    """Take the decision about an application's permissions."""
    return decide(call.context, required(call.form, "step"), call.form.get("decision") == "accept", browser)


def sign_out(call: Call) -> Response:
    """https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request"""
    target = call.form.get("post_logout_redirect_uri")
    applications = call.context.directory.applications
    if target and any(is_registered(target, each.redirect_uris) for each in applications):
        state = {"state": call.form["state"]} if "state" in call.form else {}
        response: Response = RedirectResponse(with_answer(target, state, "query"), 303, _HEADERS)
    else:
        response = page(call, "signed_out", {"refused": target})
    _set_cookie(call, response, _SESSION, "", 0)
    return response


def error_page(call: Call, error: EntraError) -> Response:
    """Return the page that reports an error to a person."""
    return page(call, "error", {"body": error.body(call.context.now, call.correlation)}, status=error.kind.status)


def page(
    call: Call, name: str, values: Mapping[str, object], returns_to: str | None = None, status: int = 200
) -> Response:
    """Return a page. Everything that goes into it is escaped; its form may lead on to `returns_to`."""
    headers = {**_HEADERS, "content-security-policy": policy(returns_to)}
    response: Response = _templates().TemplateResponse(
        call.request, f"{name}.html", dict(values), status_code=status, headers=headers
    )
    return response


def policy(returns_to: str | None) -> str:
    """Return the Content-Security-Policy of a page whose form may lead on to an address.

    https://www.w3.org/TR/CSP3/#directive-form-action covers redirects, too. On loopback they may go on to any port:
    the application that the address belongs to often has its pages at another one.
    """
    targets = "'self'"
    if returns_to is not None and urlsplit(returns_to).hostname in LOOPBACK:
        targets += " http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*"
    elif returns_to is not None:
        targets += f" {source_of(returns_to)}"
    return (
        f"default-src 'none'; style-src '{_hash(_style())}'; script-src '{_hash(_SEND)}'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _returned(call: Call, response: AuthorizationResponse) -> Response:
    """Return to the application, in the response mode that it asked for."""
    if response.mode == "form_post":
        return page(call, "form_post", {"returned": response}, response.redirect_uri)
    return RedirectResponse(with_answer(response.redirect_uri, response.values, response.mode), 303, _HEADERS)


def _browser(call: Call) -> tuple[Browser, bool]:
    """Return the browser by its cookies, and whether it is new, with a new mark."""
    header = "; ".join(call.request.headers.getlist("cookie"))  # HTTP/2 may split it
    mark, sealed = (cookie(header, _cookie_name(call, name)) for name in (_MARK, _SESSION))
    opened = None if sealed is None else call.context.sealer.opened(sealed, Session, call.context.now, SESSION_SECONDS)
    session = opened[0] if opened is not None else Session()
    if mark is None or not _A_MARK.fullmatch(mark):
        return Browser(secrets.token_urlsafe(_MARK_BYTES), session), True
    return Browser(mark, session), False


def _set_cookie(call: Call, response: Response, name: str, value: str, seconds: int = SESSION_SECONDS) -> None:
    secure = call.context.origin.startswith("https:")
    response.set_cookie(_cookie_name(call, name), value, max_age=seconds, secure=secure, httponly=True, samesite="lax")


def _cookie_name(call: Call, name: str) -> str:
    """Return a name with the port: browsers keep cookies apart by host alone, and two servers must not share theirs."""
    parts = urlsplit(call.context.origin)
    prefix = "__Host-" if parts.scheme == "https" else ""
    return f"{prefix}osimages-{parts.port or 0}-{name}"


@cache
def _templates() -> Any:
    # Loaded with the first page: a server that shows none need not load Jinja.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    from starlette.templating import Jinja2Templates  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"style": _style(), "send": _SEND, "meanings": _MEANINGS}
    return Jinja2Templates(env=environment)


@cache
def _style() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

"""The emulator's pages over HTTP: cookies, forms and redirects around the flow of `sign_in.py`."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import structlog

from osimages.entra.emulator.authorization_request import Returned, ReturnedError
from osimages.entra.emulator.encrypted_tokens import Session
from osimages.entra.emulator.error_catalogue import UNAVAILABLE, UNREADABLE_FORM, RefusedError
from osimages.entra.emulator.html_pages import page, policy
from osimages.entra.emulator.private_files import UnusableError
from osimages.entra.emulator.redirects import is_registered, with_answer
from osimages.entra.emulator.sign_in import (
    SESSION_SECONDS,
    Browser,
    CodePage,
    ConsentPage,
    DonePage,
    PickPage,
    Shown,
    begin,
    begin_device,
    decide,
    enter_code,
    parsed,
    pick,
)
from osimages.entra.emulator.token_request import Surroundings, given
from osimages.odata.service.reply import Header, Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.wire.header_fields import cookie_values

_log = structlog.get_logger()

_HTML = b"text/html; charset=utf-8"
_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_MARK_BYTES = 16
_A_MARK = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


class Visit(msgspec.Struct, frozen=True):
    """A request for one of the pages; `rest` is which."""

    at: Surroundings
    request: ApiRequest
    tenant: str
    rest: str


def page_reply(visit: Visit) -> Reply:
    """The reply: a page, or the way back to an application."""
    browser, is_new = _browser(visit)
    try:
        if visit.rest.endswith("/logout"):
            return _signed_out(visit)
        with unavailable_told():
            shown = _STEPS[visit.rest](visit, browser)
    except ReturnedError as error:
        return _returned(error.returned, ())
    except RefusedError as refusal:
        return _page(refusal.row.status, "error", {"body": refusal.body(visit.at.now, visit.request.client_request_id)})
    cookies = _cookies(visit, browser if is_new else None, shown.session if shown.session != browser.session else None)
    if isinstance(shown.outcome, Returned):
        return _returned(shown.outcome, cookies)
    return _shown(visit, shown, cookies)


@contextmanager
def unavailable_told() -> Iterator[None]:
    """Makes a file that cannot be used an answer like any other, and a line in the log."""
    try:
        yield
    except UnusableError as error:
        _log.error("the authority cannot use its state", reason=str(error))
        raise UNAVAILABLE.because(reason=error) from None


_TEMPLATES = {PickPage: "pick", ConsentPage: "consent", CodePage: "code", DonePage: "done"}


def _shown(visit: Visit, shown: Shown, cookies: tuple[Header, ...]) -> Reply:
    outcome = shown.outcome
    assert not isinstance(outcome, Returned)
    returns_to = outcome.returns_to if isinstance(outcome, PickPage | ConsentPage) else None
    values = {"shown": outcome, "root": f"{urlsplit(visit.at.origin).path}/{quote(visit.tenant, safe='')}/signin"}
    return _page(200, _TEMPLATES[type(outcome)], values, cookies, returns_to)


def _page(
    status: int,
    name: str,
    values: Mapping[str, object],
    cookies: tuple[Header, ...] = (),
    returns_to: str | None = None,
) -> Reply:
    body = page(name, values)
    headers = (*_HEADERS, (b"content-security-policy", policy(returns_to).encode()), *cookies)
    return Reply(status, body, _HTML, headers, odata=False)


def _returned(returned: Returned, cookies: tuple[Header, ...]) -> Reply:
    """The way back to the application, in the response mode that it asked for."""
    if returned.mode == "form_post":
        return _page(200, "form_post", {"returned": returned}, cookies, returned.redirect_uri)
    target = with_answer(returned.redirect_uri, returned.values, returned.mode)
    return Reply(303, headers=(*_HEADERS, (b"location", target.encode("ascii")), *cookies), odata=False)


def _signed_out(visit: Visit) -> Reply:
    """https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request"""
    form = _form(visit)
    cookies = (_cookie(visit, _SESSION, "", 0),)
    target = form.get("post_logout_redirect_uri")
    applications = visit.at.directory.applications
    if target and any(is_registered(target, each.redirect_uris) for each in applications):
        state = {"state": form["state"]} if "state" in form else {}
        location = with_answer(target, state, "query").encode("ascii")
        return Reply(303, headers=(*_HEADERS, (b"location", location), *cookies), odata=False)
    return _page(200, "signed_out", {"refused": target}, cookies)


def _begin(visit: Visit, browser: Browser) -> Shown:
    query = visit.request.query if visit.request.method == "GET" else _text(visit)
    return begin(visit.at, visit.tenant, query, browser)


def _begin_v1(visit: Visit, browser: Browser) -> Shown:
    """Clients of the v1.0 endpoint name a resource instead of scopes."""
    form = _form(visit)
    form["scope"] = f"{form.get('resource') or visit.at.graph_root}/.default openid profile offline_access"
    return begin(visit.at, visit.tenant, urlencode(form), browser)


def _device(visit: Visit, browser: Browser) -> Shown:
    return begin_device(visit.at, visit.tenant, _form(visit).get("otc", ""), browser)


def _code(visit: Visit, browser: Browser) -> Shown:
    form = _form(visit)
    return enter_code(visit.at, given(form, "step"), form.get("code", ""), browser)


def _account(visit: Visit, browser: Browser) -> Shown:
    form = _form(visit)
    return pick(visit.at, given(form, "step"), form.get("user") or form.get("name", ""), browser)


def _consent(visit: Visit, browser: Browser) -> Shown:
    form = _form(visit)
    return decide(visit.at, given(form, "step"), form.get("decision") == "accept", browser)


_STEPS: Mapping[str, Callable[[Visit, Browser], Shown]] = {
    "oauth2/v2.0/authorize": _begin,
    "oauth2/authorize": _begin_v1,
    "oauth2/deviceauth": _device,
    "signin/code": _code,
    "signin/account": _account,
    "signin/consent": _consent,
}
# Every page, and the methods that it takes.
PAGES: Mapping[str, tuple[str, ...]] = {
    "oauth2/v2.0/authorize": ("GET", "POST"),
    "oauth2/authorize": ("GET", "POST"),
    "oauth2/deviceauth": ("GET",),
    "oauth2/v2.0/logout": ("GET", "POST"),
    "oauth2/logout": ("GET", "POST"),
    "signin/code": ("POST",),
    "signin/account": ("POST",),
    "signin/consent": ("POST",),
}


def _form(visit: Visit) -> dict[str, str]:
    return parsed(visit.request.query if visit.request.method == "GET" else _text(visit))


def _text(visit: Visit) -> str:
    try:
        return visit.request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise UNREADABLE_FORM.because(reason="it is not in UTF-8") from None


_MARK, _SESSION = "browser", "session"


def _browser(visit: Visit) -> tuple[Browser, bool]:
    """Who asks, by the cookies; a browser without them gets a new mark."""
    names = [_cookie_name(visit, each) for each in (_MARK, _SESSION)]
    mark, session = map(cookie_values(visit.request.header(b"cookie") or "", names).get, names)
    opened = None
    if session is not None:
        opened = visit.at.sealer.opened(session, Session, visit.at.now, SESSION_SECONDS)
    known = opened[0] if opened is not None else Session()
    if mark is None or not _A_MARK.fullmatch(mark):
        return Browser(secrets.token_urlsafe(_MARK_BYTES), known), True
    return Browser(mark, known), False


def _cookies(visit: Visit, new: Browser | None, session: Session | None) -> tuple[Header, ...]:
    found = []
    if new is not None:
        found.append(_cookie(visit, _MARK, new.mark, SESSION_SECONDS))
    if session is not None:
        found.append(_cookie(visit, _SESSION, visit.at.sealer.seal(session, visit.at.now), SESSION_SECONDS))
    return tuple(found)


def _cookie(visit: Visit, name: str, value: str, seconds: int) -> Header:
    secure = "; Secure" if visit.at.origin.startswith("https:") else ""
    text = f"{_cookie_name(visit, name)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode("ascii")


def _cookie_name(visit: Visit, name: str) -> str:
    """Browsers keep cookies apart by host, not by port: two servers on one machine must not share theirs."""
    parts = urlsplit(visit.at.origin)
    prefix = "__Host-" if parts.scheme == "https" else ""
    return f"{prefix}osimages-{parts.port or 0}-{name}"

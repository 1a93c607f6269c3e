"""The development authority's paths: metadata, keys and tokens, beside the service itself on the same address."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, unquote_plus

import msgspec

from osimages.entra.emulator.authority import Authority
from osimages.entra.emulator.directory import Application
from osimages.entra.emulator.error_catalogue import BAD_HEADER, CROSS_ORIGIN, NOT_A_FORM, UNREADABLE_FORM, RefusedError
from osimages.entra.emulator.managed_identity import PATHS as IDENTITY_PATHS
from osimages.entra.emulator.managed_identity import IdentityRequest, identity_token, platform_of
from osimages.entra.emulator.openid_metadata import configuration, instance
from osimages.entra.emulator.private_files import UnusableError
from osimages.entra.emulator.redirects import is_registered_origin
from osimages.entra.emulator.sign_in import parsed, start_device
from osimages.entra.emulator.sign_in_endpoints import PAGES, Visit, page_reply, unavailable_told
from osimages.entra.emulator.token_request import Surroundings
from osimages.entra.emulator.userinfo import PATH as USERINFO_PATH
from osimages.entra.emulator.userinfo import userinfo
from osimages.graph.denial_audit import refusal_reply
from osimages.graph.known_hosts import is_loopback
from osimages.odata.errors import METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.reply import EVERY_ORIGIN, JSON, Header, Reply, preflight
from osimages.odata.service.request import ApiRequest, ReadBody, new_request_id
from osimages.odata.service.service import Service

_LONGEST_FORM = 64 * 1024
_JSON_UTF_8 = JSON + b"; charset=utf-8"
# RFC 6749, section 5.1: no cache may keep a token.
_NOT_KEPT: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
    (b"x-content-type-options", b"nosniff"),
)


# As with Entra, scripts of every origin may read metadata and public keys; of tokens, those for a page's own grants.
_TOKEN_ENDPOINTS = frozenset(("oauth2/v2.0/token", "oauth2/token"))
_NOBODYS = b""
_GRANTS_OF_PAGES = frozenset(("authorization_code", "refresh_token"))


class _Asked(msgspec.Struct, frozen=True):
    """A request on one of the paths: what stands in their place of `tenant` and behind `rest`."""

    authority: Authority
    at: Surroundings
    request: ApiRequest
    tenant: str
    rest: str


async def authority_reply(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """The reply to a request on a path of the authority; None for any other path. Raises ODataError (405, 413)."""
    found = None if service.authority is None else _route(request.path)
    if found is None or service.authority is None:
        return None
    tenant, rest, methods = found
    try:
        if request.method not in methods:
            raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(methods)})
        if not is_loopback(service.settings.host):
            service.visitors.admit(request.client)
        if request.method == "POST":
            request = msgspec.structs.replace(request, body=await read(_LONGEST_FORM, ""))
        clocked = service.authority.tenant(tenant)
        at = service.authority.surroundings(request.origin, service.clock.now(clocked), service.clock.id(clocked))
    except ODataError as error:
        return msgspec.structs.replace(refusal_reply(service, request, error), readers=_readers(rest))
    if rest in PAGES:
        return msgspec.structs.replace(page_reply(Visit(at, request, tenant, rest)), readers=_NOBODYS)
    if rest in IDENTITY_PATHS:
        return _identity_reply(at, request, tenant, rest)
    return _answered(_Asked(service.authority, at, request, tenant, rest))


def authority_preflight(service: Service, request: ApiRequest) -> Reply | None:
    """Return the answer to OPTIONS on a path of the authority that not every origin may use; None for any other path.

    Nobody knows yet which application will ask for a token: any that has registered the origin may.
    """
    found = None if service.authority is None else _route(request.path)
    if found is None or service.authority is None or _readers(found[1]) == EVERY_ORIGIN:
        return None
    origin = request.header(b"origin") or ""
    reply = preflight(frozenset(found[2]), request)
    if found[1] in _TOKEN_ENDPOINTS:
        applications: tuple[Application, ...] = ()
        with contextlib.suppress(UnusableError):  # the request itself tells what is wrong
            applications = service.authority.directory.current().applications
        if any(is_registered_origin(origin, each.redirect_uris) for each in applications):
            return msgspec.structs.replace(reply, readers=origin.encode("latin-1"))
    return Reply(204, headers=reply.headers[:1], odata=False, readers=_NOBODYS)


def _identity_reply(at: Surroundings, request: ApiRequest, tenant: str, rest: str) -> Reply:
    """Return the answer of a managed identity endpoint, with errors in the form of its platform."""
    asked = IdentityRequest(tenant, rest, request.method, request.headers, {})
    try:
        with unavailable_told():
            parameters = _form(request) if request.method == "POST" else parsed(request.query)
            asked = msgspec.structs.replace(asked, parameters=parameters)
            status, found = 200, identity_token(at, asked)
    except RefusedError as refusal:
        status, found = refusal.row.status, platform_of(asked).error(refusal)
    return Reply(status, msgspec.json.encode(found), _JSON_UTF_8, _NOT_KEPT, odata=False, readers=_NOBODYS)


def _readers(rest: str) -> bytes:
    """Whose scripts may read an answer, as far as the path says."""
    return EVERY_ORIGIN if rest in _GET else _NOBODYS


def _page_of(asked: _Asked) -> bytes:
    """Return the registered origin whose page asks for a token; empty where no page of another origin does.

    Raises RefusedError for any other page: the secrets of the development authority are public, so that a grant which
    needs no more than those would make every page the developer.
    """
    origin = asked.request.header(b"origin")
    if origin is None or asked.rest not in _TOKEN_ENDPOINTS or origin == _origin_alone(asked.at.origin):
        return _NOBODYS
    form = _form(asked.request)
    application = asked.at.directory.application(form.get("client_id", ""))
    uris = () if application is None else application.redirect_uris
    if form.get("grant_type") not in _GRANTS_OF_PAGES or not is_registered_origin(origin, uris):
        raise CROSS_ORIGIN.because(origin=origin)
    return origin.encode("latin-1")


def _origin_alone(address: str) -> str:
    """Scheme, host and port of an address, without the prefix that a proxy may have put behind them."""
    return "/".join(address.split("/", 3)[:3])


def _answered(asked: _Asked) -> Reply:
    trace = new_request_id()
    headers = (*_NOT_KEPT, (b"x-ms-request-id", trace.encode()))
    readers = _readers(asked.rest)
    try:
        with unavailable_told():
            readers = _page_of(asked) or readers
            found = _endpoint(asked.rest)(asked)
    except RefusedError as refusal:
        body = refusal.body(asked.at.now, asked.request.client_request_id, trace)
        if asked.rest == USERINFO_PATH:
            headers += ((b"www-authenticate", f'Bearer error="{refusal.row.error}"'.encode()),)
        elif refusal.row.status == 401 and asked.request.header(b"authorization"):
            headers += ((b"www-authenticate", b'Basic realm=""'),)
        return Reply(refusal.row.status, msgspec.json.encode(body), _JSON_UTF_8, headers, odata=False, readers=readers)
    return Reply(200, msgspec.json.encode(found), _JSON_UTF_8, headers, odata=False, readers=readers)


_Endpoint = Callable[[_Asked], object]

_GET: Mapping[str, _Endpoint] = {
    "v2.0/.well-known/openid-configuration": lambda asked: configuration(asked.at, asked.tenant, 2),
    ".well-known/openid-configuration": lambda asked: configuration(asked.at, asked.tenant, 1),
    "discovery/v2.0/keys": lambda asked: asked.at.keys.public_jwks(),
    "discovery/keys": lambda asked: asked.at.keys.public_jwks(),
    "discovery/instance": lambda asked: instance(asked.request.origin),
    USERINFO_PATH: lambda asked: userinfo(asked.at, asked.request.header(b"authorization")),
}
_POST: Mapping[str, _Endpoint] = {
    "oauth2/v2.0/token": lambda asked: asked.authority.token(asked.at, asked.tenant, _form(asked.request)),
    "oauth2/token": lambda asked: asked.authority.token_v1(asked.at, asked.tenant, _form(asked.request)),
    "oauth2/v2.0/devicecode": lambda asked: start_device(asked.at, asked.tenant, _form(asked.request)),
}
_USER_REALM = "userrealm/"
_WITHOUT_TENANT: Mapping[str, tuple[str, ...]] = {**IDENTITY_PATHS, USERINFO_PATH: ("GET", "POST")}


def _endpoint(rest: str) -> _Endpoint:
    if rest.startswith(_USER_REALM):
        return lambda asked: asked.authority.user_realm(asked.at, unquote(asked.rest.removeprefix(_USER_REALM)))
    return _GET.get(rest) or _POST[rest]


def authority_route(path: str) -> str | None:
    """Return the name of the route of a path of the authority; None for any other path."""
    found = _route(path)
    if found is None:
        return None
    return "/{tenant}/" + (f"{_USER_REALM}{{user}}" if found[1].startswith(_USER_REALM) else found[1])


def _route(path: str) -> tuple[str, str, tuple[str, ...]] | None:
    """The tenant of a path, what follows it, and the methods for that; None for a path of somebody else."""
    first, _, rest = re.sub("/+", "/", path).strip("/").partition("/")
    if not rest:
        return ("common", "oauth2/deviceauth", PAGES["oauth2/deviceauth"]) if first.lower() == "devicelogin" else None
    if (methods := _WITHOUT_TENANT.get(alone := f"{first}/{rest}".lower())) is not None:
        return "common", alone, methods
    tenant = unquote_plus(first)
    if rest in IDENTITY_PATHS:
        return tenant, rest, IDENTITY_PATHS[rest]
    if rest in PAGES:
        return tenant, rest, PAGES[rest]
    if rest in _GET or (rest.startswith(_USER_REALM) and "/" not in rest.removeprefix(_USER_REALM)):
        return tenant, rest, ("GET",)
    return (tenant, rest, ("POST",)) if rest in _POST else None


def _form(request: ApiRequest) -> dict[str, str]:
    """The fields of a form; id and secret may come in the Authorization header instead (RFC 6749, section 2.3.1)."""
    content_type = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise NOT_A_FORM.because()
    try:
        form = parsed(request.body.decode("utf-8"))
    except UnicodeDecodeError:
        raise UNREADABLE_FORM.because(reason="it is not in UTF-8") from None
    scheme, _, encoded = (request.header(b"authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        client, secret = _basic(encoded)
        form |= {"client_id": client, "client_secret": secret}
    return form


def _basic(encoded: str) -> tuple[str, str]:
    try:
        client, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        client, colon, secret = "", "", ""
    if not colon:
        raise BAD_HEADER.because()
    return unquote_plus(client), unquote_plus(secret)

"""The development authority's paths: metadata, keys and tokens, beside the service itself on the same address."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, unquote_plus

import msgspec

from osimages.errors import METHOD_NOT_ALLOWED, ServiceError
from osimages.http.reply import JSON, Header, Reply
from osimages.http.request import ApiRequest, ReadBody, new_request_id
from osimages.http.service import Service
from osimages.http.signin import PAGES, Visit, page_reply, unavailable_told
from osimages.issuer.authority import Authority
from osimages.issuer.exchange import Surroundings
from osimages.issuer.metadata import configuration, instance
from osimages.issuer.refusals import BAD_HEADER, NOT_A_FORM, UNREADABLE_FORM, RefusedError
from osimages.issuer.signin import parsed, start_device

_LONGEST_FORM = 64 * 1024
_JSON_UTF_8 = JSON + b"; charset=utf-8"
# RFC 6749, section 5.1: no cache may keep a token.
_NOT_KEPT: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
    (b"x-content-type-options", b"nosniff"),
)


class _Asked(msgspec.Struct, frozen=True):
    """A request on one of the paths: what stands in their place of `tenant` and behind `rest`."""

    authority: Authority
    at: Surroundings
    request: ApiRequest
    tenant: str
    rest: str


async def authority_reply(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """The reply to a request on a path of the authority; None for any other path. Raises ServiceError (405, 413)."""
    found = None if service.authority is None else _route(request.path)
    if found is None or service.authority is None:
        return None
    tenant, rest, methods = found
    if request.method not in methods:
        raise ServiceError(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(methods)})
    if request.method == "POST":
        request = msgspec.structs.replace(request, body=await read(_LONGEST_FORM, ""))
    at = service.authority.surroundings(request.origin, service.clock.now())
    if rest in PAGES:
        return page_reply(Visit(at, request, tenant, rest))
    return _answered(_Asked(service.authority, at, request, tenant, rest))


def _answered(asked: _Asked) -> Reply:
    trace = new_request_id()
    headers = (*_NOT_KEPT, (b"x-ms-request-id", trace.encode()))
    try:
        with unavailable_told():
            found = _endpoint(asked.rest)(asked)
    except RefusedError as refusal:
        body = refusal.body(asked.at.now, asked.request.client_request_id, trace)
        if refusal.row.status == 401 and asked.request.header(b"authorization"):
            headers += ((b"www-authenticate", b'Basic realm=""'),)
        return Reply(refusal.row.status, msgspec.json.encode(body), _JSON_UTF_8, headers, odata=False)
    return Reply(200, msgspec.json.encode(found), _JSON_UTF_8, headers, odata=False)


_Endpoint = Callable[[_Asked], object]

_GET: Mapping[str, _Endpoint] = {
    "v2.0/.well-known/openid-configuration": lambda asked: configuration(asked.at, asked.tenant, 2),
    ".well-known/openid-configuration": lambda asked: configuration(asked.at, asked.tenant, 1),
    "discovery/v2.0/keys": lambda asked: asked.at.keys.public_jwks(),
    "discovery/keys": lambda asked: asked.at.keys.public_jwks(),
    "discovery/instance": lambda asked: instance(asked.request.origin),
}
_POST: Mapping[str, _Endpoint] = {
    "oauth2/v2.0/token": lambda asked: asked.authority.token(asked.at, asked.tenant, _form(asked.request)),
    "oauth2/token": lambda asked: asked.authority.token_v1(asked.at, asked.tenant, _form(asked.request)),
    "oauth2/v2.0/devicecode": lambda asked: start_device(asked.at, asked.tenant, _form(asked.request)),
}
_USER_REALM = "userrealm/"


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
    tenant = unquote_plus(first)
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

"""The development authority's paths: metadata, keys and tokens, beside the service itself on the same address."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from osimages.errors import METHOD_NOT_ALLOWED, ServiceError
from osimages.http.reply import JSON, Header, Reply
from osimages.http.request import ApiRequest, ReadBody
from osimages.http.service import Service
from osimages.issuer.authority import Authority, RefusedError

_PATH = re.compile(
    r"/+(?P<tenant>[^/]+)/(?P<rest>"
    r"v2\.0/\.well-known/openid-configuration|discovery/v2\.0/keys|discovery/instance|oauth2/v2\.0/token)/*"
)
_LONGEST_FORM = 64 * 1024
_JSON_UTF_8 = JSON + b"; charset=utf-8"
# RFC 6749, section 5.1: no cache may keep a token.
_NOT_KEPT: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


async def authority_reply(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """The reply to a request on a path of the authority; None for any other path. Raises ServiceError (405, 413)."""
    match = _PATH.fullmatch(request.path)
    if match is None or service.authority is None:
        return None
    tenant, rest = unquote_plus(match["tenant"]), match["rest"]
    expected = "POST" if rest.endswith("/token") else "GET"
    if request.method != expected:
        raise ServiceError(METHOD_NOT_ALLOWED, headers={"Allow": expected})
    if expected == "POST":
        request = msgspec.structs.replace(request, body=await read(_LONGEST_FORM, ""))
    try:
        found = _found(service, service.authority, request, tenant, rest)
    except RefusedError as refusal:
        body = refusal.body(service.clock.now(), request.client_request_id)
        headers = _NOT_KEPT
        if refusal.status == 401 and request.header(b"authorization"):
            headers += ((b"www-authenticate", b'Basic realm=""'),)
        return Reply(refusal.status, msgspec.json.encode(body), _JSON_UTF_8, headers, odata=False)
    return Reply(200, msgspec.json.encode(found), _JSON_UTF_8, _NOT_KEPT, odata=False)


def _found(service: Service, authority: Authority, request: ApiRequest, tenant: str, rest: str) -> object:
    if rest.endswith("openid-configuration"):
        return authority.configuration(request.origin, tenant)
    if rest.endswith("keys"):
        return authority.keys.public_jwks()
    if rest.endswith("instance"):
        return authority.instance(request.origin)
    return authority.token(tenant, _form(request), service.clock.now())


def _form(request: ApiRequest) -> dict[str, str]:
    """The fields of a form; id and secret may come in the Authorization header instead (RFC 6749, section 2.3.1)."""
    content_type = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        text = "The request body must be sent as application/x-www-form-urlencoded."
        raise RefusedError("invalid_request", 900144, text)
    try:
        fields = parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise RefusedError("invalid_request", 90014, "The request body cannot be read as a form.") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise RefusedError("invalid_request", 90014, "A parameter of the request body is given more than once.")
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
        raise RefusedError("invalid_client", 7000218, "The Authorization header holds no client id and secret.", 401)
    return unquote_plus(client), unquote_plus(secret)

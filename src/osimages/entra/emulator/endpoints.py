"""The endpoints of the emulator: path, methods, who may read the response, and the function that answers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote

import msgspec
from starlette.responses import Response

from osimages.entra.emulator import pages
from osimages.entra.emulator.calls import Call
from osimages.entra.emulator.device_authorization import authorize_device
from osimages.entra.emulator.error_catalogue import EntraError
from osimages.entra.emulator.managed_identity import INSTANCE_METADATA_PATH, TOKEN_PATH, identity_token, platform_of
from osimages.entra.emulator.openid_metadata import configuration, configuration_v1, instance, user_realm
from osimages.entra.emulator.token_endpoint import token, token_v1
from osimages.entra.emulator.userinfo import userinfo

# RFC 6749, section 5.1: no cache may keep a token.
_NOT_CACHED = {
    "cache-control": "no-store",
    "pragma": "no-cache",
    "expires": "-1",
    "x-content-type-options": "nosniff",
}


class Readers(Enum):
    """Whose scripts may read a response in a browser (CORS).

    As with Entra, scripts of every origin may read metadata and public keys; of tokens, those for a page's own grants.
    """

    EVERY_ORIGIN = auto()
    REGISTERED_ORIGINS = auto()
    NOBODY = auto()


@dataclass(frozen=True)
class Endpoint:
    """One path. `failed` turns an error of the catalogue into a response; without `has_form` nothing is parsed."""

    path: str
    methods: tuple[str, ...]
    respond: Callable[[Call], Response]
    failed: Callable[[Call, EntraError], Response]
    readers: Readers = Readers.NOBODY
    has_form: bool = True


def _json(call: Call, found: object, status: int = 200, trace: str = "") -> Response:
    headers = {**_NOT_CACHED, "x-ms-request-id": trace or str(uuid.uuid4()), "client-request-id": call.correlation}
    return Response(msgspec.json.encode(found), status, headers, "application/json; charset=utf-8")


def _json_error(call: Call, error: EntraError) -> Response:
    trace = str(uuid.uuid4())
    response = _json(call, error.body(call.context.now, call.correlation, trace), error.kind.status, trace)
    if error.kind.status == 401 and "authorization" in call.request.headers:
        response.headers["www-authenticate"] = 'Basic realm=""'
    return response


def _userinfo_error(call: Call, error: EntraError) -> Response:
    response = _json_error(call, error)
    response.headers["www-authenticate"] = f'Bearer error="{error.kind.error}"'
    return response


def _identity(call: Call) -> Response:
    return _json(call, identity_token(call))


def _identity_error(call: Call, error: EntraError) -> Response:
    return _json(call, platform_of(call).error(error), error.kind.status)


def _document(path: str, answer: Callable[[Call], object], readers: Readers = Readers.EVERY_ORIGIN) -> Endpoint:
    """Return an endpoint that describes the emulator."""
    return Endpoint(path, ("GET",), lambda call: _json(call, answer(call)), _json_error, readers, has_form=False)


def _grant(path: str, answer: Callable[[Call], object], readers: Readers = Readers.REGISTERED_ORIGINS) -> Endpoint:
    """Return an endpoint that issues tokens or codes for a form."""
    return Endpoint(path, ("POST",), lambda call: _json(call, answer(call)), _json_error, readers)


def _page(path: str, respond: Callable[[Call], Response], *methods: str) -> Endpoint:
    """Return an endpoint for browsers."""
    return Endpoint(path, methods, respond, pages.error_page)


def _signed_in_user(call: Call) -> Response:
    return _json(call, userinfo(call.context, call.request.headers.get("authorization")))


def _user_realm(call: Call) -> dict[str, object]:
    return user_realm(call.context, unquote(call.request.path_params["user"]))


ENDPOINTS = (
    Endpoint(
        "/oidc/userinfo",
        ("GET", "POST"),
        _signed_in_user,
        _userinfo_error,
        Readers.EVERY_ORIGIN,
        has_form=False,
    ),
    *(
        Endpoint(f"{root}/{path}", methods, _identity, _identity_error)
        for root in ("", "/{tenant}")
        for path, methods in ((TOKEN_PATH, ("GET", "POST")), (INSTANCE_METADATA_PATH, ("GET",)))
    ),
    _page("/devicelogin", pages.flow_page(pages.device_code), "GET"),
    _document("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
    _document("/{tenant}/.well-known/openid-configuration", configuration_v1),
    _document("/{tenant}/discovery/v2.0/keys", lambda call: call.context.keys.public_jwks()),
    _document("/{tenant}/discovery/keys", lambda call: call.context.keys.public_jwks()),
    _document("/{tenant}/discovery/instance", lambda call: instance(call.context.origin)),
    _document("/{tenant}/userrealm/{user}", _user_realm, Readers.NOBODY),
    _grant("/{tenant}/oauth2/v2.0/token", token),
    _grant("/{tenant}/oauth2/token", token_v1),
    _grant("/{tenant}/oauth2/v2.0/devicecode", authorize_device, Readers.NOBODY),
    _page("/{tenant}/oauth2/v2.0/authorize", pages.flow_page(pages.authorize), "GET", "POST"),
    _page("/{tenant}/oauth2/authorize", pages.flow_page(pages.authorize_v1), "GET", "POST"),
    _page("/{tenant}/oauth2/deviceauth", pages.flow_page(pages.device_code), "GET"),
    _page("/{tenant}/oauth2/v2.0/logout", pages.sign_out, "GET", "POST"),
    _page("/{tenant}/oauth2/logout", pages.sign_out, "GET", "POST"),
    _page("/{tenant}/signin/code", pages.flow_page(pages.code_entered), "POST"),
    _page("/{tenant}/signin/account", pages.flow_page(pages.account_picked), "POST"),
    _page("/{tenant}/signin/consent", pages.flow_page(pages.consent_decided), "POST"),
)

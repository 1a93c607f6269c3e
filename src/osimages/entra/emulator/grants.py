"""The grants of the token endpoint: one function for each, with its checks.

RFC 6749 and https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and its neighbours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.emulator.encrypted_tokens import Code, Device, Party, Refresh
from osimages.entra.emulator.error_catalogue import (
    ASSERTION_EXPIRED,
    ASSERTION_FOR_ANOTHER,
    ASSERTION_OF_APPLICATION,
    BAD_ASSERTION,
    BAD_DEVICE_CODE,
    BAD_GRANT,
    CLIENT_SCOPE,
    DEVICE_DECLINED,
    DEVICE_EXPIRED,
    DEVICE_PENDING,
    EXPIRED_GRANT,
    OTHER_CLIENT,
    OTHER_REDIRECT_URI,
    POLLS_TOO_OFTEN,
    REDEEMED_CODE,
    UNKNOWN_USER,
    VERIFIER,
    WRONG_PASSWORD,
    shown,
)
from osimages.entra.emulator.scopes import split_scope
from osimages.entra.emulator.token_request import TokenRequest

Answer = dict[str, Any]

CODE_SECONDS = 600
DEVICE_SECONDS = 900
# How long a device waits between two polls (RFC 8628, section 3.2), and how much earlier one may arrive.
POLL_SECONDS = 5
_POLL_TOLERANCE_SECONDS = 1
REFRESH_SECONDS = 90 * 86_400
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# RFC 7636, section 4.1.
_CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


class _AssertionClaims(msgspec.Struct, frozen=True):
    aud: str
    exp: float
    iat: float
    tid: str
    oid: str
    scp: str | None = None


def client_credentials(request: TokenRequest) -> Answer:
    """Return a token for the application itself, with its own permissions. Raises EntraError."""
    scope = request.required("scope")
    if len(split_scope(scope)) != 1 or not scope.endswith("/.default"):
        raise CLIENT_SCOPE(scope=scope)
    asked = request.context.asked(scope, request.application, request.tenant)
    # Nobody else's resources have roles here.
    roles = request.application.application_permissions if asked.resource.application is None else ()
    return request.application_answer(asked, roles)


def _authorization_code(request: TokenRequest) -> Answer:
    context, text = request.context, request.required("code")
    opened = context.sealer.opened(text, Code, context.now, CODE_SECONDS)
    if opened is None:
        raise (EXPIRED_GRANT if context.sealer.expired(text, Code) else BAD_GRANT)(name="code")
    code, issued = opened
    if not request.is_for(code.party):
        raise _other_client("authorization code", request)
    redirect_uri = request.required("redirect_uri")
    # Before the rest is looked at: whoever has that wrong may have the code from somewhere else, and gets one try
    # (RFC 6749, sections 4.1.2 and 10.5). Who is not the code's client at all cannot use it up.
    if not context.state.redeem(code.id, issued + CODE_SECONDS, context.now.timestamp()):
        raise REDEEMED_CODE()
    if redirect_uri != code.redirect_uri:
        raise OTHER_REDIRECT_URI(redirect_uri=redirect_uri, requested=code.redirect_uri)
    _check_verifier(code.challenge, request.form.get("code_verifier"))
    user = context.user(code.party, issued)
    scope = request.form.get("scope") or code.scope
    return request.user_answer(code.party, user, scope, nonce=code.nonce, claims=code.claims)


def _refresh_token(request: TokenRequest) -> Answer:
    context, text = request.context, request.required("refresh_token")
    opened = context.sealer.opened(text, Refresh, context.now, REFRESH_SECONDS)
    if opened is None:
        raise (EXPIRED_GRANT if context.sealer.expired(text, Refresh) else BAD_GRANT)(name="refresh_token")
    refresh, issued = opened
    if not request.is_for(refresh.party):
        raise _other_client("refresh token", request)
    user = context.user(refresh.party, issued)
    return request.user_answer(refresh.party, user, request.form.get("scope") or refresh.scope)


def _device_code(request: TokenRequest) -> Answer:
    context, text = request.context, request.form.get("device_code") or request.required("code")
    opened = context.sealer.opened(text, Device, context.now, DEVICE_SECONDS)
    if opened is None:
        raise (DEVICE_EXPIRED if context.sealer.expired(text, Device) else BAD_DEVICE_CODE)()
    code, issued = opened
    if code.application != request.application.id:
        raise _other_client("device code", request)
    device = context.state.device(code.user_code, context.now.timestamp())
    if device is None:
        raise DEVICE_EXPIRED()
    if device.decision == "pending":
        if context.state.polled(code.user_code, context.now.timestamp()) < POLL_SECONDS - _POLL_TOLERANCE_SECONDS:
            raise POLLS_TOO_OFTEN(seconds=POLL_SECONDS)
        raise DEVICE_PENDING()
    if device.decision == "declined":
        raise DEVICE_DECLINED()
    if device.user is None or not context.state.decide(code.user_code, "approved", "redeemed"):
        raise REDEEMED_CODE()
    party = Party(device.tenant, code.application, device.user)
    return request.user_answer(party, context.user(party, issued), code.scope, claims=code.claims)


def _password(request: TokenRequest) -> Answer:
    context, name, password = request.context, request.required("username"), request.required("password")
    user = context.directory.user_named(name, request.tenant)
    if user is None:
        raise UNKNOWN_USER(user=name, tenant=request.tenant or DEFAULT_TENANT)
    given = password.encode(errors="surrogatepass")
    if user.password is None or not hmac.compare_digest(given, user.password.encode()):
        raise WRONG_PASSWORD()
    party = Party(request.tenant or user.tenant or DEFAULT_TENANT, request.application.id, user.id)
    return request.user_answer(party, user, request.required("scope"))


def _on_behalf_of(request: TokenRequest) -> Answer:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow"""
    if request.required("requested_token_use") != "on_behalf_of":
        raise BAD_GRANT(name="requested_token_use")
    claims = _assertion(request, request.required("assertion"))
    application, now = request.application, request.context.now.timestamp()
    if now >= claims.exp:
        raise ASSERTION_EXPIRED(now=shown(now), expires=shown(claims.exp))
    own = {application.id, f"api://{application.id}", *application.identifier_uris}
    if claims.aud.rstrip("/") not in own:
        raise ASSERTION_FOR_ANOTHER(audience=claims.aud, expected=application.id)
    if claims.scp is None:
        raise ASSERTION_OF_APPLICATION()
    if request.tenant not in (None, claims.tid):
        raise _other_client("assertion", request)
    party = Party(claims.tid, application.id, claims.oid)
    return request.user_answer(party, request.context.user(party, int(claims.iat)), request.required("scope"))


GRANTS: Mapping[str, Callable[[TokenRequest], Answer]] = {
    "client_credentials": client_credentials,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    DEVICE_CODE: _device_code,
    "device_code": _device_code,
    "password": _password,
    ON_BEHALF_OF: _on_behalf_of,
}
# For these an application must prove itself, also one that may be a public client.
CONFIDENTIAL = ("client_credentials", ON_BEHALF_OF)


def challenge_of(verifier: str) -> str:
    """The challenge that a code verifier answers (S256: RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    """Check a code verifier. Without a challenge it is rejected: somebody may have removed it (RFC 9700, 4.8.2)."""
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None or not _CODE_VERIFIER.fullmatch(verifier):
        raise VERIFIER()
    if not hmac.compare_digest(challenge, challenge_of(verifier)):
        raise VERIFIER()


def _assertion(request: TokenRequest, text: str) -> _AssertionClaims:
    """The claims of a token that this authority has signed."""
    try:
        return msgspec.json.decode(request.context.keys.verified(text), type=_AssertionClaims)
    except msgspec.DecodeError:
        raise BAD_ASSERTION(reason="it is no token of this authority") from None
    except ValueError as error:
        raise BAD_ASSERTION(reason=error) from None


def _other_client(what: str, request: TokenRequest) -> Exception:
    tenant = request.tenant or DEFAULT_TENANT
    return OTHER_CLIENT(what=what, application=request.application.id, tenant=tenant)

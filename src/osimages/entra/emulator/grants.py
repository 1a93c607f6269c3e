"""The token endpoint's grants: what each one takes, and checks before there are tokens.

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
from osimages.entra.emulator.token_request import Exchange

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


def client_credentials(exchange: Exchange) -> Answer:
    """Return a token for the application itself, with its own permissions. Raises RefusedError."""
    scope = exchange.given("scope")
    if len(split_scope(scope)) != 1 or not scope.endswith("/.default"):
        raise CLIENT_SCOPE.because(scope=scope)
    asked = exchange.at.asked(scope, exchange.application, exchange.tenant)
    # Nobody else's resources have roles here.
    roles = exchange.application.application_permissions if asked.resource.application is None else ()
    return exchange.application_answer(asked, roles)


def _authorization_code(exchange: Exchange) -> Answer:
    at, text = exchange.at, exchange.given("code")
    opened = at.sealer.opened(text, Code, at.now, CODE_SECONDS)
    if opened is None:
        raise (EXPIRED_GRANT if at.sealer.expired(text, Code) else BAD_GRANT).because(name="code")
    code, issued = opened
    if not exchange.is_for(code.party):
        raise _other_client("authorization code", exchange)
    redirect_uri = exchange.given("redirect_uri")
    # Before the rest is looked at: whoever has that wrong may have the code from somewhere else, and gets one try
    # (RFC 6749, sections 4.1.2 and 10.5). Who is not the code's client at all cannot use it up.
    if not at.state.redeem(code.id, issued + CODE_SECONDS, at.now.timestamp()):
        raise REDEEMED_CODE.because()
    if redirect_uri != code.redirect_uri:
        raise OTHER_REDIRECT_URI.because(redirect_uri=redirect_uri, requested=code.redirect_uri)
    _check_verifier(code.challenge, exchange.form.get("code_verifier"))
    user = at.user(code.party, issued)
    scope = exchange.form.get("scope") or code.scope
    return exchange.user_answer(code.party, user, scope, nonce=code.nonce, claims=code.claims)


def _refresh_token(exchange: Exchange) -> Answer:
    at, text = exchange.at, exchange.given("refresh_token")
    opened = at.sealer.opened(text, Refresh, at.now, REFRESH_SECONDS)
    if opened is None:
        raise (EXPIRED_GRANT if at.sealer.expired(text, Refresh) else BAD_GRANT).because(name="refresh_token")
    refresh, issued = opened
    if not exchange.is_for(refresh.party):
        raise _other_client("refresh token", exchange)
    user = at.user(refresh.party, issued)
    return exchange.user_answer(refresh.party, user, exchange.form.get("scope") or refresh.scope)


def _device_code(exchange: Exchange) -> Answer:
    at, text = exchange.at, exchange.form.get("device_code") or exchange.given("code")
    opened = at.sealer.opened(text, Device, at.now, DEVICE_SECONDS)
    if opened is None:
        raise (DEVICE_EXPIRED if at.sealer.expired(text, Device) else BAD_DEVICE_CODE).because()
    code, issued = opened
    if code.application != exchange.application.id:
        raise _other_client("device code", exchange)
    device = at.state.device(code.user_code, at.now.timestamp())
    if device is None:
        raise DEVICE_EXPIRED.because()
    if device.decision == "pending":
        if at.state.polled(code.user_code, at.now.timestamp()) < POLL_SECONDS - _POLL_TOLERANCE_SECONDS:
            raise POLLS_TOO_OFTEN.because(seconds=POLL_SECONDS)
        raise DEVICE_PENDING.because()
    if device.decision == "declined":
        raise DEVICE_DECLINED.because()
    if device.user is None or not at.state.decide(code.user_code, "approved", "redeemed"):
        raise REDEEMED_CODE.because()
    party = Party(device.tenant, code.application, device.user)
    return exchange.user_answer(party, at.user(party, issued), code.scope, claims=code.claims)


def _password(exchange: Exchange) -> Answer:
    at, name, password = exchange.at, exchange.given("username"), exchange.given("password")
    user = at.directory.user_named(name, exchange.tenant)
    if user is None:
        raise UNKNOWN_USER.because(user=name, tenant=exchange.tenant or DEFAULT_TENANT)
    given = password.encode(errors="surrogatepass")
    if user.password is None or not hmac.compare_digest(given, user.password.encode()):
        raise WRONG_PASSWORD.because()
    party = Party(exchange.tenant or user.tenant or DEFAULT_TENANT, exchange.application.id, user.id)
    return exchange.user_answer(party, user, exchange.given("scope"))


def _on_behalf_of(exchange: Exchange) -> Answer:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow"""
    if exchange.given("requested_token_use") != "on_behalf_of":
        raise BAD_GRANT.because(name="requested_token_use")
    claims = _assertion(exchange, exchange.given("assertion"))
    application, now = exchange.application, exchange.at.now.timestamp()
    if now >= claims.exp:
        raise ASSERTION_EXPIRED.because(now=shown(now), expires=shown(claims.exp))
    own = {application.id, f"api://{application.id}", *application.identifier_uris}
    if claims.aud.rstrip("/") not in own:
        raise ASSERTION_FOR_ANOTHER.because(audience=claims.aud, expected=application.id)
    if claims.scp is None:
        raise ASSERTION_OF_APPLICATION.because()
    if exchange.tenant not in (None, claims.tid):
        raise _other_client("assertion", exchange)
    party = Party(claims.tid, application.id, claims.oid)
    return exchange.user_answer(party, exchange.at.user(party, int(claims.iat)), exchange.given("scope"))


GRANTS: Mapping[str, Callable[[Exchange], Answer]] = {
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
    """A verifier without a challenge is refused, too: somebody may have taken the challenge out (RFC 9700, 4.8.2)."""
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None or not _CODE_VERIFIER.fullmatch(verifier):
        raise VERIFIER.because()
    if not hmac.compare_digest(challenge, challenge_of(verifier)):
        raise VERIFIER.because()


def _assertion(exchange: Exchange, text: str) -> _AssertionClaims:
    """The claims of a token that this authority has signed."""
    try:
        return msgspec.json.decode(exchange.at.keys.verified(text), type=_AssertionClaims)
    except msgspec.DecodeError:
        raise BAD_ASSERTION.because(reason="it is no token of this authority") from None
    except ValueError as error:
        raise BAD_ASSERTION.because(reason=error) from None


def _other_client(what: str, exchange: Exchange) -> Exception:
    tenant = exchange.tenant or DEFAULT_TENANT
    return OTHER_CLIENT.because(what=what, application=exchange.application.id, tenant=tenant)

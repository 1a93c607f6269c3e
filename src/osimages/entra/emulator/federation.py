"""Federated credentials: applications that prove themselves with a token of the Kubernetes cluster they run in.

https://learn.microsoft.com/entra/workload-id/workload-identity-federation. The emulator is the cluster, too: it issues
the tokens of service accounts, and trusts those whose service account is named after the application's id.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

import msgspec

from osimages.entra.emulator.directory import Application
from osimages.entra.emulator.error_catalogue import (
    ASSERTION_TIME,
    FEDERATED_AUDIENCE,
    FEDERATED_ISSUER,
    FEDERATED_KEY,
    FEDERATED_SUBJECT,
    shown,
)
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import signed

# A cluster's usual name of itself, and the audience that Entra asks for.
# https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
ISSUER = "https://kubernetes.default.svc.cluster.local"
AUDIENCE = "api://AzureADTokenExchange"
# The longest that a cluster of Azure's gives out.
LIFETIME = timedelta(days=1)


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    exp: float
    aud: str | tuple[str, ...]
    nbf: float = 0


class _Issuer(msgspec.Struct, frozen=True):
    iss: str


def service_account_token(keys: SigningKeys, application: str, now: datetime) -> str:
    """Return the token of the service account of an application, as Kubernetes projects it into a file."""
    moment = int(now.timestamp())
    return signed(
        keys,
        {
            "aud": [AUDIENCE],
            "exp": moment + int(LIFETIME.total_seconds()),
            "iat": moment,
            "nbf": moment,
            "iss": ISSUER,
            "jti": secrets.token_hex(16),
            "sub": _subject_of(application),
        },
    )


def is_federated(assertion: str) -> bool:
    """Return whether an assertion names an issuer with an address: applications name themselves by their id."""
    try:
        payload = assertion.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Issuer)
    except (IndexError, ValueError, RecursionError):
        return False
    return claims.iss.startswith("https://")


def check_federated(keys: SigningKeys, application: Application, assertion: str, now: datetime) -> None:
    """Raise EntraError unless an assertion is a current token of the application's own service account."""
    try:
        payload = keys.verified(assertion)
    except ValueError:
        payload = b""
    try:
        claims = msgspec.json.decode(payload, type=_Claims)
    except (msgspec.DecodeError, RecursionError):
        raise FEDERATED_KEY(issuer=ISSUER) from None
    if not claims.nbf <= now.timestamp() < claims.exp:
        raise ASSERTION_TIME(now=shown(now.timestamp()), expires=shown(claims.exp))
    if claims.iss != ISSUER:
        raise FEDERATED_ISSUER(issuer=claims.iss, expected=ISSUER)
    if AUDIENCE not in (claims.aud if isinstance(claims.aud, tuple) else (claims.aud,)):
        raise FEDERATED_AUDIENCE(audience=claims.aud, expected=AUDIENCE)
    if claims.sub != _subject_of(application.id):
        raise FEDERATED_SUBJECT(subject=claims.sub, expected=_subject_of(application.id))


def _subject_of(application: str) -> str:
    return f"system:serviceaccount:default:{application}"

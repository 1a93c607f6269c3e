"""Makes access tokens such as Entra issues for Microsoft Graph, for development and tests."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from joserfc import jws

from osimages.issuer.applications import (
    DEFAULT_APPLICATION,
    DEFAULT_APPLICATION_NAME,
    DEFAULT_SERVICE_PRINCIPAL,
    DEFAULT_USER,
    DEFAULT_USER_NAME,
    DEFAULT_USER_PRINCIPAL_NAME,
)
from osimages.issuer.signing import SigningKeys

AUDIENCE = "https://graph.microsoft.com"
ISSUER = "https://sts.windows.net/{tenant}/"

# Entra dates its tokens five minutes back, so that clocks which are slow accept them at once.
BACKDATED_SECONDS = 300
USUAL_LIFETIME_SECONDS = 3600


def mint(
    keys: SigningKeys,
    *,
    tenant: str,
    application: str,
    permissions: Collection[str],
    user: bool,
    expires_in: int,
    now: datetime,
    skew_seconds: int = 300,
) -> str:
    """A signed token with v1.0 claims, the form in which Graph's tokens come.

    With `user` it speaks for the development user (`scp`), else for the application itself (`roles`). It expires
    `expires_in` seconds after `now`. Where that is zero or less, the token is one that is refused as expired: its
    whole lifetime then lies a further `skew_seconds` back, so that a verifier with that tolerance refuses it, too.
    """
    moment = int(now.timestamp())
    if expires_in > 0:
        issued, expires = moment - BACKDATED_SECONDS, moment + expires_in
    else:
        expires = moment + expires_in - skew_seconds
        issued = expires - USUAL_LIFETIME_SECONDS
    claims = {
        "aud": AUDIENCE,
        "iss": ISSUER.format(tenant=tenant),
        "iat": issued,
        "nbf": issued,
        "exp": expires,
        "app_displayname": DEFAULT_APPLICATION_NAME if application == DEFAULT_APPLICATION else application,
        "appid": application,
        "tid": tenant,
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
        **(_user_claims(permissions) if user else _application_claims(permissions)),
    }
    header = {"typ": "JWT", "alg": "RS256", "kid": keys.kid}
    return jws.serialize_compact(header, msgspec.json.encode(claims), keys.key)


def _application_claims(permissions: Collection[str]) -> dict[str, Any]:
    return {
        "idtyp": "app",
        "appidacr": "1",  # it proved itself with a secret
        "oid": DEFAULT_SERVICE_PRINCIPAL,
        "sub": DEFAULT_SERVICE_PRINCIPAL,
        "roles": sorted(permissions),
    }


def _user_claims(permissions: Collection[str]) -> dict[str, Any]:
    return {
        "idtyp": "user",
        "appidacr": "0",  # a public client
        "oid": DEFAULT_USER,
        "sub": DEFAULT_USER,
        "name": DEFAULT_USER_NAME,
        "upn": DEFAULT_USER_PRINCIPAL_NAME,
        "scp": " ".join(sorted(permissions)),
    }

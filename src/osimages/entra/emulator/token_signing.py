"""Signs tokens; and makes access tokens for Graph from next to nothing, for development and tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from joserfc import jws

from osimages.entra.emulator.default_directory import DEFAULT_DIRECTORY, DEFAULT_USER
from osimages.entra.emulator.directory import Application, Directory, User
from osimages.entra.emulator.scopes import GRAPH_ID, Resource
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_claims import LIFETIME_SECONDS, Grant, Issuers, access_claims

AUDIENCE = "https://graph.microsoft.com"
_NOT_PROVED, _WITH_SECRET = 0, 1


def signed(keys: SigningKeys, claims: Mapping[str, Any]) -> str:
    """A token (RFC 7519) with these claims, signed with the current key (RS256)."""
    return jws.serialize_compact({"typ": "JWT", "alg": "RS256", "kid": keys.kid}, msgspec.json.encode(claims), keys.key)


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
    directory: Directory = DEFAULT_DIRECTORY,
    person: User | None = None,
    issuers: Issuers | None = None,
    audience: str = AUDIENCE,
    clock: str = "",
) -> str:
    """A signed token with v1.0 claims, the form in which Graph's tokens come.

    With `user` it speaks for a `person` or the development user (`scp`), else for the application itself (`roles`);
    `issuers` and `audience` are those of a cloud (the global one). It expires
    `expires_in` seconds after `now`. Where that is zero or less, the token is rejected as expired: its
    whole lifetime then lies a further `skew_seconds` back, so that a verifier with that tolerance rejects it, too.
    """
    known = directory.application(application) or Application(id=application, display_name=application)
    somebody = person or directory.user(DEFAULT_USER) or DEFAULT_DIRECTORY.users[0]
    grant = Grant(
        tenant=tenant,
        application=known,
        user=somebody if user else None,
        resource=Resource(GRAPH_ID, audience, 1),
        permissions=tuple(permissions),
        proof=_NOT_PROVED if user else _WITH_SECRET,
    )
    claims = access_claims(grant, issuers or Issuers(), now, expires_in, clock)
    if expires_in <= 0:
        expires = claims["exp"] - skew_seconds
        claims |= {"iat": expires - LIFETIME_SECONDS, "nbf": expires - LIFETIME_SECONDS, "exp": expires}
    return signed(keys, claims)

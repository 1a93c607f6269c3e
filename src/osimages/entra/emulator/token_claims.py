"""Claims: those of access tokens, v1.0 and v2.0, and of id tokens, as Entra sends them.

https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference. Claims that only Entra can read
(`aio`, `rh`) are left out.
"""

from __future__ import annotations

import base64
import hashlib
import math
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from osimages.entra.emulator.directory import DEFAULT_USER_ROLE, DIRECTORY_ROLES, Application, User
from osimages.entra.emulator.error_catalogue import BAD_CLAIMS
from osimages.entra.emulator.scopes import Resource

# Entra dates its tokens five minutes back, so that clocks which are slow accept them at once.
BACKDATED_SECONDS = 300
LIFETIME_SECONDS = 3600
_NEXT_SECOND = 1
# How clients say that they understand continuous access evaluation, in any case.
# https://learn.microsoft.com/entra/identity-platform/claims-challenge
_CAE = "cp1"


class Issuers(msgspec.Struct, frozen=True):
    """The names under which tokens are issued; `{tenant}` stands for the tenant. A cloud may have no v1.0 one."""

    v1: str | None = "https://sts.windows.net/{tenant}/"
    v2: str = "https://login.microsoftonline.com/{tenant}/v2.0"


class ClaimsRequest(msgspec.Struct, frozen=True):
    """A parsed `claims` parameter: `cae` is the mark of a client that takes challenges, `not_before` a token that
    is not dated back to before that time (what a challenge after a revocation says).
    """

    cae: bool = False
    not_before: int = 0


class Grant(msgspec.Struct, frozen=True):
    """The grant that a token stands for: to an application in a tenant, as itself or for a user, on a resource.

    `proof` is how the application proved itself: 0 not at all, 1 with a secret, 2 with a certificate.
    """

    tenant: str
    application: Application
    user: User | None
    resource: Resource
    permissions: tuple[str, ...]
    proof: int = 0
    wish: ClaimsRequest = ClaimsRequest()


def parse_claims_request(claims: str | None) -> ClaimsRequest:
    """Parse the parameter `claims` (OpenID Connect Core, section 5.5). Raises EntraError."""
    if not claims:
        return ClaimsRequest()
    try:
        access = msgspec.json.decode(claims, type=dict[str, Any]).get("access_token") or {}
        capabilities = (access.get("xms_cc") or {}).get("values") or ()
        not_before = int((access.get("nbf") or {}).get("value") or 0)
        return ClaimsRequest(any(str(each).lower() == _CAE for each in capabilities), not_before)
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise BAD_CLAIMS() from None


def access_claims(
    grant: Grant, issuers: Issuers, now: datetime, expires_in: int = LIFETIME_SECONDS, clock: str = ""
) -> dict[str, Any]:
    """Return the claims of an access token that lives for so many seconds; `clock` is the id of a clock of tests."""
    moment = int(now.timestamp())
    issued = _issued(grant, moment)
    version = grant.resource.token_version if issuers.v1 is not None else 2
    issuer = issuers.v1 if version == 1 and issuers.v1 is not None else issuers.v2
    # v2.0 tokens name the application instead of its address.
    return {
        "aud": grant.resource.audience if version == 1 else grant.resource.id,
        "iss": issuer.format(tenant=grant.tenant),
        "iat": issued,
        "nbf": issued,
        "exp": moment + expires_in,
        **_application_claims(grant, version),
        **(_own_claims(grant) if grant.user is None else _user_claims(grant, grant.user, version)),
        "tid": grant.tenant,
        "uti": secrets.token_urlsafe(16),
        "ver": f"{version}.0",
        **({"xms_cc": [_CAE]} if grant.wish.cae else {}),
        **({"xms_clock": clock} if clock else {}),
    }


def _issued(grant: Grant, moment: int) -> int:
    """When a token says that it was issued: not before what a challenge asks for, or what ended older tokens."""
    valid_from = None if grant.user is None else grant.user.sign_in_sessions_valid_from
    since = max(grant.wish.not_before, 0 if valid_from is None else math.ceil(valid_from.timestamp()))
    # What was revoked a moment ago asks for a token of the next second, which verifiers' tolerance lets in at once.
    return max(moment - BACKDATED_SECONDS, min(since, moment + _NEXT_SECOND))


def id_claims(
    grant: Grant, user: User, issuer: str, now: datetime, openid: Collection[str], nonce: str | None
) -> dict[str, Any]:
    """Return the claims of an id token (v2.0) for the application; `issuer` is the one in the authority's metadata."""
    moment = int(now.timestamp())
    claims: dict[str, Any] = {
        "aud": grant.application.id,
        "iss": issuer,
        "iat": moment - BACKDATED_SECONDS,
        "nbf": moment - BACKDATED_SECONDS,
        "exp": moment + LIFETIME_SECONDS,
        "oid": user.id,
        "sub": pairwise(user, grant.application.id),
        "tid": grant.tenant,
        "uti": secrets.token_urlsafe(16),
        "ver": "2.0",
        **_guest_claims(user),
    }
    if "profile" in openid:
        claims |= {"name": user.display_name, "preferred_username": user.user_principal_name}
    if "email" in openid:
        claims["email"] = user.user_principal_name
    return claims if nonce is None else claims | {"nonce": nonce}


def client_info(user: User, tenant: str) -> str:
    """Return the id by which MSAL distinguishes accounts, in base64url."""
    return base64.urlsafe_b64encode(msgspec.json.encode({"uid": user.id, "utid": tenant})).decode().rstrip("=")


def pairwise(user: User, audience: str) -> str:
    """A user's `sub`: another one for each application (OpenID Connect Core, section 8.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{user.id} {audience}".encode()).digest()).decode().rstrip("=")


def _application_claims(grant: Grant, version: int) -> Mapping[str, Any]:
    if version == 2:
        return {"azp": grant.application.id, "azpacr": str(grant.proof)}
    return {
        "app_displayname": grant.application.display_name,
        "appid": grant.application.id,
        "appidacr": str(grant.proof),
    }


def _own_claims(grant: Grant) -> Mapping[str, Any]:
    identity = grant.application.object_id(grant.tenant)
    return {
        "idp": f"https://sts.windows.net/{grant.tenant}/",
        "idtyp": "app",
        "oid": identity,
        "sub": identity,
        "roles": sorted(grant.permissions),
    }


def _user_claims(grant: Grant, user: User, version: int) -> Mapping[str, Any]:
    shared = {
        "idtyp": "user",
        "oid": user.id,
        "sub": pairwise(user, grant.resource.id),
        "name": user.display_name,
        "scp": " ".join(sorted(grant.permissions)),
        "wids": [*(DIRECTORY_ROLES[each] for each in user.directory_roles), DEFAULT_USER_ROLE],
        "acct": int(user.guest),
        **_guest_claims(user),
    }
    if version == 2:
        return shared | {"preferred_username": user.user_principal_name}
    given, _, family = user.display_name.rpartition(" ")
    return shared | {
        "acr": "1",
        "amr": ["pwd"],
        "family_name": family,
        "given_name": given or family,
        "unique_name": user.user_principal_name,
        **({} if user.guest else {"upn": user.user_principal_name}),
        "xms_st": {"sub": pairwise(user, grant.application.id)},
    }


def _guest_claims(user: User) -> Mapping[str, Any]:
    """Return the identity provider of a guest: the domain of the address stands for the unknown home tenant."""
    return {"idp": user.user_principal_name.rpartition("@")[2]} if user.guest else {}

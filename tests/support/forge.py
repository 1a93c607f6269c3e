"""Tokens that are signed well but say what no good token says."""

from __future__ import annotations

import time

import msgspec
from joserfc import jws

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_SERVICE_PRINCIPAL
from osimages.entra.emulator.signing_keys import SigningKeys


def forged(keys: SigningKeys, tenant: str, **claims: object) -> str:
    """An application token with the given claims in place of the right ones; a claim that is None is left out."""
    now = int(time.time())
    right: dict[str, object] = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "appid": DEFAULT_APPLICATION,
        "idtyp": "app",
        "oid": DEFAULT_SERVICE_PRINCIPAL,
        "roles": ["DeviceManagementConfiguration.ReadWrite.All"],
        "tid": tenant,
        "ver": "1.0",
    }
    said = {name: value for name, value in (right | claims).items() if value is not None}
    return jws.serialize_compact({"typ": "JWT", "alg": "RS256", "kid": keys.kid}, msgspec.json.encode(said), keys.key)

"""Tokens of every kind, good and forged, and a verifier to try them on."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from osimages.entra.tokens.clouds import GLOBAL, Cloud
from osimages.entra.tokens.errors import TokenError, TokenProblem
from osimages.entra.tokens.keys import KeySource, VerificationKey
from osimages.entra.tokens.verification import TokenVerifier, VerifiedToken

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TENANT = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90"
OTHER_TENANT = "11111111-2222-4333-8444-555555555555"
APPLICATION = "b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6"
USER = "3e9a5b17-c2d4-4860-b7f1-08a6d4e2c953"
READ = "DeviceManagementConfiguration.Read.All"
KEY = RSAKey.generate_key(2048)
STRANGER = RSAKey.generate_key(2048)


class Keys(KeySource):
    """A key source from which keys can be taken, and to which they come when they are looked for."""

    def __init__(self, issuer: str | None = None) -> None:
        self.held = {"known": VerificationKey(RSAKey.import_key(KEY.as_dict(private=False)), issuer)}
        self.to_come: dict[str, VerificationKey] = {}
        self.looked_for: list[str] = []

    def key(self, kid: str) -> VerificationKey | None:
        return self.held.get(kid)

    @property
    def as_of(self) -> float | None:
        return 0.0 if self.held else None

    async def look_for(self, kid: str) -> bool:
        self.looked_for.append(kid)
        self.held |= self.to_come
        return bool(self.to_come)


class Watch:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def seconds(self, tenant: str = "") -> float:
        return self.moment.timestamp()


def verifier(
    cloud: Cloud = GLOBAL,
    *,
    watch: Watch | None = None,
    keys: Keys | None = None,
    size: int = 10,
    max_lifetime_seconds: int | None = None,
) -> TokenVerifier:
    return TokenVerifier(
        keys or Keys(),
        cloud.issuers,
        cloud.audiences,
        (watch or Watch()).seconds,
        cache_size=size,
        max_lifetime_seconds=max_lifetime_seconds,
    )


def at(**away: float) -> int:
    return int((NOW + timedelta(**away)).timestamp())


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good v1.0 application token, with changes; None takes a claim away."""
    usual = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": at(minutes=-5),
        "nbf": at(minutes=-5),
        "exp": at(hours=1),
        "appid": APPLICATION,
        "idtyp": "app",
        "oid": "5d08f6b3-91ce-4a7d-a2e8-7c4b13f9d06e",
        "roles": [READ],
        "tid": TENANT,
        "ver": "1.0",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def user_claims(**changes: Any) -> dict[str, Any]:
    return claims(**{"idtyp": "user", "oid": USER, "roles": None, "scp": f"openid {READ}", **changes})


def v2_claims(**changes: Any) -> dict[str, Any]:
    issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    audience = "00000003-0000-0000-c000-000000000000"
    return claims(**{"ver": "2.0", "appid": None, "azp": APPLICATION, "iss": issuer, "aud": audience, **changes})


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(payload: object, *, key: RSAKey = KEY, alg: str = "RS256", kid: str = "known") -> str:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jws.serialize_compact({"alg": alg, "kid": kid, "typ": "JWT"}, body, key, algorithms=[alg])


def signed_as_is(header: dict[str, Any], payload: dict[str, Any], header_to_sign: dict[str, Any] | None = None) -> str:
    """A token with exactly this header, signed over it or (as Entra does for Graph) over another."""
    signing_input = f"{encoded(header_to_sign or header)}.{encoded(payload)}".encode()
    signature = jws.JWSRegistry.algorithms["RS256"].sign(signing_input, KEY)
    return f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}"


def accept(token: str, *, cloud: Cloud = GLOBAL) -> VerifiedToken:
    return verifier(cloud).verify(f"Bearer {token}".encode())


def granted(token: VerifiedToken) -> tuple[str, str, str | None, set[str]]:
    """Return for whom a token speaks, and its permissions."""
    return token.tenant, token.application, token.user, set(token.permissions)


def refusal(header: str | None, *, checker: TokenVerifier | None = None) -> TokenError:
    with pytest.raises(TokenError) as caught:
        (checker or verifier()).verify(None if header is None else header.encode(errors="surrogatepass"))
    return caught.value


def assert_refused(header: str | None, problem: TokenProblem) -> TokenError:
    error = refusal(header)
    assert error.problem is problem
    return error

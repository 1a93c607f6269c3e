"""Minted tokens are accepted where tokens are checked, and those that shall be refused as expired are."""

from __future__ import annotations

import base64
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, DEFAULT_USER
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import mint
from osimages.entra.tokens.clouds import GLOBAL
from osimages.entra.tokens.errors import TokenError, TokenProblem
from osimages.entra.tokens.keys import StaticKeys
from osimages.entra.tokens.verification import TokenVerifier, VerifiedToken
from tests.support.tokens import granted

NOW = datetime(2026, 11, 24, 12, 30, 15, 999_999, tzinfo=UTC)
READ, WRITE = "DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"
OTHER_APPLICATION = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return SigningKeys.load_or_create(tmp_path_factory.mktemp("keys"))


def minted(
    keys: SigningKeys,
    *,
    application: str = DEFAULT_APPLICATION,
    permissions: Collection[str] = (READ, WRITE),
    user: bool = False,
    expires_in: int = 3600,
    skew_seconds: int = 300,
) -> str:
    return mint(
        keys,
        tenant=DEFAULT_TENANT,
        application=application,
        permissions=permissions,
        user=user,
        expires_in=expires_in,
        now=NOW,
        skew_seconds=skew_seconds,
    )


def verified(keys: SigningKeys, token: str, at: datetime = NOW, skew_seconds: int = 300) -> VerifiedToken:
    public = StaticKeys.from_jwks(keys.public_jwks())
    verifier = TokenVerifier(
        public, GLOBAL.issuers, GLOBAL.audiences, lambda _: at.timestamp(), skew_seconds=skew_seconds
    )
    return verifier.verify(f"Bearer {token}".encode())


def refused(keys: SigningKeys, token: str, at: datetime = NOW, skew_seconds: int = 300) -> bool:
    """Whether the token is refused as expired."""
    try:
        verified(keys, token, at, skew_seconds)
    except TokenError as error:
        assert error.problem is TokenProblem.EXPIRED
        return True
    return False


def segments(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = (base64.urlsafe_b64decode(each + "==") for each in token.split("."))
    return msgspec.json.decode(header), msgspec.json.decode(payload)


def test_an_application_token_speaks_for_the_application(keys: SigningKeys) -> None:
    assert granted(verified(keys, minted(keys))) == (DEFAULT_TENANT, DEFAULT_APPLICATION, None, {READ, WRITE})


def test_a_user_token_speaks_for_the_development_user(keys: SigningKeys) -> None:
    token = minted(keys, user=True, application=OTHER_APPLICATION, permissions=[READ])
    assert granted(verified(keys, token)) == (DEFAULT_TENANT, OTHER_APPLICATION, DEFAULT_USER, {READ})


@pytest.mark.parametrize("user", [False, True])
def test_a_token_may_grant_nothing(keys: SigningKeys, user: bool) -> None:
    actor = verified(keys, minted(keys, user=user, permissions=()))
    assert actor.permissions == frozenset()
    assert actor.user == (DEFAULT_USER if user else None)


def test_a_token_has_the_claims_that_graph_tokens_have(keys: SigningKeys) -> None:
    header, claims = segments(minted(keys, permissions={WRITE, READ}))
    assert header == {"typ": "JWT", "alg": "RS256", "kid": keys.kid}
    moment = int(NOW.timestamp())
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (moment - 300, moment - 300, moment + 3600)
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["iss"] == f"https://sts.windows.net/{DEFAULT_TENANT}/"
    assert (claims["ver"], claims["idtyp"], claims["tid"]) == ("1.0", "app", DEFAULT_TENANT)
    assert claims["roles"] == [READ, WRITE]
    assert "scp" not in claims
    _, claims = segments(minted(keys, user=True, permissions={WRITE, READ}))
    assert (claims["idtyp"], claims["scp"]) == ("user", f"{READ} {WRITE}")
    assert "roles" not in claims


def test_no_two_tokens_are_the_same(keys: SigningKeys) -> None:
    assert minted(keys) != minted(keys)


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("expires_in", [0, -1, -300, -86_400])
@pytest.mark.parametrize("skew_seconds", [0, 300, 3600])
def test_a_lifetime_of_zero_or_less_is_refused_as_expired(
    keys: SigningKeys, user: bool, expires_in: int, skew_seconds: int
) -> None:
    token = minted(keys, user=user, expires_in=expires_in, skew_seconds=skew_seconds)
    assert refused(keys, token, skew_seconds=skew_seconds)
    # It was a good token once.
    assert not refused(keys, token, NOW + timedelta(seconds=expires_in - 10), skew_seconds)


@pytest.mark.parametrize("expires_in", [1, 60, 86_400])
def test_a_token_lasts_as_long_as_was_asked_for_and_the_tolerance(keys: SigningKeys, expires_in: int) -> None:
    token = minted(keys, expires_in=expires_in)
    end = NOW.replace(microsecond=0) + timedelta(seconds=expires_in + 300)
    assert not refused(keys, token)
    assert not refused(keys, token, end - timedelta(seconds=1))
    assert refused(keys, token, end)


def test_a_token_of_another_authority_is_refused(keys: SigningKeys, tmp_path: Path) -> None:
    stranger = SigningKeys.load_or_create(tmp_path)
    with pytest.raises(TokenError) as error:
        verified(keys, minted(stranger))
    assert error.value.problem is TokenProblem.SIGNATURE
    with pytest.raises(TokenError) as error:
        verified(keys, minted(SigningKeys(stranger.key, keys.kid)))
    assert error.value.problem is TokenProblem.SIGNATURE

"""Token errors become Graph's, with the challenge that sends clients to sign in."""

from __future__ import annotations

import asyncio

import pytest

from osimages.entra.tokens.clouds import GLOBAL, US_GOVERNMENT_L4, Cloud
from osimages.entra.tokens.errors import KeysUnavailableError, TokenProblem
from osimages.entra.tokens.keys import VerificationKey
from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.authentication import CONDITIONS, Authentication
from osimages.graph.errors import PERSONAL_ACCOUNT, TOKEN_EMPTY, TOKEN_INVALID, TOKEN_SIGNATURE
from osimages.odata.errors import SERVICE_UNAVAILABLE, ODataError
from osimages.odata.service.request import ApiRequest
from tests.support.tokens import APPLICATION, KEY, READ, TENANT, Keys, claims, signed, verifier


def authentication(keys: Keys | None = None, cloud: Cloud = GLOBAL) -> Authentication:
    return Authentication(verifier(cloud, keys=keys), cloud.authorization_uri)


def rejected(header: bytes | None, checked: Authentication | None = None) -> ODataError:
    with pytest.raises(ODataError) as caught:
        (checked or authentication()).verify(header)
    return caught.value


def request(authorization: bytes) -> ApiRequest:
    return ApiRequest("GET", "/", "", {b"authorization": authorization}, "https://localhost", "R", "C")


def test_every_problem_has_a_condition() -> None:
    assert set(CONDITIONS) == set(TokenProblem)
    assert {each.status for each in CONDITIONS.values() if each is not PERSONAL_ACCOUNT} == {401}


def test_the_principal_of_a_token() -> None:
    header = f"Bearer {signed(claims())}".encode()
    expected = VerifiedToken(
        TENANT, APPLICATION, None, frozenset({READ}), issued=authentication().verify(header).issued
    )
    assert authentication().verify(header) == expected
    assert asyncio.run(authentication().principal(request(header))).identity == expected


def test_a_401_names_the_authority_of_the_cloud() -> None:
    error = rejected(None)
    assert (error.condition, error.message) == (TOKEN_EMPTY, "Access token is empty.")
    assert error.headers == {
        "WWW-Authenticate": 'Bearer realm="", '
        'authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    }
    government = rejected(None, authentication(cloud=US_GOVERNMENT_L4))
    assert "https://login.microsoftonline.us/common" in government.headers["WWW-Authenticate"]


def test_the_reason_of_an_invalid_token() -> None:
    error = rejected(b"Bearer a.b")
    assert error.condition is TOKEN_INVALID
    assert error.message == "Access token validation failure. A signed token has three segments."


def test_a_personal_account_gets_no_challenge() -> None:
    consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
    token = signed(claims(tid=consumers, iss=f"https://sts.windows.net/{consumers}/"))
    error = rejected(f"Bearer {token}".encode())
    assert (error.condition, error.headers) == (PERSONAL_ACCOUNT, {})


def test_a_key_that_is_found_later() -> None:
    keys = Keys()
    checked, header = authentication(keys), f"Bearer {signed(claims(), kid='new')}".encode()
    assert rejected(header, checked).condition is TOKEN_SIGNATURE
    keys.to_come["new"] = VerificationKey(KEY)
    assert asyncio.run(checked.principal(request(header))).tenant == TENANT
    assert keys.looked_for == ["new"]


def test_no_keys_at_all() -> None:
    class NoKeys(Keys):
        def key(self, kid: str) -> VerificationKey | None:
            raise KeysUnavailableError("the signing keys of Entra ID cannot be fetched.")

    error = rejected(f"Bearer {signed(claims())}".encode(), authentication(NoKeys()))
    assert error.condition is SERVICE_UNAVAILABLE
    assert error.headers == {"Retry-After": "5"}

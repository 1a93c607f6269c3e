"""A key set gives the public RSA keys that sign, passes over all others, and says when one is broken."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from osimages.entra.tokens.keys import StaticKeys, VerificationKey, key_set

KEY = RSAKey.generate_key(2048)
PUBLIC: dict[str, Any] = {**KEY.as_dict(private=False), "kid": "one"}


def of(*jwks: dict[str, Any]) -> StaticKeys:
    return StaticKeys.from_jwks({"keys": list(jwks)})


def test_a_key_is_found_by_its_id_alone() -> None:
    other: dict[str, Any] = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "two"}
    keys = of(PUBLIC, other)
    one, two = keys.key("one"), keys.key("two")
    assert one is not None
    assert two is not None
    assert (one.rsa.as_dict()["n"], two.rsa.as_dict()["n"]) == (PUBLIC["n"], other["n"])
    assert keys.key("ONE") is None
    assert keys.key("") is None


def test_a_set_without_keys_finds_none() -> None:
    assert StaticKeys.from_jwks({}).key("one") is None
    assert of().key("one") is None


def test_members_that_entra_adds_do_no_harm() -> None:
    entra = {
        **PUBLIC,
        "use": "sig",
        "x5t": "one",
        "x5c": ["MII"],
        "issuer": "https://login.microsoftonline.com/{tenantid}",
    }
    assert of(entra).key("one") is not None


@pytest.mark.parametrize(
    "unfit",
    [
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "one"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {**PUBLIC, "use": "enc"},
        {name: value for name, value in PUBLIC.items() if name != "kid"},
        {**PUBLIC, "kid": ""},
        {"kid": "one"},
    ],
)
def test_keys_of_other_types_or_uses_or_without_an_id_are_passed_over(unfit: dict[str, Any]) -> None:
    keys = of(unfit, {**PUBLIC, "kid": "two"})
    assert keys.key("one") is None
    assert keys.key("") is None
    assert keys.key("two") is not None


@pytest.mark.parametrize(
    "broken",
    [
        {name: value for name, value in PUBLIC.items() if name != "n"},
        {name: value for name, value in PUBLIC.items() if name != "e"},
        {**PUBLIC, "n": ""},
        {**PUBLIC, "n": "%%%"},
        {**PUBLIC, "n": 5},
        {**PUBLIC, "n": "é"},
        {**PUBLIC, "n": "AQAB"},
    ],
)
def test_a_broken_key_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises((JoseError, ValueError)):
        of(broken)


def test_a_private_key_in_a_set_is_kept_without_its_private_part() -> None:
    found = of({**KEY.as_dict(private=True), "kid": "one"}).key("one")
    assert found is not None
    assert not found.rsa.is_private


def test_a_later_change_of_the_given_keys_changes_nothing() -> None:
    key = VerificationKey(KEY)
    given = {"one": key}
    keys = StaticKeys(given)
    given["two"] = key
    assert keys.key("one") is key
    assert keys.key("two") is None


def test_a_key_that_stays_the_same_stays_the_same_object() -> None:
    before = key_set({"keys": [PUBLIC]}, {})
    after = key_set({"keys": [{**PUBLIC, "x5t": "new"}, {**PUBLIC, "kid": "two"}]}, before)
    assert after["one"] is before["one"]
    assert key_set({"keys": [{**PUBLIC, "issuer": "https://login.example/v2.0"}]}, before)["one"] is not before["one"]
    other = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "one"}
    assert key_set({"keys": [other]}, before)["one"] is not before["one"]


def test_an_issuer_binds_a_key_to_its_tenant_or_to_any() -> None:
    tenant, root = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90", "https://login.microsoftonline.com"
    issuers = {f"{root}/{tenant}/v2.0", f"https://sts.windows.net/{tenant}/"}
    assert VerificationKey(KEY).signs_for(tenant, issuers)
    assert VerificationKey(KEY, f"{root}/{{tenantid}}/v2.0").signs_for(tenant, issuers)
    assert VerificationKey(KEY, f"{root}/{tenant}/v2.0").signs_for(tenant, issuers)
    assert not VerificationKey(KEY, f"{root}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0").signs_for(tenant, issuers)

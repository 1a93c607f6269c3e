"""What an attacker would try, beyond a bad signature: each is refused as documented, and at no extra cost."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from osimages.entra.tokens import jws as token_forms
from osimages.entra.tokens.clouds import BLEU, CLOUDS, CONSUMER_TENANT, GLOBAL, US_GOVERNMENT_L4, US_GOVERNMENT_L5
from osimages.entra.tokens.errors import TokenError, TokenProblem
from osimages.entra.tokens.keys import VerificationKey
from tests.support.tokens import (
    KEY,
    OTHER_TENANT,
    READ,
    STRANGER,
    TENANT,
    USER,
    Keys,
    accept,
    assert_refused,
    at,
    claims,
    encoded,
    refusal,
    signed,
    signed_as_is,
    user_claims,
    v2_claims,
    verifier,
)

# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kid",
    [
        "../../etc/passwd",
        "known\x00",
        "' OR '1'='1",
        "known' --",
        "KNOWN",
        "k" * 4000,
        "http://evil.example/k",
        "",
        " ",
    ],
)
def test_a_kid_is_a_name_and_nothing_else(kid: str) -> None:
    assert_refused(f"Bearer {signed(claims(), kid=kid)}", TokenProblem.SIGNATURE)


@pytest.mark.parametrize(
    "brought",
    [
        {"jwk": STRANGER.as_dict(private=False)},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain.pem"},
        {"x5c": ["MIIB"]},
    ],
)
def test_a_key_that_a_token_brings_or_names_is_not_used(brought: dict[str, Any]) -> None:
    assert_refused(f"Bearer {signed_as_is({'alg': 'RS256', **brought}, claims())}", TokenProblem.SIGNATURE)
    assert_refused(
        f"Bearer {signed_as_is({'alg': 'RS256', 'kid': 'theirs', **brought}, claims())}", TokenProblem.SIGNATURE
    )
    # Beside a signature that is right by the known key, it does no harm.
    assert accept(signed_as_is({"alg": "RS256", "kid": "known", **brought}, claims())).tenant == TENANT


@pytest.mark.parametrize("critical", [["b64"], ["exp"], [], "b64", None, [1]])
def test_critical_extensions_are_refused_whatever_they_are(critical: object) -> None:
    header = {"alg": "RS256", "kid": "known", "crit": critical, "b64": True}
    assert_refused(f"Bearer {signed_as_is(header, claims())}", TokenProblem.INVALID)


def test_a_token_of_a_key_that_was_withdrawn_is_not_good_any_more_though_it_was_remembered() -> None:
    keys = Keys()
    checker, header = verifier(keys=keys), f"Bearer {signed(claims())}"
    assert checker.verify(header.encode()).tenant == TENANT
    del keys.held["known"]
    assert refusal(header, checker=checker).problem is TokenProblem.SIGNATURE


def test_a_token_of_a_key_that_was_replaced_under_its_id_is_checked_again() -> None:
    keys = Keys()
    checker, header = verifier(keys=keys), f"Bearer {signed(claims())}"
    assert checker.verify(header.encode()).tenant == TENANT
    keys.held["known"] = VerificationKey(STRANGER)
    assert refusal(header, checker=checker).problem is TokenProblem.SIGNATURE


def test_a_key_of_personal_accounts_signs_for_no_organisation() -> None:
    keys = Keys(f"https://login.microsoftonline.com/{CONSUMER_TENANT}/v2.0")
    for payload in (claims(), v2_claims()):
        assert refusal(f"Bearer {signed(payload)}", checker=verifier(keys=keys)).problem is TokenProblem.ISSUER
    every = Keys("https://login.microsoftonline.com/{tenantid}/v2.0")
    for payload in (claims(), v2_claims()):
        assert verifier(keys=every).verify(f"Bearer {signed(payload)}".encode()).tenant == TENANT


def test_a_new_key_is_looked_for_once_and_used_when_it_is_there() -> None:
    keys = Keys()
    checker, header = verifier(keys=keys), f"Bearer {signed(claims(), kid='new')}"

    with pytest.raises(TokenError) as refused:
        asyncio.run(checker.authenticate(header.encode()))
    assert refused.value.problem is TokenProblem.SIGNATURE
    keys.to_come["new"] = VerificationKey(KEY)
    assert asyncio.run(checker.authenticate(header.encode())) == checker.verify(header.encode())
    assert keys.looked_for == ["new", "new"]


# --- form -------------------------------------------------------------------------------------------------------------


def test_an_oversized_token_is_refused_before_it_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_apart: list[bytes] = []
    monkeypatch.setattr("osimages.entra.tokens.verification.signed_token", taken_apart.append)
    for token in ("a" * 100_000, "." * 100_000, signed(claims(padding="x" * 100_000))):
        error = assert_refused(f"Bearer {token}", TokenProblem.INVALID)
        assert error.reason.endswith("The token is longer than 16384 bytes.")
    assert taken_apart == []


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_deep_json_is_refused(opened: str) -> None:
    deep = opened * 4000
    header = encoded(deep.encode())
    assert_refused(f"Bearer {header}.{encoded(claims())}.AAAA", TokenProblem.INVALID)
    shut = deep + "1" + {"[": "]", '{"a":': "}"}[opened] * 4000
    if len(shut) * 4 / 3 < 16_000:
        payload = json.dumps(claims())[:-1] + f', "extra": {shut}}}'
        assert_refused(f"Bearer {signed(payload.encode())}", TokenProblem.INVALID)


@pytest.mark.parametrize(
    "twice",
    [
        f'"tid": "{OTHER_TENANT}"',
        '"roles": ["DeviceManagementConfiguration.ReadWrite.All"]',
        '"t\\u0069d": "x"',
        '"extra": {"a": 1, "a": 2}',
    ],
)
def test_a_claim_that_is_there_twice_is_refused_though_it_is_signed(twice: str) -> None:
    payload = json.dumps(claims())[:-1] + f", {twice}}}"
    error = assert_refused(f"Bearer {signed(payload.encode())}", TokenProblem.INVALID)
    assert error.reason.endswith("The payload cannot be read: it says something twice.")


def test_a_header_parameter_that_is_there_twice_is_refused() -> None:
    header = b'{"alg": "none", "kid": "known", "alg": "RS256"}'
    start = f"{encoded(header)}.{encoded(claims())}"
    signature = token_forms._ALGORITHMS.get_alg("RS256").sign(start.encode(), KEY)
    assert_refused(f"Bearer {start}.{encoded(signature)}", TokenProblem.INVALID)


def test_a_token_inside_a_token_is_refused() -> None:
    inner = f"{encoded({'alg': 'none'})}.{encoded(claims())}."
    for payload in (inner.encode(), json.dumps(inner).encode()):
        assert_refused(f"Bearer {signed(payload)}", TokenProblem.INVALID)
    nested = {"alg": "RS256", "kid": "known", "cty": "JWT"}
    assert accept(signed_as_is(nested, claims())).tenant == TENANT, "what it says of itself changes nothing"
    assert_refused(f"Bearer {signed(claims())}.{encoded(b'key')}.{encoded(b'tag')}", TokenProblem.INVALID)


@pytest.mark.parametrize("change", [lambda text: text + "=", lambda text: text[:-1] + "+", lambda text: text + "\n"])
def test_no_other_spelling_of_a_segment_is_taken_for_the_signed_one(change: Any) -> None:
    header, payload, signature = signed(claims()).split(".")
    assert_refused(f"Bearer {header}.{change(payload)}.{signature}", TokenProblem.SIGNATURE)


def test_a_signature_of_none_is_no_signature() -> None:
    for alg in ("none", "NONE", "nOnE"):
        for end in ("", ".", encoded(b"")):
            assert_refused(
                f"Bearer {encoded({'alg': alg, 'kid': 'known'})}.{encoded(claims())}.{end}", TokenProblem.INVALID
            )


# --- times ------------------------------------------------------------------------------------------------------------


def test_a_token_that_is_good_for_years_is_refused_where_a_longest_lifetime_is_set() -> None:
    strict = verifier(max_lifetime_seconds=108_000)
    assert strict.verify(f"Bearer {signed(claims(exp=at(hours=29)))}".encode()).tenant == TENANT
    for wrong in ({"exp": at(days=3650)}, {"exp": at(hours=31)}, {"nbf": None, "iat": None}):
        error = refusal(f"Bearer {signed(claims(**wrong))}", checker=strict)
        assert error.problem is TokenProblem.INVALID
        assert error.reason.endswith("The token is good for longer than 108000 seconds.")
    assert accept(signed(claims(exp=at(days=3650)))).tenant == TENANT


@pytest.mark.parametrize("limit", [None, 108_000])
def test_a_token_issued_in_the_future_is_rejected(limit: int | None) -> None:
    strict = verifier(max_lifetime_seconds=limit)
    assert strict.verify(f"Bearer {signed(claims(iat=at(seconds=290)))}".encode()).tenant == TENANT
    for wrong in ({"iat": at(seconds=310)}, {"iat": at(days=3650), "exp": at(days=3651)}, {"iat": 1e300, "exp": 1e301}):
        error = refusal(f"Bearer {signed(claims(**wrong))}", checker=strict)
        assert error.problem is TokenProblem.INVALID
        assert error.reason.endswith("The claim 'iat' is in the future.")


@pytest.mark.parametrize("exp", [b"1e999", b"NaN", b"Infinity", b'"2099-01-01"', b"-1", b"null"])
def test_a_time_that_is_none_is_refused(exp: bytes) -> None:
    payload = json.dumps(claims(exp=123456)).encode().replace(b"123456", exp)
    with pytest.raises(TokenError) as refused:
        accept(signed(payload))
    assert refused.value.problem in (TokenProblem.INVALID, TokenProblem.EXPIRED)


@pytest.mark.parametrize("space", ["\t", "\n", "\u00a0", "\u2003", "\x1f", "\u2028", ","])
def test_scopes_are_separated_by_spaces_only(space: str) -> None:
    write = "DeviceManagementConfiguration.ReadWrite.All"
    actor = accept(signed(user_claims(scp=f"openid{space}{write}  {READ} ")))
    assert actor.permissions == {f"openid{space}{write}", READ}


# --- who it is --------------------------------------------------------------------------------------------------------


def test_scp_in_an_application_token_grants_nothing() -> None:
    actor = accept(signed(claims(scp="DeviceManagementConfiguration.ReadWrite.All")))
    assert (actor.user, actor.permissions) == (None, frozenset({READ}))


def test_roles_in_a_users_token_grant_nothing() -> None:
    actor = accept(signed(user_claims(scp="openid", roles=["DeviceManagementConfiguration.ReadWrite.All"])))
    assert (actor.user, actor.permissions) == (USER, frozenset({"openid"}))


def test_a_guest_is_a_user_of_the_tenant_that_invited_them() -> None:
    guest = user_claims(idp="live.com", acct=1, unique_name="live.com#megan@outlook.example")
    assert accept(signed(guest)) == accept(signed(user_claims()))


def test_another_tenant_in_the_issuer_than_in_tid_is_refused() -> None:
    assert_refused(f"Bearer {signed(claims(tid=OTHER_TENANT))}", TokenProblem.ISSUER)
    assert_refused(f"Bearer {signed(v2_claims(tid=OTHER_TENANT))}", TokenProblem.ISSUER)


@pytest.mark.parametrize("tid", [f"{TENANT}/", "{tenantid}", "common", "organizations", f"{TENANT}/../{OTHER_TENANT}"])
def test_a_tenant_is_a_guid(tid: str) -> None:
    issuer = f"https://sts.windows.net/{tid}/"
    assert_refused(f"Bearer {signed(claims(tid=tid, iss=issuer))}", TokenProblem.INVALID)


@pytest.mark.parametrize("name", sorted(set(CLOUDS) - {"global"}))
def test_tokens_of_the_global_cloud_are_good_in_no_other(name: str) -> None:
    checker = verifier(CLOUDS[name])
    assert refusal(f"Bearer {signed(claims())}", checker=checker).problem is TokenProblem.AUDIENCE
    assert refusal(f"Bearer {signed(v2_claims())}", checker=checker).problem is TokenProblem.ISSUER


def test_tokens_of_other_clouds_are_refused_here() -> None:
    for cloud in CLOUDS.values():
        if cloud is not GLOBAL:
            issuer = f"{cloud.authorities[0]}/{TENANT}/v2.0"
            assert_refused(f"Bearer {signed(v2_claims(iss=issuer))}", TokenProblem.ISSUER)
            assert_refused(f"Bearer {signed(claims(aud=cloud.graph_roots[0]))}", TokenProblem.AUDIENCE)


def test_two_clouds_of_one_authority_are_told_apart_by_the_audience() -> None:
    token = signed(claims(aud=US_GOVERNMENT_L4.graph_roots[0]))
    assert accept(token, cloud=US_GOVERNMENT_L4).tenant == TENANT
    assert refusal(f"Bearer {token}", checker=verifier(US_GOVERNMENT_L5)).problem is TokenProblem.AUDIENCE


def test_no_v1_issuer_is_guessed_where_a_cloud_publishes_none() -> None:
    token = signed(claims(aud=BLEU.graph_roots[0]))
    assert refusal(f"Bearer {token}", checker=verifier(BLEU)).problem is TokenProblem.ISSUER


# --- cost -------------------------------------------------------------------------------------------------------------


def test_at_most_one_signature_is_checked_for_any_token(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[object] = []

    def counting(*given: Any) -> None:
        checked.append(given)
        token_forms.check_signature(*given)

    monkeypatch.setattr("osimages.entra.tokens.verification.check_signature", counting)
    good = signed(claims())
    raw = base64.urlsafe_b64encode(b"x" * 9000).decode()
    for token in (good[:-4] + "AAAA", f"{good}.{raw}", f"{raw}.{raw}.{raw}", signed(claims(), kid="unknown")):
        checked.clear()
        refusal(f"Bearer {token}")
        assert len(checked) <= 1

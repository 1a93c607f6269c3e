"""Which Authorization headers are accepted, for whom they speak, and with which row the others are refused."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws

from osimages.entra.tokens.clouds import CHINA, CONSUMER_TENANT
from osimages.entra.tokens.errors import TokenError, TokenProblem
from osimages.entra.tokens.keys import VerificationKey
from tests.support.tokens import (
    APPLICATION,
    KEY,
    NOW,
    OTHER_TENANT,
    READ,
    STRANGER,
    TENANT,
    USER,
    Keys,
    Watch,
    accept,
    assert_refused,
    at,
    claims,
    encoded,
    granted,
    refusal,
    signed,
    signed_as_is,
    user_claims,
    v2_claims,
    verifier,
)

# --- accepted ---------------------------------------------------------------------------------------------------------


def test_an_application_token_speaks_for_the_application() -> None:
    assert granted(accept(signed(claims()))) == (TENANT, APPLICATION, None, {READ})


def test_a_user_token_speaks_for_the_user() -> None:
    assert granted(accept(signed(user_claims()))) == (TENANT, APPLICATION, USER, {"openid", READ})


def test_a_users_roles_are_not_permissions() -> None:
    actor = accept(signed(user_claims(scp="openid", roles=[READ])))
    assert actor.permissions == {"openid"}


def test_an_application_token_without_roles_is_valid_and_grants_nothing() -> None:
    assert accept(signed(claims(roles=None))).permissions == frozenset()


def test_a_token_without_idtyp_is_told_by_scp() -> None:
    assert accept(signed(claims(idtyp=None))).user is None
    assert accept(signed(user_claims(idtyp=None))).user == USER


def test_a_users_token_without_scp_grants_nothing() -> None:
    actor = accept(signed(user_claims(scp=None, roles=[READ])))
    assert (actor.user, actor.permissions) == (USER, frozenset())


def test_guids_are_lower_cased() -> None:
    issuer = f"https://sts.windows.net/{TENANT.upper()}/"
    actor = accept(signed(user_claims(tid=TENANT.upper(), iss=issuer, appid=APPLICATION.upper(), oid=USER.upper())))
    assert (actor.tenant, actor.application, actor.user) == (TENANT, APPLICATION, USER)


def test_v2_tokens_are_accepted() -> None:
    assert granted(accept(signed(v2_claims()))) == (TENANT, APPLICATION, None, {READ})


@pytest.mark.parametrize(
    "audience", ["https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"]
)
def test_every_name_of_graph_is_an_audience(audience: str) -> None:
    assert accept(signed(claims(aud=audience))).tenant == TENANT


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512"])
def test_the_rs256_family_is_accepted(alg: str) -> None:
    assert accept(signed(claims(), alg=alg)).tenant == TENANT


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", " Bearer "])
def test_the_scheme_is_case_insensitive(scheme: str) -> None:
    assert verifier().verify(f"{scheme} {signed(claims())} ".encode()).tenant == TENANT


def test_a_nonce_counts_as_hashed() -> None:
    header = {"typ": "JWT", "nonce": "QltrBofYb5am7UJ8mCmOJjlNOXqr1bAu2h_H2s3ARpk", "alg": "RS256", "kid": "known"}
    hashed = {**header, "nonce": encoded(hashlib.sha256(header["nonce"].encode()).digest())}
    assert accept(signed_as_is(header, claims(), hashed)).tenant == TENANT
    assert_refused(f"Bearer {signed_as_is(hashed, claims())}", TokenProblem.SIGNATURE)


def test_another_clouds_tokens_are_accepted_there_only() -> None:
    china = signed(claims(iss=f"https://sts.chinacloudapi.cn/{TENANT}/", aud="https://microsoftgraph.chinacloudapi.cn"))
    assert accept(china, cloud=CHINA).tenant == TENANT
    assert_refused(f"Bearer {china}", TokenProblem.AUDIENCE)


def test_unknown_header_parameters_are_ignored() -> None:
    header = {"alg": "RS256", "kid": "known", "x5t": "CNv0OI3RwqlHFEVnaoMAshCH2XE", "rp": {"a": [1]}}
    assert accept(signed_as_is(header, claims())).tenant == TENANT


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [None, "", "   ", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "a.b.c", "Bearer\ta.b.c"]
)
def test_no_token_is_empty(header: str | None) -> None:
    assert_refused(header, TokenProblem.MISSING)


def test_a_token_without_dots_is_malformed() -> None:
    assert_refused("Bearer EwBwA8l6BAAU", TokenProblem.MALFORMED)


@pytest.mark.parametrize(
    "token",
    [
        "a.b",
        "a.b.c.d.e",
        "..",
        "!.!.!",
        f"{encoded([])}.e30.c2ln",
        f"{encoded({})}.e30.c2ln",
        f"{encoded(b'[' * 5000)}.e30.c2ln",
        f"{encoded({'alg': 1})}.e30.c2ln",
        "\u00fc.\u00fc.\u00fc",
        "\udcff.\udcff.\udcff",
    ],
)
def test_an_unreadable_token_is_invalid(token: str) -> None:
    assert_refused(f"Bearer {token}", TokenProblem.INVALID)


def test_a_signed_payload_that_is_not_an_object_is_invalid() -> None:
    for payload in (b"", b"[]", b"\xff\xfe", b'"text"'):
        assert_refused(f"Bearer {signed(payload)}", TokenProblem.INVALID)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "ES256", "PS256", "RS1", ""])
def test_other_algorithms_are_refused_whatever_the_signature(alg: str) -> None:
    unsigned = f"{encoded({'alg': alg, 'kid': 'known'})}.{encoded(claims())}."
    error = assert_refused(f"Bearer {unsigned}", TokenProblem.INVALID)
    assert error.reason.endswith("The signature algorithm is not allowed.")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_the_public_key_is_no_secret_of_hs256(encoding: Encoding) -> None:
    secret = KEY.public_key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    start = f"{encoded({'alg': 'HS256', 'kid': 'known'})}.{encoded(claims())}"
    signature = hmac.new(secret, start.encode(), hashlib.sha256).digest()
    assert_refused(f"Bearer {start}.{encoded(signature)}", TokenProblem.INVALID)


def test_a_key_in_the_header_is_not_believed() -> None:
    header = {"alg": "RS256", "kid": "known", "jwk": STRANGER.as_dict(private=False)}
    start = f"{encoded(header)}.{encoded(claims())}"
    signature = jws.JWSRegistry.algorithms["RS256"].sign(start.encode(), STRANGER)
    assert_refused(f"Bearer {start}.{encoded(signature)}", TokenProblem.SIGNATURE)


def test_critical_parameters_are_refused() -> None:
    header = {"alg": "RS256", "kid": "known", "crit": ["b64"], "b64": False}
    assert_refused(f"Bearer {signed_as_is(header, claims())}", TokenProblem.INVALID)


def test_an_unknown_key_is_a_bad_signature() -> None:
    assert_refused(f"Bearer {signed(claims(), kid='unknown')}", TokenProblem.SIGNATURE)


def test_a_token_that_names_no_key_is_a_bad_signature() -> None:
    assert_refused(f"Bearer {signed_as_is({'alg': 'RS256'}, claims())}", TokenProblem.SIGNATURE)


def test_a_strangers_signature_is_bad() -> None:
    assert_refused(f"Bearer {signed(claims(), key=STRANGER)}", TokenProblem.SIGNATURE)


def test_a_changed_payload_has_a_bad_signature() -> None:
    header, _, signature = signed(claims()).split(".")
    forged = encoded(claims(roles=["DeviceManagementConfiguration.ReadWrite.All"]))
    assert_refused(f"Bearer {header}.{forged}.{signature}", TokenProblem.SIGNATURE)


@pytest.mark.parametrize("signature", ["", "x", "*", "AAAA"])
def test_a_broken_signature_is_bad(signature: str) -> None:
    start = signed(claims()).rpartition(".")[0]
    assert_refused(f"Bearer {start}.{signature}", TokenProblem.SIGNATURE)


def test_the_signature_is_checked_before_any_claim_is_believed() -> None:
    assert_refused(f"Bearer {signed(claims(exp=at(days=-1)), key=STRANGER)}", TokenProblem.SIGNATURE)


@pytest.mark.parametrize("missing", ["aud", "iss", "exp", "tid", "ver", "appid"])
def test_a_missing_claim_is_named(missing: str) -> None:
    assert missing in assert_refused(f"Bearer {signed(claims(**{missing: None}))}", TokenProblem.INVALID).reason


def test_a_user_without_oid_is_invalid() -> None:
    assert "'oid'" in assert_refused(f"Bearer {signed(user_claims(oid=None))}", TokenProblem.INVALID).reason


def test_a_v2_token_needs_azp() -> None:
    assert "'azp'" in assert_refused(f"Bearer {signed(v2_claims(azp=None))}", TokenProblem.INVALID).reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": "soon"},
        {"exp": [1]},
        {"roles": "one"},
        {"scp": ["one"]},
        {"aud": ["https://graph.microsoft.com"]},
        {"ver": "3.0"},
        {"tid": "common"},
        {"tid": f"{TENANT}\n"},
        {"tid": "../x"},
    ],
)
def test_a_claim_of_the_wrong_form_is_invalid(wrong: dict[str, Any]) -> None:
    assert_refused(f"Bearer {signed(claims(**wrong))}", TokenProblem.INVALID)


def test_times_have_the_tolerance_and_no_more() -> None:
    assert accept(signed(claims(exp=at(seconds=-299)))).tenant == TENANT
    assert_refused(f"Bearer {signed(claims(exp=at(seconds=-300)))}", TokenProblem.EXPIRED)
    assert accept(signed(claims(nbf=at(seconds=300)))).tenant == TENANT
    assert_refused(f"Bearer {signed(claims(nbf=at(seconds=301)))}", TokenProblem.NOT_YET_VALID)


def test_another_audience_is_refused() -> None:
    assert_refused(f"Bearer {signed(claims(aud='https://graph.windows.net'))}", TokenProblem.AUDIENCE)


@pytest.mark.parametrize(
    "issuer",
    [
        f"https://sts.windows.net/{OTHER_TENANT}/",
        f"https://sts.windows.net/{TENANT}",
        f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0",
        f"https://login.microsoftonline.us/{TENANT}/v2.0",
        f"https://sts.windows.net.example/{TENANT}/",
    ],
)
def test_another_issuer_or_another_tenant_in_it_is_refused(issuer: str) -> None:
    assert_refused(f"Bearer {signed(claims(iss=issuer))}", TokenProblem.ISSUER)


def test_personal_accounts_are_refused() -> None:
    issuer = f"https://login.microsoftonline.com/{CONSUMER_TENANT}/v2.0"
    assert_refused(f"Bearer {signed(v2_claims(tid=CONSUMER_TENANT, iss=issuer))}", TokenProblem.PERSONAL_ACCOUNT)


@given(st.text())
def test_any_text_is_refused_with_a_row(text: str) -> None:
    assert refusal(f"Bearer {text}").problem in {
        TokenProblem.MISSING,
        TokenProblem.MALFORMED,
        TokenProblem.INVALID,
        TokenProblem.SIGNATURE,
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(claims())), JSON)
def test_any_value_of_a_claim_gives_an_actor_or_a_row(name: str, value: object) -> None:
    try:
        actor = accept(signed({**claims(), name: value}))
    except TokenError as error:
        assert error.problem in TokenProblem
    else:
        assert actor.tenant == TENANT


# --- remembered -------------------------------------------------------------------------------------------------------


def test_a_verified_token_is_not_verified_again() -> None:
    checker = verifier()
    header = f"Bearer {signed(claims())}"
    assert checker.verify(header.encode()) is checker.verify(header.encode())


def test_a_remembered_token_expires() -> None:
    watch = Watch()
    checker = verifier(watch=watch)
    header = f"Bearer {signed(claims(exp=at(minutes=10)))}"
    checker.verify(header.encode())
    watch.moment = NOW + timedelta(minutes=14, seconds=59)
    assert checker.verify(header.encode()).tenant == TENANT
    watch.moment = NOW + timedelta(minutes=15)
    assert refusal(header, checker=checker).problem is TokenProblem.EXPIRED


def test_a_refused_token_is_not_remembered() -> None:
    keys = Keys()
    checker = verifier(keys=keys)
    header = f"Bearer {signed(claims())}"
    right = keys.held["known"]
    keys.held["known"] = VerificationKey(STRANGER)
    assert refusal(header, checker=checker).problem is TokenProblem.SIGNATURE
    keys.held["known"] = right
    assert checker.verify(header.encode()).tenant == TENANT


def test_the_token_used_longest_ago_is_forgotten_first() -> None:
    checker = verifier(size=2)
    first, second, third = (f"Bearer {signed(claims(uti=each))}" for each in ("1", "2", "3"))
    actors = {header: checker.verify(header.encode()) for header in (first, second)}
    assert checker.verify(first.encode()) is actors[first]
    actors[third] = checker.verify(third.encode())
    assert checker.verify(first.encode()) is actors[first]
    assert checker.verify(third.encode()) is actors[third]
    assert checker.verify(second.encode()) is not actors[second]


def test_nothing_is_remembered_in_a_cache_of_no_size() -> None:
    checker = verifier(size=0)
    header = f"Bearer {signed(claims())}"
    assert checker.verify(header.encode()) is not checker.verify(header.encode())

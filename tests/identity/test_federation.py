"""Workload identity federation: applications prove themselves with the token of a Kubernetes service account."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from osimages.entra.emulator.client_authentication import JWT_BEARER
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, GRAPH_COMMAND_LINE
from osimages.entra.emulator.federation import AUDIENCE, ISSUER, service_account_token
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import signed
from tests.cli.running import output
from tests.support.identity import DEFAULT_SCOPE, EVERYTHING, claims_of, exchange, refused_with, tokens

Claims = dict[str, Any]


@pytest.fixture
def keys(data_dir: Path) -> SigningKeys:
    """The server's own keys."""
    return SigningKeys.load_or_create(data_dir)


def prove(http: httpx.Client, assertion: str, **changes: str | None) -> httpx.Response:
    """The reply to an application with an assertion, at the token endpoint."""
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": DEFAULT_SCOPE,
        "client_secret": None,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
    }
    return exchange(http, **(form | changes))


def test_the_token_file_of_osimages_env(http: httpx.Client, data_dir: Path) -> None:
    made = service_account_token(SigningKeys.load_or_create(data_dir), DEFAULT_APPLICATION, datetime.now(UTC))
    claims = claims_of(tokens(prove(http, made))["access_token"])
    assert (claims["appidacr"], claims["roles"]) == ("2", EVERYTHING)
    for tenant in (str(uuid.uuid4()), "common", "adfs"):
        reply = http.post(
            f"/{tenant}/oauth2/v2.0/token",
            data={
                "client_id": DEFAULT_APPLICATION,
                "grant_type": "client_credentials",
                "scope": DEFAULT_SCOPE,
                "client_assertion_type": JWT_BEARER,
                "client_assertion": made,
            },
        )
        assert tokens(reply)["expires_in"] == 3599


def test_it_proves_one_application(http: httpx.Client, keys: SigningKeys) -> None:
    made = service_account_token(keys, DEFAULT_APPLICATION, datetime.now(UTC))
    # Also one without a secret may prove itself so: with its own account.
    refused_with(prove(http, made, client_id=GRAPH_COMMAND_LINE), 700213, "invalid_client", 401)
    own = service_account_token(keys, GRAPH_COMMAND_LINE, datetime.now(UTC))
    assert tokens(prove(http, own, client_id=GRAPH_COMMAND_LINE))


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda claims: claims | {"iss": "https://token.actions.githubusercontent.com"}, 700211),
        (lambda claims: claims | {"aud": "api://other"}, 700212),
        (lambda claims: claims | {"aud": []}, 700212),
        (lambda claims: claims | {"sub": "system:serviceaccount:default:other"}, 700213),
        (lambda claims: claims | {"exp": claims["iat"] - 1}, 700024),
        (lambda claims: claims | {"nbf": claims["exp"]}, 700024),
        (lambda claims: claims | {"sub": 5}, 5000223),
        (lambda claims: {"iss": claims["iss"]}, 5000223),
    ],
)
def test_claims_that_are_not_good(
    http: httpx.Client, keys: SigningKeys, change: Callable[[Claims], Claims], number: int
) -> None:
    good = claims_of(service_account_token(keys, DEFAULT_APPLICATION, datetime.now(UTC)))
    assert tokens(prove(http, signed(keys, good | {"aud": AUDIENCE})))
    refused_with(prove(http, signed(keys, change(good))), number, "invalid_client", 401)


def test_a_token_of_another_key(http: httpx.Client, tmp_path: Path) -> None:
    made = service_account_token(SigningKeys.load_or_create(tmp_path), DEFAULT_APPLICATION, datetime.now(UTC))
    found = refused_with(prove(http, made), 5000223, "invalid_client", 401)
    assert ISSUER in found["error_description"]


def test_what_is_no_token(http: httpx.Client, keys: SigningKeys) -> None:
    made = service_account_token(keys, DEFAULT_APPLICATION, datetime.now(UTC))
    refused_with(prove(http, made, client_assertion_type="other"), 50027, "invalid_client", 401)
    for broken in (f"{made}x", made.rpartition(".")[0], "a.b.c", "a.eyJpc3MiOjV9.c", f"x{'.' * 5000}", "\0"):
        reply = prove(http, broken)
        assert reply.status_code == 401, reply.text
        assert "access_token" not in reply.text


def test_a_rotation_of_the_keys_keeps_the_file_good(http: httpx.Client, data_dir: Path) -> None:
    output("env", "--data-dir", data_dir)
    output("keys", "rotate", "--data-dir", data_dir)
    # Without HTTPS the environment names no application. The file is made for it alone.
    assert not (data_dir / "federated-token").exists()
    keys = SigningKeys.load_or_create(data_dir)
    old = service_account_token(keys, DEFAULT_APPLICATION, datetime.now(UTC) - timedelta(hours=1))
    assert tokens(prove(http, old))

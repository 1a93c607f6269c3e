"""Entra mode against a stand-in for Entra ID: its tokens, its keys as they come and go, and its outages."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.tokens.clouds import CONSUMER_TENANT
from tests.support.api import IMAGES, refused, token
from tests.support.entra import KEYS, METADATA, Entra, entra
from tests.support.processes import until
from tests.support.server import Server, running

TENANT = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Entra]:
    with entra(tmp_path / "entra") as stand_in:
        yield stand_in


@contextmanager
def trusting(authority: Entra, data_dir: Path, **settings: str) -> Iterator[Server]:
    """A server that takes tokens of the stand-in, for any tenant."""
    usual = {
        "authority_url": authority.url,
        "authority_ca_file": str(authority.ca_file),
        "new_tenants": "create",
        "keys_look_seconds": "600",
    }
    with running(data_dir, "--http", "--empty", "--authority", "entra", **(usual | settings)) as server:
        yield server


def ask(server: Server, bearer: str, path: str = IMAGES) -> httpx.Response:
    return httpx.get(server.url + path, headers={"Authorization": f"Bearer {bearer}"})


def test_tokens_of_both_versions_are_good_and_all_else_is_refused(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data") as server:
        for version in ("1.0", "2.0"):
            assert ask(server, authority.token(TENANT, version=version)).status_code == 200
        refused(ask(server, token(tmp_path / "elsewhere", TENANT)), 401, "InvalidAuthenticationToken")
        for wrong in ({"aud": "https://management.azure.com"}, {"iss": "https://login.microsoftonline.us/x/v2.0"}):
            refused(ask(server, authority.token(TENANT, **wrong)), 401, "InvalidAuthenticationToken")
        long_lived = authority.token(TENANT, exp=2**32)
        assert (
            "longer than 108000 seconds"
            in refused(ask(server, long_lived), 401, "InvalidAuthenticationToken")["message"]
        )
        personal = authority.token(CONSUMER_TENANT)
        assert "MSA accounts" in refused(ask(server, personal), 400, "BadRequest")["message"]
        reply = ask(server, "a.b.c")
        assert f'authorization_uri="{authority.url}/common/oauth2/authorize"' in reply.headers["www-authenticate"]


def test_the_development_authority_is_not_there(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data") as server:
        assert httpx.post(f"{server.url}/{TENANT}/oauth2/v2.0/token", data={}).status_code == 404
        assert httpx.get(f"{server.url}/{TENANT}/discovery/v2.0/keys").status_code == 404
    assert not (tmp_path / "data" / "signing-key.pem").exists()


def test_a_tenant_that_was_not_added_is_refused_as_one_without_a_licence(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data", new_tenants="auto") as server:
        for tenant in (TENANT, DEFAULT_TENANT):
            error = refused(ask(server, authority.token(tenant)), 400, "BadRequest")
            assert error["message"] == "Request not applicable to target tenant."


def test_a_new_key_is_used_at_once_and_unknown_ones_cause_no_storm(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data") as server:
        assert authority.asked == [METADATA, KEYS]
        authority.signing["made-up"] = authority.signing["first"]
        forged = authority.token(TENANT, kid="made-up")
        del authority.signing["made-up"]
        for _ in range(20):
            refused(ask(server, forged), 401, "InvalidAuthenticationToken")
        assert len(authority.asked) <= 4, "one look at most"
    authority.asked.clear()
    with trusting(authority, tmp_path / "data", keys_look_seconds="0.1") as server:
        authority.signing["second"] = authority.signing["first"]
        until(lambda: ask(server, authority.token(TENANT, kid="second")).status_code == 200, "the new key")


def test_a_key_that_is_withdrawn_ends_its_tokens(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data", keys_refresh_seconds="1") as server:
        bearer = authority.token(TENANT)
        assert ask(server, bearer).status_code == 200
        authority.signing["second"] = authority.signing.pop("first")
        until(lambda: ask(server, bearer).status_code == 401, "the end of the old key")
        assert ask(server, authority.token(TENANT, kid="second")).status_code == 200


def test_a_key_signs_for_the_issuer_that_it_is_bound_to_alone(authority: Entra, tmp_path: Path) -> None:
    authority.issuers["first"] = f"{authority.url}/{CONSUMER_TENANT}/v2.0"
    with trusting(authority, tmp_path / "data") as server:
        error = refused(ask(server, authority.token(TENANT)), 401, "InvalidAuthenticationToken")
        assert error["message"].endswith("Invalid issuer.")


def test_an_outage_is_not_noticed_not_even_by_a_server_that_starts_in_it(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data", keys_refresh_seconds="1") as server:
        assert ask(server, authority.token(TENANT)).status_code == 200
        authority.status = 503
        authority.asked.clear()
        until(lambda: METADATA in authority.asked, "a fetch that fails")
        assert ask(server, authority.token(TENANT)).status_code == 200
    with trusting(authority, tmp_path / "data") as server:
        assert ask(server, authority.token(TENANT)).status_code == 200
        until(lambda: "keys not fetched" in server.errors.read_text(encoding="utf-8"), "a fetch that fails")


def test_without_any_keys_the_service_says_so_and_recovers(authority: Entra, tmp_path: Path) -> None:
    authority.status = 500
    with trusting(authority, tmp_path / "data", keys_look_seconds="0.1") as server:
        reply = ask(server, authority.token(TENANT))
        assert "keys of Entra ID cannot be fetched" in refused(reply, 503, "serviceNotAvailable")["message"]
        assert reply.headers["retry-after"] == "5"
        logged = server.errors.read_text(encoding="utf-8")
        assert "osimages doctor" in logged
        assert "--keys-file" in logged
        authority.status = 200
        until(lambda: ask(server, authority.token(TENANT)).status_code == 200, "the first keys")


def test_an_authority_whose_certificate_is_not_trusted_is_not_believed(authority: Entra, tmp_path: Path) -> None:
    with trusting(authority, tmp_path / "data", authority_ca_file="") as server:
        refused(ask(server, authority.token(TENANT)), 503, "serviceNotAvailable")
        assert "CERTIFICATE_VERIFY_FAILED" in server.errors.read_text(encoding="utf-8")
    assert authority.asked == []


def test_keys_from_a_file_need_no_network_and_follow_the_file(authority: Entra, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(authority.jwks()), encoding="utf-8")
    with trusting(authority, tmp_path / "data", keys_file=str(file)) as server:
        bearer = authority.token(TENANT)
        assert ask(server, bearer).status_code == 200
        authority.signing["second"] = authority.signing.pop("first")
        replacement = tmp_path / "new.json"
        replacement.write_text(json.dumps(authority.jwks()), encoding="utf-8")
        replacement.replace(file)
        until(lambda: ask(server, bearer).status_code == 401, "the new file")
        assert ask(server, authority.token(TENANT, kid="second")).status_code == 200
        file.write_text("{", encoding="utf-8")
        until(
            lambda: (
                ask(server, bearer).status_code == 401 and "file not read again" in server.errors.read_text("utf-8")
            ),
            "a look at the broken file",
        )
        assert ask(server, authority.token(TENANT, kid="second")).status_code == 200
    assert authority.asked == []


def test_writes_go_to_the_tenant_of_the_token(authority: Entra, tmp_path: Path) -> None:
    other = str(uuid.uuid4())
    with trusting(authority, tmp_path / "data") as server:
        headers = {"Authorization": f"Bearer {authority.token(TENANT)}"}
        assert httpx.post(server.url + IMAGES, json={"id": "a"}, headers=headers).status_code == 201
        assert ask(server, authority.token(TENANT)).json()["value"][0]["id"] == "a"
        assert ask(server, authority.token(other)).json()["value"] == []

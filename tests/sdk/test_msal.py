"""MSAL for Python, unchanged, against the Entra ID emulator: confidential and public clients, and their caches."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import msal  # type: ignore[import-untyped]
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1

from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_TENANT,
    DEFAULT_USER_PRINCIPAL_NAME,
)
from tests.cli.running import output
from tests.sdk.graph import SCOPES, Sdk
from tests.support.api import IMAGES, READ, WRITE
from tests.support.certificates import self_signed
from tests.support.identity import GRAPH, REDIRECT, Browser, claims_of, returned
from tests.support.server import Server

READING, WRITING = f"{GRAPH}/{READ}", f"{GRAPH}/{WRITE}"


@pytest.fixture
def browser(secure: Server) -> Iterator[Browser]:
    """A browser that trusts the server."""
    with httpx.Client(base_url=secure.url, verify=Sdk.context(secure)) as http:
        yield Browser(http)


@pytest.fixture(autouse=True)
def trusting(secure: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that `osimages env` sets: where it is set, MSAL's own argument counts for nothing."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.data_dir / "bundle.pem"))


def options(server: Server) -> dict[str, Any]:
    """What every application is told: where the authority is, and not to ask Microsoft about it."""
    return {"authority": f"{server.url}/{DEFAULT_TENANT}", "instance_discovery": False}


def confidential(server: Server) -> Any:
    """The default application, with its secret."""
    return msal.ConfidentialClientApplication(
        DEFAULT_APPLICATION, client_credential=DEFAULT_CLIENT_SECRET, **options(server)
    )


def good(found: dict[str, Any], browser: Browser) -> dict[str, Any]:
    """What the token of an answer says, which the service must take."""
    assert "access_token" in found, found
    headers = {"Authorization": f"Bearer {found['access_token']}"}
    assert browser.http.get(IMAGES, headers=headers).status_code == 200
    return claims_of(found["access_token"])


def test_a_confidential_client_remembers_its_token(secure: Server, browser: Browser) -> None:
    application = confidential(secure)
    first = application.acquire_token_for_client(SCOPES)
    assert good(first, browser)["idtyp"] == "app"
    second = application.acquire_token_for_client(SCOPES)
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")


def test_an_authority_that_is_named_by_its_issuer(secure: Server, browser: Browser) -> None:
    application = msal.ConfidentialClientApplication(
        DEFAULT_APPLICATION,
        client_credential=DEFAULT_CLIENT_SECRET,
        oidc_authority=f"{secure.url}/{DEFAULT_TENANT}/v2.0",
    )
    assert good(application.acquire_token_for_client(SCOPES), browser)["idtyp"] == "app"


@pytest.mark.parametrize("names_thumbprint", [True, False])
def test_a_confidential_client_with_a_certificate(
    secure: Server, browser: Browser, tmp_path: Any, names_thumbprint: bool
) -> None:
    key, certificate = self_signed()
    file = tmp_path / "certificate.pem"
    file.write_bytes(certificate)
    arguments = ("--certificate", file, "--permission", READ, "--json", "--data-dir", secure.data_dir)
    client = json.loads(output("app", "add", f"Certified {uuid.uuid4()}", *arguments))["id"]
    credential = {"private_key": key.decode(), "public_certificate": certificate.decode()}
    if names_thumbprint:
        found = x509.load_pem_x509_certificate(certificate)
        credential = {"private_key": key.decode(), "thumbprint": found.fingerprint(SHA1()).hex()}
    application = msal.ConfidentialClientApplication(client, client_credential=credential, **options(secure))
    assert good(application.acquire_token_for_client(SCOPES), browser)["appidacr"] == "2"


def test_a_web_application_signs_somebody_in(secure: Server, browser: Browser) -> None:
    application = confidential(secure)
    flow = application.initiate_auth_code_flow([READING], redirect_uri=REDIRECT, response_mode="form_post")
    told = returned(browser.submit(browser.get(httpx.URL(flow["auth_uri"]).raw_path.decode()), "Megan Bowen"))
    found = application.acquire_token_by_auth_code_flow(flow, told)
    assert good(found, browser)["scp"] == READ
    assert found["id_token_claims"]["preferred_username"] == DEFAULT_USER_PRINCIPAL_NAME
    [account] = application.get_accounts()
    assert account["username"] == DEFAULT_USER_PRINCIPAL_NAME
    # From its cache; then anew with the refresh token; then for another permission.
    assert application.acquire_token_silent([READING], account)["token_source"] == "cache"
    anew = application.acquire_token_silent([READING], account, force_refresh=True)
    assert (anew["token_source"], good(anew, browser)["scp"]) == ("identity_provider", READ)
    assert good(application.acquire_token_silent([WRITING], account), browser)["scp"] == WRITE
    # A code is worth nothing a second time, and MSAL says why.
    again = application.acquire_token_by_auth_code_flow(flow, told)
    assert (again["error"], again["error_codes"]) == ("invalid_grant", [54005])


def test_a_web_application_acts_on_behalf_of_its_user(secure: Server, browser: Browser) -> None:
    application = confidential(secure)
    own = f"api://{DEFAULT_APPLICATION}/access_as_user"
    flow = application.initiate_auth_code_flow([own], redirect_uri=REDIRECT, response_mode="form_post")
    told = returned(browser.submit(browser.get(httpx.URL(flow["auth_uri"]).raw_path.decode()), "Megan Bowen"))
    incoming = application.acquire_token_by_auth_code_flow(flow, told)["access_token"]
    found = confidential(secure).acquire_token_on_behalf_of(incoming, [READING])
    assert good(found, browser)["scp"] == READ


def test_a_public_client_with_a_device_code(secure: Server, browser: Browser) -> None:
    application = msal.PublicClientApplication(AZURE_CLI, **options(secure))
    flow = application.initiate_device_flow([READING])
    page = browser.submit(browser.get(httpx.URL(flow["verification_uri"]).path), "Next", code=flow["user_code"])
    browser.submit(browser.submit(page, "Adele Vance"), "Continue")
    found = application.acquire_token_by_device_flow(flow)
    assert good(found, browser)["upn"] == "adele.vance@contoso.example"
    [account] = application.get_accounts()
    assert application.acquire_token_silent([READING], account, force_refresh=True)["token_source"] != "cache"


def test_a_claims_challenge_goes_round_the_cache(secure: Server, browser: Browser) -> None:
    application = msal.ConfidentialClientApplication(
        DEFAULT_APPLICATION,
        client_credential=DEFAULT_CLIENT_SECRET,
        client_capabilities=["CP1"],
        **options(secure),
    )
    assert good(application.acquire_token_for_client(SCOPES), browser)["xms_cc"] == ["cp1"]
    challenge = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    found = application.acquire_token_for_client(SCOPES, claims_challenge=challenge)
    assert found["token_source"] == "identity_provider"

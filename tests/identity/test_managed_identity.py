"""The managed identity endpoints, as the platforms of Azure have them: parameters, headers, answers and errors."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx
import pytest

from osimages.entra.emulator.default_directory import (
    DEFAULT_APPLICATION,
    DEFAULT_SERVICE_PRINCIPAL,
    DEFAULT_TENANT,
    IDENTITY_HEADER,
)
from tests.support.api import IMAGES, body_of
from tests.support.identity import EVERYTHING, GRAPH, claims_of

APP_SERVICE = {"X-IDENTITY-HEADER": IDENTITY_HEADER}
SECRET = {"Secret": IDENTITY_HEADER}
METADATA = {"Metadata": "true"}
# Path, version of the platform's interface, and the header that its programs send.
PLATFORMS = {
    "App Service": ("/msi/token", "2019-08-01", APP_SERVICE),
    "Azure Machine Learning": ("/msi/token", "2017-09-01", SECRET),
    "Service Fabric": ("/msi/token", "2019-07-01-preview", SECRET),
    "virtual machine": ("/metadata/identity/oauth2/token", "2018-02-01", METADATA),
}


def ask(http: httpx.Client, platform: str = "App Service", tenant: str = "", **parameters: str) -> httpx.Response:
    """The reply to a program that runs on a platform."""
    path, version, headers = PLATFORMS[platform]
    query = {"api-version": version, "resource": GRAPH} | parameters
    return http.get(f"{tenant and f'/{tenant}'}{path}", params=query, headers=headers)


def granted(reply: httpx.Response) -> dict[str, Any]:
    """The claims of the token in a reply."""
    assert reply.status_code == 200, reply.text
    assert "no-store" in reply.headers["cache-control"]
    return claims_of(body_of(reply)["access_token"])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_token_for_the_default_application(http: httpx.Client, platform: str) -> None:
    reply = ask(http, platform)
    claims, body = granted(reply), body_of(reply)
    assert (claims["appid"], claims["tid"], claims["aud"]) == (DEFAULT_APPLICATION, DEFAULT_TENANT, GRAPH)
    assert (claims["idtyp"], claims["appidacr"], claims["roles"]) == ("app", "2", EVERYTHING)
    assert (body["token_type"], body["resource"], body["client_id"]) == ("Bearer", GRAPH, DEFAULT_APPLICATION)
    assert 3590 <= int(body["expires_on"]) - time.time() <= int(body["expires_in"])
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert http.get(IMAGES, headers=bearer).status_code == 200


def test_cloud_shell_sends_a_form(http: httpx.Client) -> None:
    assert granted(http.post("/msi/token", data={"resource": GRAPH}, headers=METADATA))["roles"] == EVERYTHING
    # A form of a page of another origin has no such header.
    reply = http.post("/msi/token", data={"resource": GRAPH})
    assert (reply.status_code, body_of(reply)["error"]) == (400, "invalid_request")
    reply = http.post("/msi/token", json={"resource": GRAPH}, headers=METADATA)
    assert (reply.status_code, body_of(reply)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("platform", ["App Service", "virtual machine"])
def test_a_path_may_name_the_tenant(http: httpx.Client, platform: str) -> None:
    tenant = str(uuid.uuid4())
    assert granted(ask(http, platform, tenant))["tid"] == tenant
    assert granted(ask(http, platform, "contoso.example"))["tid"] == DEFAULT_TENANT
    reply = ask(http, platform, "nobody.example")
    assert reply.status_code == 400
    assert "Tenant 'nobody.example' not found" in reply.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", DEFAULT_APPLICATION.upper()),
        ("clientid", DEFAULT_APPLICATION),
        ("object_id", DEFAULT_SERVICE_PRINCIPAL),
        ("principal_id", DEFAULT_SERVICE_PRINCIPAL),
        ("mi_res_id", "/subscriptions/1/providers/Microsoft.ManagedIdentity/x/osimages development client"),
        ("msi_res_id", "/subscriptions/1/OSIMAGES DEVELOPMENT CLIENT"),
    ],
)
def test_a_user_assigned_identity_is_an_application(http: httpx.Client, name: str, value: str) -> None:
    assert granted(ask(http, **{name: value}))["appid"] == DEFAULT_APPLICATION
    for unknown in (str(uuid.uuid4()), "", "/subscriptions/1/Nobody"):
        reply = ask(http, **{name: unknown})
        assert reply.status_code == 400
        assert "Identity not found" in body_of(reply)["message"]


def test_only_one_identity_may_be_named(http: httpx.Client) -> None:
    reply = ask(http, client_id=DEFAULT_APPLICATION, object_id=DEFAULT_SERVICE_PRINCIPAL)
    assert "client_id, object_id" in body_of(reply)["message"]


@pytest.mark.parametrize("resource", [GRAPH, f"{GRAPH}/", f"{GRAPH}/.default", "00000003-0000-0000-c000-000000000000"])
def test_spellings_of_the_resource(http: httpx.Client, resource: str) -> None:
    assert granted(ask(http, resource=resource))["roles"] == EVERYTHING


@pytest.mark.parametrize("resource", ["", "https://vault.azure.net", "two words", "https://[", "\0", "x" * 5000])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_resource_that_there_is_not(http: httpx.Client, platform: str, resource: str) -> None:
    reply = ask(http, platform, resource=resource)
    assert reply.status_code == 400
    body = body_of(reply)
    if platform == "virtual machine":
        assert body["error"] in ("invalid_request", "invalid_scope", "invalid_resource")
        assert body["error_description"]
    elif platform == "Service Fabric":
        assert body["error"]["code"] == "ArgumentNullOrEmpty"
    else:
        assert body["statusCode"] == 400
        assert body["message"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_header_is_needed(http: httpx.Client, platform: str) -> None:
    path, version, headers = PLATFORMS[platform]
    query = {"api-version": version, "resource": GRAPH}
    for wrong in ({}, dict.fromkeys(headers, "wrong"), dict.fromkeys(headers, "")):
        reply = http.get(path, params=query, headers=wrong)
        assert reply.status_code == 400
        assert "is missing or has another value" in reply.text
        assert "access_token" not in reply.text


def test_pages_of_other_origins_get_nothing(http: httpx.Client) -> None:
    page = {"Origin": "https://evil.example"}
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-identity-header"}
    for path in ("/msi/token", "/metadata/identity/oauth2/token", f"/{DEFAULT_TENANT}/msi/token"):
        assert "access-control-allow-origin" not in http.options(path, headers=page | asks).headers
    path, version, headers = PLATFORMS["App Service"]
    reply = http.get(path, params={"api-version": version, "resource": GRAPH}, headers=headers | page)
    assert "access-control-allow-origin" not in reply.headers


def test_methods_and_parameters_that_there_are_not(http: httpx.Client) -> None:
    for method, path, allowed in (
        ("PUT", "/msi/token", "GET, POST"),
        ("POST", "/metadata/identity/oauth2/token", "GET"),
        ("DELETE", "/common/msi/token", "GET, POST"),
    ):
        reply = http.request(method, path)
        assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    query = "resource=a&resource=b"
    assert "given more than once" in body_of(http.get(f"/msi/token?{query}", headers=APP_SERVICE))["message"]
    assert http.get("/msi/token?%FF=%80", headers=APP_SERVICE).status_code == 400


def test_a_token_after_a_revocation_counts(http: httpx.Client) -> None:
    tenant = str(uuid.uuid4())
    before = body_of(ask(http, tenant=tenant))["access_token"]
    bearer = {"Authorization": f"Bearer {before}"}
    assert http.get(IMAGES, headers=bearer).status_code == 200
    assert http.post("/-/revocations", json={"application": DEFAULT_APPLICATION}, headers=bearer).status_code == 201
    # The libraries have no way to hand the challenge on: they ask for another token.
    after = body_of(ask(http, tenant=tenant, xms_cc="cp1"))["access_token"]
    assert claims_of(after)["xms_cc"] == ["cp1"]
    assert claims_of(after)["nbf"] >= int(time.time())
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {after}"}).status_code == 200

"""The Entra ID emulator against a real server: metadata, keys, tokens, and Entra's own errors."""

from __future__ import annotations

import base64
import uuid

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT
from tests.support.api import IMAGES, Api, Json, body_of, refused

FORM = {
    "grant_type": "client_credentials",
    "client_id": DEFAULT_APPLICATION,
    "client_secret": DEFAULT_CLIENT_SECRET,
    "scope": "https://graph.microsoft.com/.default",
}


def ask(api: Api, tenant: str = DEFAULT_TENANT, changes: dict[str, str | None] | None = None) -> httpx.Response:
    """The reply of the token endpoint to a good form with some changes; None leaves a field out."""
    form = {name: value for name, value in (FORM | (changes or {})).items() if value is not None}
    return api.http.post(f"/{tenant}/oauth2/v2.0/token", data=form, headers={"Authorization": ""})


def failed(reply: httpx.Response, status: int, error: str, number: int) -> Json:
    """The error of a refused request, which must have Entra's shape."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    body = body_of(reply)
    assert (body["error"], body["error_codes"]) == (error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert set(body) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    assert "access_token" not in reply.text
    return body


@pytest.mark.parametrize("tenant", [DEFAULT_TENANT, "common", "organizations", DEFAULT_TENANT.upper()])
def test_a_token_is_good_for_the_service(api: Api, tenant: str) -> None:
    reply = ask(api, tenant)
    assert reply.status_code == 200
    assert "no-store" in reply.headers["cache-control"]
    body = body_of(reply)
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == body["ext_expires_in"] == 3599
    assert api.get(IMAGES, Authorization=f"Bearer {body['access_token']}").status_code == 200


def test_a_token_is_of_the_tenant_that_the_path_names(api: Api) -> None:
    tenant = str(uuid.uuid4())
    bearer = body_of(ask(api, tenant))["access_token"]
    mine = api.with_token(bearer)
    mine.create(id="mine")
    assert mine.ids() == ["mine"]
    assert api.ids() == []


def test_the_secret_may_come_in_the_header(api: Api) -> None:
    raw = base64.b64encode(f"{DEFAULT_APPLICATION}:{DEFAULT_CLIENT_SECRET}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": FORM["scope"]}
    good = api.http.post("/common/oauth2/v2.0/token", data=form, headers={"Authorization": f"Basic {raw}"})
    assert good.status_code == 200
    for bad in ("x", base64.b64encode(b"nocolon").decode(), base64.b64encode(b"\xff:\xff").decode()):
        reply = api.http.post("/common/oauth2/v2.0/token", data=form, headers={"Authorization": f"Basic {bad}"})
        failed(reply, 401, "invalid_client", 7000218)
        assert reply.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type", 70003),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"client_id": str(uuid.uuid4())}, 400, "unauthorized_client", 700016),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": "wröng"}, 401, "invalid_client", 7000215),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": "a/.default b/.default"}, 400, "invalid_scope", 1002012),
    ],
)
def test_refusals(api: Api, changes: dict[str, str | None], status: int, error: str, number: int) -> None:
    body = failed(ask(api, changes=changes), status, error, number)
    assert "wrong" not in body["error_description"]


def test_a_tenant_that_is_no_guid(api: Api) -> None:
    failed(ask(api, "contoso.onmicrosoft.com"), 400, "invalid_request", 90002)
    failed(api.get("/contoso/v2.0/.well-known/openid-configuration"), 400, "invalid_request", 90002)


@pytest.mark.parametrize("body", [b"\xff", b"a=1&a=2", b"&".join(b"a%d=1" % number for number in range(200))])
def test_a_form_that_is_none(api: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    failed(api.http.post("/common/oauth2/v2.0/token", content=body, headers=headers), 400, "invalid_request", 90014)
    failed(api.http.post("/common/oauth2/v2.0/token", json=FORM), 400, "invalid_request", 900144)


def test_metadata_leads_to_keys_and_tokens(api: Api) -> None:
    found = body_of(api.get(f"/{DEFAULT_TENANT}/v2.0/.well-known/openid-configuration", Authorization=""))
    assert found["issuer"].endswith(f"/{DEFAULT_TENANT}/v2.0")
    with api.service.client() as anonymous:
        assert anonymous.post(found["token_endpoint"], data=FORM).status_code == 200
    [key] = body_of(api.get(found["jwks_uri"], Authorization=""))["keys"]
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert "d" not in key
    instance = body_of(api.get("/common/discovery/instance?api-version=1.1", Authorization=""))
    assert instance["metadata"][0]["aliases"] == [str(api.http.base_url).rstrip("/").partition("//")[2]]


def test_other_methods_and_paths(api: Api) -> None:
    refused(api.get("/common/oauth2/v2.0/token"), 405, "Request_BadRequest")
    refused(api.http.post("/common/discovery/v2.0/keys"), 405, "Request_BadRequest")
    refused(api.http.delete("/common/oauth2/v2.0/authorize"), 405, "Request_BadRequest")
    for path in ("/common/oauth2/v2.0/other", "/common/userrealm/a/b", "/common/signin", "/common"):
        refused(api.get(path), 404, "ResourceNotFound")

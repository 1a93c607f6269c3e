"""Who may do what, against a real server: tokens, permissions and tenants."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.support.api import IMAGES, READ, WRITE, Api, refused, token

CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
)


@pytest.mark.parametrize("path", [IMAGES, f"{IMAGES}/a", "/beta/deviceManagement", "/beta/unknown", "/v1.0/unknown"])
def test_nothing_but_the_descriptions_is_told_without_a_token(api: Api, path: str) -> None:
    reply = api.get(path, Authorization="")
    error = refused(reply, 401, "InvalidAuthenticationToken")
    assert error["message"] == "Access token is empty."
    assert reply.headers["www-authenticate"] == CHALLENGE


@pytest.mark.parametrize(
    ("bearer", "message"),
    [
        ("Basic dXNlcjpwYXNz", "Access token is empty."),
        ("Bearer", "Access token is empty."),
        ("Bearer abc", "IDX14100: JWT is not well formed, there are no dots (.)."),
        ("Bearer a.b.c", "Access token validation failure."),
    ],
)
def test_what_is_no_token(api: Api, bearer: str, message: str) -> None:
    error = refused(api.get(IMAGES, Authorization=bearer), 401, "InvalidAuthenticationToken")
    assert error["message"].startswith(message)


def test_an_expired_token(api: Api) -> None:
    expired = token(api.data_dir, api.tenant, expires_in=-1)
    error = refused(api.get(IMAGES, Authorization=f"Bearer {expired}"), 401, "InvalidAuthenticationToken")
    assert error["message"] == "Lifetime validation failed, the token is expired."


def test_a_token_whose_signature_was_changed(api: Api) -> None:
    head, _, signature = token(api.data_dir, api.tenant).rpartition(".")
    changed = f"{head}.{signature[:-8]}{'A' * 8}"
    error = refused(api.get(IMAGES, Authorization=f"Bearer {changed}"), 401, "InvalidAuthenticationToken")
    assert error["message"] == "Access token validation failure. Signature is invalid."


@pytest.mark.parametrize("user", [False, True])
def test_read_permission_reads_and_writes_nothing(api: Api, user: bool) -> None:
    api.create(id="a")
    reader = api.with_token(token(api.data_dir, api.tenant, (READ,), user=user))
    for path in (IMAGES, f"{IMAGES}/a", f"{IMAGES}/$count", "/beta/deviceManagement"):
        assert reader.get(path).status_code == 200
    for reply in (
        reader.http.post(IMAGES, json={"id": "b"}),
        reader.http.patch(f"{IMAGES}/a", json={}),
        reader.http.delete(f"{IMAGES}/a"),
        reader.http.patch("/beta/deviceManagement", json={}),
    ):
        told = json.loads(refused(reply, 403, "Forbidden")["message"])["Message"]
        assert told.startswith(
            "Application is not authorized to perform this operation. Application must have one of the following "
            f"scopes: {WRITE} - Operation ID"
        )
    assert api.ids() == ["a"]


@pytest.mark.parametrize("user", [False, True])
def test_write_permission_reads_too(api: Api, user: bool) -> None:
    writer = api.with_token(token(api.data_dir, api.tenant, (WRITE,), user=user))
    writer.create(id="a")
    assert writer.ids() == ["a"]


def test_other_permissions_are_none(api: Api) -> None:
    other = api.with_token(token(api.data_dir, api.tenant, ("User.Read.All", "DeviceManagementApps.ReadWrite.All")))
    reply = other.get(IMAGES)
    told = json.loads(refused(reply, 403, "Forbidden")["message"])
    assert f"scopes: {READ}, {WRITE} - Operation ID" in told["Message"]
    assert f"Activity ID: {reply.headers['client-request-id']}" in told["Message"]
    assert list(told) == [
        "_version",
        "Message",
        "CustomApiErrorPhrase",
        "RetryAfter",
        "ErrorSourceService",
        "HttpHeaders",
    ]


def test_tenants_do_not_see_each_other(api: Api) -> None:
    other = api.with_token(token(api.data_dir, str(uuid.uuid4())))
    api.create(id="mine", supportedArchitectures=["x64"])
    assert other.ids() == []
    assert other.get(f"{IMAGES}/$count").text == "0"
    assert other.ids("$filter=supportedArchitectures/any(a:a eq 'x64')") == []
    refused(other.get(f"{IMAGES}/mine"), 404, "ResourceNotFound")
    refused(other.http.patch(f"{IMAGES}/mine", json={"supportedArchitectures": []}), 404, "ResourceNotFound")
    refused(other.http.delete(f"{IMAGES}/mine"), 404, "ResourceNotFound")
    other.create(id="mine")
    assert other.http.delete(f"{IMAGES}/mine").status_code == 204
    assert api.get(f"{IMAGES}/mine").json()["supportedArchitectures"] == ["x64"]

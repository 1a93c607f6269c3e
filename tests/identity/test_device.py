"""The device code flow: a program without a browser, and somebody who enters its code elsewhere."""

from __future__ import annotations

import uuid

import httpx
import pytest

from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_TENANT,
    DEFAULT_USER,
    GRAPH_COMMAND_LINE,
)
from tests.support.api import IMAGES, WRITE, Json, body_of
from tests.support.identity import (
    DEFAULT_SCOPE,
    EVERYTHING,
    OPENID,
    Browser,
    claims_of,
    exchange,
    headline,
    problem,
    refused_with,
    tokens,
)

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def started(http: httpx.Client, tenant: str = DEFAULT_TENANT, **changes: str) -> Json:
    """What a device is told at the start."""
    form = {"client_id": AZURE_CLI, "scope": f"{DEFAULT_SCOPE} {OPENID}"} | changes
    reply = http.post(f"/{tenant}/oauth2/v2.0/devicecode", data=form)
    assert reply.status_code == 200, reply.text
    return body_of(reply)


def asked(http: httpx.Client, device: Json, tenant: str = DEFAULT_TENANT, **changes: str | None) -> httpx.Response:
    """The reply to a device that asks whether somebody has entered its code."""
    given: dict[str, str | None] = {"client_id": AZURE_CLI, "client_secret": None, "grant_type": GRANT}
    return exchange(http, tenant, **(given | {"device_code": str(device["device_code"])} | changes))


def entered(browser: Browser, code: str, who: str = "Megan Bowen") -> httpx.Response:
    """The page after somebody has entered a code and picked an account."""
    page = browser.submit(browser.get("/devicelogin"), "Next", code=code)
    assert headline(page) == "Pick an account"
    return browser.submit(page, who)


def test_a_device_gets_tokens_once_somebody_has_entered_its_code(http: httpx.Client, browser: Browser) -> None:
    device = started(http)
    assert (device["expires_in"], device["interval"]) == (900, 5)
    assert device["user_code"] in device["message"]
    assert device["verification_uri"] in device["message"]
    body = refused_with(asked(http, device), 70016, "authorization_pending")
    assert "client_info" not in body
    typed = f"{device['user_code'][:4]}-{device['user_code'][4:]}".lower()
    page = entered(browser, typed)
    # Somebody who was tricked into entering it must see for whom it is.
    assert headline(page) == "Are you trying to sign in to Microsoft Azure CLI?"
    assert "another device" in page.text
    refused_with(asked(http, device), 70016, "slow_down")
    assert headline(browser.submit(page, "Continue")) == "You have signed in to Microsoft Azure CLI"
    # Libraries send the code under both names.
    body = tokens(asked(http, device, code=str(device["device_code"])))
    access = claims_of(body["access_token"])
    assert (access["oid"], access["scp"], access["appid"]) == (DEFAULT_USER, " ".join(EVERYTHING), AZURE_CLI)
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    assert {"id_token", "refresh_token"} <= set(body)
    for _ in range(4):
        refused_with(asked(http, device), 54005)


def test_a_device_is_told_that_somebody_declined(http: httpx.Client, browser: Browser) -> None:
    device = started(http)
    page = entered(browser, device["user_code"])
    assert headline(browser.submit(page, "Cancel")) == "You did not sign in to Microsoft Azure CLI"
    refused_with(asked(http, device), 65004, "authorization_declined")
    # What was decided stays.
    assert problem(browser.submit(page, "Continue")).startswith("AADSTS90013: ")
    again = browser.submit(browser.get("/devicelogin"), "Next", code=device["user_code"])
    assert problem(again).startswith("There is no device")


def test_consent_is_asked_for_on_the_way(http: httpx.Client, browser: Browser) -> None:
    # In a tenant of its own: consent stays, and other tests are about what was never agreed to.
    tenant = str(uuid.uuid4())
    device = started(http, tenant, client_id=GRAPH_COMMAND_LINE, scope=f"{WRITE} openid")
    page = entered(browser, device["user_code"])
    assert headline(page) == "Permissions requested"
    browser.submit(page, "Accept")
    body = tokens(asked(http, device, tenant, client_id=GRAPH_COMMAND_LINE))
    assert claims_of(body["access_token"])["scp"] == WRITE


def test_the_tenant_may_be_left_open(http: httpx.Client, browser: Browser) -> None:
    tenant = str(uuid.uuid4())
    for where in ("organizations", tenant):
        device = started(http, where)
        browser.submit(entered(browser, device["user_code"]), "Continue")
        body = tokens(asked(http, device, where))
        assert claims_of(body["access_token"])["tid"] == (tenant if where == tenant else DEFAULT_TENANT)


@pytest.mark.parametrize("code", ["", "x", "'; DROP TABLE device; --", "<script>alert(1)</script>", "ä" * 40, "\0"])
def test_codes_that_are_none(browser: Browser, code: str) -> None:
    page = browser.submit(browser.get("/common/oauth2/deviceauth"), "Next", code=code)
    assert problem(page).startswith("There is no device that waits with the code")
    assert "<script>" not in page.text


def test_device_codes_of_somebody_else_or_nobody(http: httpx.Client, browser: Browser) -> None:
    device = started(http)
    other = asked(http, device, client_id=DEFAULT_APPLICATION)
    refused_with(other, 700005, "invalid_grant")
    for text in ("x", str(device["device_code"])[:-4], str(device["user_code"])):
        refused_with(asked(http, {"device_code": text}), 70018, "bad_verification_code")
    reply = http.post("/common/oauth2/v2.0/devicecode", data={"client_id": str(uuid.uuid4()), "scope": "openid"})
    refused_with(reply, 700016)
    reply = http.post("/common/oauth2/v2.0/devicecode", data={"client_id": AZURE_CLI, "scope": "nonsense"})
    refused_with(reply, 70011)

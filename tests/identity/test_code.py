"""The authorization code flow: what tokens come of it, and all the ways in which a code is worth nothing."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import httpx
import pytest

from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_TENANT,
    DEFAULT_USER,
)
from tests.identity.conftest import command
from tests.support.api import IMAGES, READ, WRITE, body_of
from tests.support.identity import (
    DEFAULT_SCOPE,
    EVERYTHING,
    GRAPH,
    OPENID,
    REDIRECT,
    Browser,
    Pkce,
    authorize_url,
    claims_of,
    exchange,
    redeem,
    refused_with,
    returned,
    tokens,
)
from tests.support.processes import until


def test_a_code_is_worth_tokens_that_the_service_takes(http: httpx.Client, browser: Browser) -> None:
    pkce = Pkce()
    asked = {"code_challenge": pkce.challenge, "code_challenge_method": "S256", "client_info": "1"}
    told = browser.sign_in(authorize_url(**asked))
    assert told["state"] == "a state & more"
    body = tokens(redeem(http, told["code"], code_verifier=pkce.verifier, client_info="1"))
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    assert body["scope"] == f"{GRAPH}/{READ} openid profile"
    access, identity = claims_of(body["access_token"]), claims_of(body["id_token"])
    assert (access["scp"], access["oid"], access["idtyp"], access["ver"]) == (READ, DEFAULT_USER, "user", "1.0")
    assert (access["aud"], access["appidacr"], access["tid"]) == (GRAPH, "1", DEFAULT_TENANT)
    assert (access["upn"], access["given_name"], access["family_name"]) == (
        "megan.bowen@contoso.example",
        "Megan",
        "Bowen",
    )
    assert (identity["nonce"], identity["aud"], identity["oid"]) == ("a nonce", DEFAULT_APPLICATION, DEFAULT_USER)
    assert identity["iss"] == str(http.base_url.join(f"/{DEFAULT_TENANT}/v2.0"))
    assert identity["preferred_username"] == "megan.bowen@contoso.example"
    # A subject is another one for each audience (OpenID Connect Core, section 8.1).
    assert access["sub"] != identity["sub"] == access["xms_st"]["sub"]
    assert body["client_info"] == told["client_info"]


def test_only_what_was_asked_for_is_granted(http: httpx.Client, browser: Browser) -> None:
    bearer = tokens(redeem(http, browser.sign_in(authorize_url())["code"]))["access_token"]
    reply = http.post(IMAGES, json={}, headers={"Authorization": f"Bearer {bearer}"})
    assert (reply.status_code, body_of(reply)["error"]["code"]) == (403, "Forbidden")
    again = browser.sign_in(authorize_url(scope=f"{WRITE} openid"))
    body = tokens(redeem(http, again["code"]))
    assert claims_of(body["access_token"])["scp"] == WRITE
    assert "refresh_token" not in body


def test_a_code_is_worth_one_exchange_whichever_worker_is_asked(http: httpx.Client, browser: Browser) -> None:
    code = browser.sign_in(authorize_url())["code"]
    tokens(redeem(http, code))
    for _ in range(6):
        with httpx.Client(base_url=http.base_url) as another:
            refused_with(redeem(another, code), 54005, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"redirect_uri": None}, 900144),
        ({"client_id": AZURE_CLI, "client_secret": None}, 700005),
        ({"client_id": str(uuid.uuid4())}, 700016),
    ],
)
def test_nobody_but_its_client_can_use_a_code_up(
    http: httpx.Client, browser: Browser, changes: dict[str, str | None], number: int
) -> None:
    pkce = Pkce()
    code = browser.sign_in(authorize_url(code_challenge=pkce.challenge, code_challenge_method="S256"))["code"]
    refused_with(redeem(http, code, **({"code_verifier": pkce.verifier} | changes)), number)
    refused_with(redeem(http, code, str(uuid.uuid4()), code_verifier=pkce.verifier), 700005)
    wrong = redeem(http, code, code_verifier=pkce.verifier, client_secret="wrong")
    refused_with(wrong, 7000215, "invalid_client", 401)
    # None of these has spoilt it.
    tokens(redeem(http, code, code_verifier=pkce.verifier))


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"code_verifier": Pkce().verifier}, 501481),
        ({"code_verifier": None}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"code_verifier": "ä" * 43}, 501481),
        ({"code_verifier": "x" * 200}, 501481),
        ({"redirect_uri": "http://localhost:5124"}, 500112),
        ({"redirect_uri": f"{REDIRECT}/"}, 500112),
        ({"scope": f"{GRAPH}/User.ReadWrite.All"}, 65001),
    ],
)
def test_a_code_that_was_tried_with_something_wrong_is_used_up(
    http: httpx.Client, browser: Browser, changes: dict[str, str | None], number: int
) -> None:
    pkce = Pkce()
    code = browser.sign_in(authorize_url(code_challenge=pkce.challenge, code_challenge_method="S256"))["code"]
    refused_with(redeem(http, code, **({"code_verifier": pkce.verifier} | changes)), number)
    refused_with(redeem(http, code, code_verifier=pkce.verifier), 54005, "invalid_grant")


def test_a_verifier_where_no_challenge_was_is_refused(http: httpx.Client, browser: Browser) -> None:
    code = browser.sign_in(authorize_url())["code"]
    refused_with(redeem(http, code, code_verifier=Pkce().verifier), 501481)


def test_changed_codes_are_none(http: httpx.Client, browser: Browser) -> None:
    code = browser.sign_in(authorize_url())["code"]
    other = "A" if code[40] != "A" else "B"
    changed = (f"{code[:40]}{other}{code[41:]}", code[:-8], f"{code}AAAA", "x", "ä", "0" * 30_000)
    for each in changed:
        refused_with(redeem(http, each), 70000, "invalid_grant")
    refresh = tokens(redeem(http, code))["refresh_token"]
    # One sealed thing is not another.
    refused_with(redeem(http, refresh), 70000)
    refused_with(exchange(http, grant_type="refresh_token", refresh_token=code), 70000)


def test_refresh_tokens_go_on_and_old_ones_stay_good(http: httpx.Client, browser: Browser) -> None:
    first = tokens(redeem(http, browser.sign_in(authorize_url())["code"]))["refresh_token"]
    second = tokens(exchange(http, grant_type="refresh_token", refresh_token=first))
    assert second["refresh_token"] != first
    assert claims_of(second["access_token"])["scp"] == READ
    for refresh in (first, second["refresh_token"]):
        body = tokens(
            exchange(http, grant_type="refresh_token", refresh_token=refresh, scope=f"{DEFAULT_SCOPE} {OPENID}")
        )
        assert claims_of(body["access_token"])["scp"] == " ".join(EVERYTHING)
        granted = " ".join(f"{GRAPH}/{each}" for each in EVERYTHING)
        assert body["scope"] == f"{granted} {DEFAULT_SCOPE} openid profile"


def test_a_refresh_token_is_for_its_client_and_tenant_alone(http: httpx.Client, browser: Browser) -> None:
    refresh = tokens(redeem(http, browser.sign_in(authorize_url())["code"]))["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": refresh}
    refused_with(exchange(http, client_id=AZURE_CLI, client_secret=None, **asked), 700005)
    refused_with(exchange(http, str(uuid.uuid4()), **asked), 700005)
    tokens(exchange(http, "common", **asked))


def test_somebody_who_is_gone_or_was_revoked_gets_no_more(http: httpx.Client, browser: Browser, data_dir: Path) -> None:
    name = f"{uuid.uuid4()}@contoso.example"
    user = json.loads(command(data_dir, "user", "add", name, "--json"))["id"]
    refresh = tokens(redeem(http, browser.sign_in(authorize_url(), user_button(name))["code"]))["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": refresh}
    tokens(exchange(http, **asked))
    command(data_dir, "user", "revoke", name)
    assert refused_with(exchange(http, **asked), 50173)["suberror"] == "bad_token"
    # The browser's session is over, too.
    assert returned(browser.get(authorize_url(prompt="none")))["error"] == "login_required"
    # Whoever signs in anew is good again, though tokens are usually dated back.
    revoked = int(time.time())

    def is_good_again() -> bool:
        code = browser.sign_in(authorize_url(prompt="login"), user_button(name))["code"]
        reply = redeem(http, code)
        if reply.status_code != 200:
            return False
        bearer = tokens(reply)["access_token"]
        assert claims_of(bearer)["iat"] >= revoked
        return http.get(IMAGES, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200

    until(is_good_again, "a new sign-in counts")
    command(data_dir, "user", "remove", user)
    refused_with(exchange(http, **asked), 50034)


def user_button(name: str) -> str:
    """The text by which the button of a user without a display name of its own is found."""
    return name.partition("@")[0]


def test_an_application_of_one_tenant_with_its_own_secret(http: httpx.Client, browser: Browser, data_dir: Path) -> None:
    tenant = str(uuid.uuid4())
    made = json.loads(
        command(
            data_dir,
            *("app", "add", "A <b>web</b> app", "--tenant", tenant, "--scope", READ, "--json"),
            *("--redirect-uri", "https://app.example/signed-in?from=here"),
        )
    )
    mine = {"client_id": made["id"], "redirect_uri": "https://app.example/signed-in?from=here"}
    page = browser.submit(browser.get(authorize_url(tenant, **mine)), "Megan Bowen")
    assert "A &lt;b&gt;web&lt;/b&gt; app" in page.text
    reply = browser.submit(page, "Accept")
    location = httpx.URL(reply.headers["location"])
    assert (location.host, location.path, location.params["from"]) == ("app.example", "/signed-in", "here")
    code = location.params["code"]
    refused_with(redeem(http, code, tenant, **mine, client_secret=DEFAULT_CLIENT_SECRET), 7000215, status=401)
    refused_with(redeem(http, code, tenant, **mine, client_secret=None), 7000218, status=401)
    [secret] = made["secrets"]
    body = tokens(redeem(http, code, tenant, **mine, client_secret=secret))
    access = claims_of(body["access_token"])
    assert (access["tid"], access["appid"], access["app_displayname"]) == (tenant, made["id"], "A <b>web</b> app")
    refused_with(exchange(http, grant_type="client_credentials", scope=DEFAULT_SCOPE, client_id=made["id"]), 700016)

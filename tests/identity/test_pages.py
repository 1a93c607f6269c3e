"""The sign-in and consent pages as a browser without scripts sees them, and what they must never do."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_TENANT,
    GRAPH_COMMAND_LINE,
)
from tests.identity.conftest import command
from tests.support.api import READ, WRITE
from tests.support.identity import (
    DEFAULT_SCOPE,
    EVERYTHING,
    GRAPH,
    REDIRECT,
    Browser,
    Pkce,
    authorize_url,
    claims_of,
    headline,
    problem,
    redeem,
    returned,
    tokens,
)
from tests.support.server import Server, running

SCRIPT = "<script>alert(1)</script>"
GRAPH_TOOLS = {"client_id": GRAPH_COMMAND_LINE, "scope": f"{READ} openid profile"}


def test_somebody_picks_an_account_consents_once_and_is_remembered(http: httpx.Client, browser: Browser) -> None:
    page = browser.get(authorize_url(**GRAPH_TOOLS))
    assert headline(page) == "Pick an account"
    page = browser.submit(page, "Megan Bowen")
    assert headline(page) == "Permissions requested"
    assert "Microsoft Graph Command Line Tools" in page.text
    assert "Read Microsoft Intune device configuration and policies" in page.text
    code = returned(browser.submit(page, "Accept"))["code"]
    bearer = tokens(redeem(http, code, client_id=GRAPH_COMMAND_LINE, client_secret=None))["access_token"]
    assert (claims_of(bearer)["scp"], claims_of(bearer)["appidacr"]) == (READ, "0")
    # Neither the account nor the consent is asked for again.
    assert "code" in returned(browser.get(authorize_url(**GRAPH_TOOLS)))
    # What is new is.
    more = browser.get(authorize_url(**GRAPH_TOOLS | {"scope": f"{READ} {WRITE}"}))
    assert headline(more) == "Permissions requested"
    assert "Read and write Microsoft Intune device configuration and policies" in more.text
    assert "Read Microsoft Intune device configuration and policies" not in more.text


def test_consent_of_another_user_counts_for_nobody_else(browser: Browser) -> None:
    page = browser.submit(browser.get(authorize_url(**GRAPH_TOOLS, prompt="select_account")), "Alex Wilber")
    assert headline(page) == "Permissions requested"


def test_who_declines_is_sent_back(browser: Browser) -> None:
    page = browser.submit(browser.get(authorize_url(**GRAPH_TOOLS)), "Alex Wilber")
    told = returned(browser.submit(page, "Cancel"))
    assert (told["error"], told["state"]) == ("access_denied", "a state & more")
    assert told["error_description"].startswith("AADSTS65004: ")
    assert "code" not in told


def test_what_only_an_administrator_may_agree_to(browser: Browser) -> None:
    page = browser.submit(browser.get(authorize_url(**GRAPH_TOOLS | {"scope": WRITE})), "Adele Vance")
    assert headline(page) == "Approval required"
    told = returned(browser.submit(page, "Back to the application", decision="accept"))
    assert told["error_description"].startswith("AADSTS90094: ")


@pytest.mark.parametrize("name", ["megan.bowen@contoso.example", " MEGAN.BOWEN@CONTOSO.EXAMPLE "])
def test_a_name_may_be_typed(browser: Browser, name: str) -> None:
    assert "code" in returned(browser.submit(browser.get(authorize_url()), "Next", name=name))


def test_an_unknown_name_is_said_to_be_one(browser: Browser) -> None:
    page = browser.submit(browser.get(authorize_url()), "Next", name=f"{SCRIPT}@contoso.example")
    assert problem(page).startswith(f"The user account {SCRIPT}@contoso.example does not exist")
    assert SCRIPT not in page.text
    assert "code" in returned(browser.submit(page, "Megan Bowen"))


def test_prompts(browser: Browser) -> None:
    nobody = returned(browser.get(authorize_url(prompt="none")))
    assert (nobody["error"], nobody["state"]) == ("login_required", "a state & more")
    assert nobody["error_description"].startswith("AADSTS50058: ")
    browser.sign_in(authorize_url())
    assert "code" in returned(browser.get(authorize_url(prompt="none")))
    unasked = returned(browser.get(authorize_url(prompt="none", client_id=GRAPH_COMMAND_LINE, scope=WRITE)))
    assert unasked["error"] == "consent_required"
    for prompt in ("login", "select_account"):
        assert headline(browser.get(authorize_url(prompt=prompt))) == "Pick an account"
    # Also where nothing need be asked.
    assert headline(browser.get(authorize_url(prompt="consent"))) == "Permissions requested"
    hinted = browser.get(authorize_url(login_hint="alex.wilber@contoso.example"))
    assert 'value="alex.wilber@contoso.example"' in hinted.text
    browser.submit(hinted, "Alex Wilber")
    assert returned(browser.get(authorize_url(prompt="none")))["error"] == "interaction_required"
    assert "code" in returned(browser.get(authorize_url(prompt="none", login_hint="alex.wilber@contoso.example")))


def test_signing_out_ends_the_session(browser: Browser) -> None:
    browser.sign_in(authorize_url())
    assert headline(browser.get("/common/oauth2/v2.0/logout")) == "You signed out"
    assert returned(browser.get(authorize_url(prompt="none")))["error"] == "login_required"
    onward = {"post_logout_redirect_uri": "http://localhost:9/", "state": "x"}
    reply = browser.get(f"/common/oauth2/v2.0/logout?{urlencode(onward)}")
    assert (reply.status_code, reply.headers["location"]) == (303, "http://localhost:9/?state=x")
    elsewhere = browser.get("/common/oauth2/v2.0/logout?post_logout_redirect_uri=https://evil.example/")
    assert headline(elsewhere) == "You signed out"
    assert "location" not in elsewhere.headers


def test_answers_in_a_fragment_or_a_form(http: httpx.Client, browser: Browser) -> None:
    reply = browser.submit(browser.get(authorize_url(response_mode="fragment")), "Megan Bowen")
    parts = urlsplit(reply.headers["location"])
    assert not parts.query
    tokens(redeem(http, parse_qs(parts.fragment)["code"][0]))
    page = browser.get(authorize_url(response_mode="form_post", state=f'"{SCRIPT}'))
    assert SCRIPT not in page.text
    assert f'action="{REDIRECT}"' in page.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    assert fields["state"] == "&#34;&lt;script&gt;alert(1)&lt;/script&gt;"
    tokens(redeem(http, fields["code"]))


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://localhost:5123@evil.example",
        "http://localhost:5123/other",
        "http://localhost:5123?x=1",
        "http://localhost:5123#x",
        "http://localhost:99999",
        "http://localhost:5123\\@evil.example",
        "http:\\\\localhost",
        "//localhost",
        "https://localhost",
        "javascript:alert(1)//http://localhost",
        "HTTP://LOCALHOST:5123/%2e%2e",
        "http://localhost\r\nSet-Cookie: a=b",
        "http://[::1",
        "http://127.0.0.2",
        " http://localhost",
        "ä",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(browser: Browser, uri: str) -> None:
    for changes in ({}, {"response_type": "token"}, {"prompt": "none"}, {"response_mode": "form_post"}):
        reply = browser.get(authorize_url(redirect_uri=uri, **changes))
        assert reply.status_code == 400
        assert problem(reply).startswith("AADSTS50011: ")
        assert "location" not in reply.headers
        assert "href" not in reply.text


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"client_id": None}, 900144),
        ({"client_id": str(uuid.uuid4())}, 700016),
        ({"client_id": SCRIPT}, 700016),
        ({"redirect_uri": None}, 900971),
        ({"redirect_uri": ""}, 900971),
    ],
)
def test_what_is_refused_to_the_person(browser: Browser, changes: dict[str, str | None], number: int) -> None:
    reply = browser.get(authorize_url(**changes))
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert problem(reply).startswith(f"AADSTS{number}: ")
    assert SCRIPT not in reply.text


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"response_type": "code id_token"}, "unsupported_response_type", 70005),
        ({"response_mode": "web_message"}, "invalid_request", 70007),
        ({"prompt": "please"}, "invalid_request", 90023),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": "DeviceManagementConfiguration.Read"}, "invalid_scope", 650053),
        ({"scope": "nonsense"}, "invalid_scope", 70011),
        ({"scope": SCRIPT}, "invalid_resource", 500011),
        ({"scope": f"{DEFAULT_SCOPE} {GRAPH}/{READ}"}, "invalid_scope", 70011),
        ({"scope": f"{GRAPH}/{READ} api://{DEFAULT_APPLICATION}/access_as_user"}, "invalid_scope", 28000),
        ({"scope": f"api://{DEFAULT_APPLICATION}/other"}, "invalid_scope", 650053),
        ({"scope": "https://graph.microsoft.us/.default"}, "invalid_resource", 500011),
        ({"scope": "x" * 5000}, "invalid_scope", 70011),
        ({"code_challenge": Pkce().challenge, "code_challenge_method": "plain"}, "invalid_request", 501491),
        ({"code_challenge": Pkce().challenge}, "invalid_request", 501491),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request", 501491),
        ({"code_challenge_method": "S256"}, "invalid_request", 501491),
        ({"claims": "{"}, "invalid_request", 90023),
        ({"claims": '{"access_token": 1}'}, "invalid_request", 90023),
        ({"claims": "[" * 2000}, "invalid_request", 90023),
    ],
)
def test_what_is_refused_to_the_application(
    browser: Browser, changes: dict[str, str | None], error: str, number: int
) -> None:
    told = returned(browser.get(authorize_url(**changes)))
    assert (told["error"], told["state"]) == (error, "a state & more")
    assert told["error_description"].startswith(f"AADSTS{number}: ")


def test_a_form_of_another_browser_or_of_none_is_refused(browser: Browser, identity: Server) -> None:
    page = browser.get(authorize_url())
    with httpx.Client(base_url=identity.url) as other:
        stranger = Browser(other)
        assert problem(stranger.submit(page, "Megan Bowen")).startswith("AADSTS90013: ")
        # A page of one's own does not make somebody else's form good.
        own = stranger.get(authorize_url())
        assert problem(stranger.submit(page, "Megan Bowen")).startswith("AADSTS90013: ")
        assert "code" in returned(stranger.submit(own, "Megan Bowen"))
    for changed in ("", "x", page.text[:40_000]):
        assert browser.submit(page, "Megan Bowen", step=changed).status_code == 400
    # Nobody skips the account: a step without one has nothing to consent to.
    step = re.findall(r'name="step" value="([^"]+)"', page.text)[0]
    skipped = browser.http.post(f"/{DEFAULT_TENANT}/signin/consent", data={"step": step, "decision": "accept"})
    assert problem(skipped).startswith("AADSTS90013: ")


def test_what_browsers_are_told_about_the_pages(browser: Browser) -> None:
    page = browser.get(authorize_url())
    policy = dict(each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in page.headers["cache-control"]
    for cookie in page.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"/{DEFAULT_TENANT}/signin/account", b"\xff"),
        ("POST", f"/{DEFAULT_TENANT}/signin/account", b"a=1&a=2"),
        ("POST", f"/{DEFAULT_TENANT}/signin/account", b"%ff=1"),
        ("GET", f"/{DEFAULT_TENANT}/oauth2/v2.0/authorize?client_id=1&client_id=2", b""),
        ("GET", f"/{DEFAULT_TENANT}/oauth2/v2.0/authorize?%ff=%ff", b""),
        ("GET", f"/{DEFAULT_TENANT}/oauth2/v2.0/authorize?" + "&".join(f"a{number}=1" for number in range(200)), b""),
        ("GET", "/%3Cscript%3E/oauth2/v2.0/authorize?x=1", b""),
        ("GET", "/contoso.unknown/oauth2/deviceauth", b""),
    ],
)
def test_requests_that_cannot_be_read(http: httpx.Client, method: str, path: str, body: bytes) -> None:
    reply = http.request(method, path, content=body)
    assert reply.status_code == 400
    assert headline(reply) == "Sorry, but we’re having trouble signing you in"


def test_a_form_that_is_too_long(http: httpx.Client) -> None:
    for path in ("signin/account", "oauth2/v2.0/token", "oauth2/v2.0/authorize"):
        assert http.post(f"/common/{path}", data={"step": "x" * 70_000}).status_code == 413


def test_the_request_may_come_as_a_form(browser: Browser) -> None:
    path, _, query = authorize_url().partition("?")
    form = {name: values[0] for name, values in parse_qs(query).items()}
    assert headline(browser.http.post(path, data=form)) == "Pick an account"


def test_a_guest_and_a_user_without_intune_are_marked(http: httpx.Client, browser: Browser) -> None:
    page = browser.get(authorize_url())
    assert "Johanna Lorenz (guest)" in page.text
    assert "without an Intune role" in page.text
    code = returned(browser.submit(page, "Johanna Lorenz"))["code"]
    access = claims_of(tokens(redeem(http, code))["access_token"])
    assert (access["acct"], access["idp"], "upn" in access) == (1, "fabrikam.example", False)


def test_users_of_another_tenant_cannot_be_picked(browser: Browser, data_dir: Path) -> None:
    mine, other = str(uuid.uuid4()), str(uuid.uuid4())
    name = f"{uuid.uuid4()}@{mine}.example"
    user = json.loads(command(data_dir, "user", "add", name, "--tenant", mine, "--json"))["id"]
    page = browser.get(authorize_url(other))
    assert name not in page.text
    assert problem(browser.submit(page, "Next", name=name)).startswith("The user account")
    assert problem(browser.submit(page, "Next", name=user)).startswith("The user account")
    # Where the tenant is left open it follows from the user, whose domain names it, too.
    for tenant in ("common", "organizations", mine, f"{mine}.example"):
        told = returned(browser.submit(browser.get(authorize_url(tenant, prompt="login")), name.partition("@")[0]))
        bearer = tokens(redeem(browser.http, told["code"], tenant))["access_token"]
        assert claims_of(bearer)["tid"] == mine


def test_the_public_client_of_the_azure_cli_is_known(http: httpx.Client, browser: Browser) -> None:
    code = browser.sign_in(authorize_url(client_id=AZURE_CLI, scope=DEFAULT_SCOPE))["code"]
    body = tokens(redeem(http, code, client_id=AZURE_CLI, client_secret=None))
    assert claims_of(body["access_token"])["scp"] == " ".join(EVERYTHING)
    secret = redeem(http, code, client_id=AZURE_CLI, client_secret="any")
    assert secret.json()["error_codes"] == [700025]


def test_behind_a_path_prefix(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--http", "--empty", "--public-url", "https://images.example/base") as server,
        httpx.Client(base_url=server.url) as http,
    ):
        found = http.get(f"/base/{DEFAULT_TENANT}/v2.0/.well-known/openid-configuration").json()
        assert found["token_endpoint"] == f"https://images.example/base/{DEFAULT_TENANT}/oauth2/v2.0/token"
        page = http.get(f"/base{authorize_url()}")
        assert f'action="/base/{DEFAULT_TENANT}/signin/account"' in page.text
        cookies = page.headers.get_list("set-cookie")
        assert cookies
        assert all("; Secure" in each and each.startswith("__Host-") for each in cookies)
        device = http.post("/base/common/oauth2/v2.0/devicecode", data={"client_id": AZURE_CLI, "scope": READ}).json()
        assert device["verification_uri"] == "https://images.example/base/devicelogin"
        assert headline(http.get("/base/devicelogin")) == "Enter the code"

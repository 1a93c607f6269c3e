"""azure-identity's credentials, unchanged, against the Entra ID emulator, and the SDK with each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthorizationCodeCredential,
    CertificateCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    OnBehalfOfCredential,
    UsernamePasswordCredential,
)

from osimages.entra.emulator.default_directory import (
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_PASSWORD,
    DEFAULT_TENANT,
    DEFAULT_USER_PRINCIPAL_NAME,
)
from tests.cli.running import output
from tests.sdk.graph import SCOPES, Client, Sdk, images
from tests.support.certificates import self_signed
from tests.support.chromium import need_chromium
from tests.support.identity import REDIRECT, Browser, authorize_url, claims_of, exchange, tokens
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, command, environment, running

SCOPE = SCOPES[0]
ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, os
from azure.identity import DefaultAzureCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph_beta import GraphRequestAdapter, GraphServiceClient

async def main():
    credential = DefaultAzureCredential(
        authority=os.environ["AZURE_AUTHORITY_HOST"], disable_instance_discovery=True
    )
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=["%s"]))
    adapter.base_url = os.environ["OSIMAGES_URL"] + "/beta"
    page = await GraphServiceClient(request_adapter=adapter).device_management.managed_device_windows_o_s_images.get()
    print(len(page.value))

asyncio.run(main())
"""


def options(server: Server, **more: Any) -> dict[str, Any]:
    """What every credential is told: where the authority is, and whom to trust."""
    trusted = {"connection_verify": str(server.data_dir / "bundle.pem")}
    return {"authority": server.url, "disable_instance_discovery": True, **trusted, **more}


def credential(server: Server, **changes: str) -> ClientSecretCredential:
    """The credential that a program would make, trusting the server's authority."""
    given = {"tenant_id": DEFAULT_TENANT, "client_id": DEFAULT_APPLICATION, "client_secret": DEFAULT_CLIENT_SECRET}
    return ClientSecretCredential(**given | changes, **options(server))


async def count(client: Client) -> int:
    """A program's work: how many images there are."""
    return int(await images(client).count.get())


def works(sdk: Sdk, one: TokenCredential) -> dict[str, Any]:
    """Uses a credential with the SDK, and returns what the token says that the service took."""
    assert sdk.run(count, credential=one) >= 0
    assert sdk.replies[-1].status_code == 200
    return claims_of(sdk.replies[-1].request.headers["authorization"].removeprefix("Bearer "))


@pytest.fixture
def browser(secure: Server) -> Iterator[Browser]:
    """A browser that trusts the server."""
    with httpx.Client(base_url=secure.url, verify=Sdk.context(secure)) as http:
        yield Browser(http)


def test_a_client_secret(secure: Server, sdk: Sdk) -> None:
    with credential(secure) as good:
        assert works(sdk, good)["appidacr"] == "1"
        # It remembers its token.
        assert good.get_token(SCOPE).token == good.get_token(SCOPE).token


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"client_secret": "wrong"}, "AADSTS7000215"), ({"client_id": DEFAULT_TENANT}, "AADSTS700016")],
)
def test_errors_are_those_that_programs_know(secure: Server, changes: dict[str, str], told: str) -> None:
    with credential(secure, **changes) as bad, pytest.raises(ClientAuthenticationError, match=told):
        bad.get_token(SCOPE)


def test_a_certificate(secure: Server, sdk: Sdk, tmp_path: Path) -> None:
    key, certificate = self_signed()
    file = tmp_path / "application.pem"
    file.write_bytes(key + certificate)
    made = output(
        *("app", "add", f"Certified {uuid.uuid4()}", "--certificate", file, "--json"),
        *("--permission", "DeviceManagementConfiguration.Read.All", "--data-dir", secure.data_dir),
    )
    given = (DEFAULT_TENANT, json.loads(made)["id"], str(file))
    for chain in (False, True):
        with CertificateCredential(*given, send_certificate_chain=chain, **options(secure)) as one:
            assert works(sdk, one)["appidacr"] == "2"


def test_a_device_code(secure: Server, sdk: Sdk, browser: Browser) -> None:
    def enter(address: str, code: str, _until: object) -> None:
        page = browser.submit(browser.get(httpx.URL(address).path), "Next", code=code)
        browser.submit(browser.submit(page, "Megan Bowen"), "Continue")

    # Without a client id it is the Azure CLI's.
    with DeviceCodeCredential(tenant_id=DEFAULT_TENANT, prompt_callback=enter, **options(secure)) as one:
        claims = works(sdk, one)
    assert (claims["upn"], claims["idtyp"]) == (DEFAULT_USER_PRINCIPAL_NAME, "user")


def test_a_device_code_that_is_declined(secure: Server, browser: Browser) -> None:
    def decline(address: str, code: str, _until: object) -> None:
        page = browser.submit(browser.get(httpx.URL(address).path), "Next", code=code)
        browser.submit(browser.submit(page, "Megan Bowen"), "Cancel")

    with (
        DeviceCodeCredential(tenant_id=DEFAULT_TENANT, prompt_callback=decline, **options(secure)) as one,
        pytest.raises(ClientAuthenticationError, match="declined"),
    ):
        one.get_token(SCOPE)


def test_an_authorization_code(secure: Server, sdk: Sdk, browser: Browser) -> None:
    code = browser.sign_in(authorize_url(scope=f"{SCOPE} offline_access"))["code"]
    given = (DEFAULT_TENANT, DEFAULT_APPLICATION, code, REDIRECT)
    with AuthorizationCodeCredential(*given, client_secret=DEFAULT_CLIENT_SECRET, **options(secure)) as one:
        assert works(sdk, one)["upn"] == DEFAULT_USER_PRINCIPAL_NAME


def test_on_behalf_of_a_user(secure: Server, sdk: Sdk, browser: Browser) -> None:
    password = {"grant_type": "password", "username": DEFAULT_USER_PRINCIPAL_NAME, "password": DEFAULT_PASSWORD}
    scope = f"api://{DEFAULT_APPLICATION}/access_as_user"
    incoming = tokens(exchange(browser.http, **password, scope=scope))["access_token"]
    given = {"client_secret": DEFAULT_CLIENT_SECRET, "user_assertion": incoming}
    with OnBehalfOfCredential(DEFAULT_TENANT, DEFAULT_APPLICATION, **given, **options(secure)) as one:
        assert works(sdk, one)["upn"] == DEFAULT_USER_PRINCIPAL_NAME


def test_a_password(tmp_path: Path) -> None:
    # MSAL asks for the user's home at port 443, whichever port it was told.
    try:
        with running(tmp_path, "--empty", "--host", "127.0.0.143", "--port", "443") as server:
            sdk = Sdk(server.url, server.data_dir, Sdk.context(server), DEFAULT_TENANT)
            given = (DEFAULT_APPLICATION, DEFAULT_USER_PRINCIPAL_NAME, DEFAULT_PASSWORD)
            with (
                # Both libraries advise against it.
                pytest.warns(DeprecationWarning, match="(?s)multifactor|public client"),
                UsernamePasswordCredential(*given, tenant_id=DEFAULT_TENANT, **options(server)) as one,
            ):
                assert works(sdk, one)["upn"] == DEFAULT_USER_PRINCIPAL_NAME
    except AssertionError as error:
        if "port 443 cannot be had" in str(error):
            pytest.skip("port 443 is not to be had here")
        raise


@pytest.mark.parametrize("library", ["azure-identity", "msal"])
def test_a_browser_that_the_library_opens(secure: Server, library: str) -> None:
    need_chromium()
    bundle = str(secure.data_dir / "bundle.pem")
    opens = f"{sys.executable} -m tests.sdk.browse %s &"
    done = subprocess.run(
        [sys.executable, "-m", "tests.sdk.interactive", library, secure.url],
        env=os.environ | {"BROWSER": opens, "SIGN_IN_AS": "Adele Vance", "REQUESTS_CA_BUNDLE": bundle},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    bearer = done.stdout.strip()
    assert claims_of(bearer)["upn"] == "adele.vance@contoso.example"
    sdk = Sdk(secure.url, secure.data_dir, Sdk.context(secure), DEFAULT_TENANT)
    assert sdk.run(count, bearer=bearer) >= 0


def test_the_default_credential_in_a_shell_that_osimages_env_set_up(secure: Server, tmp_path: Path) -> None:
    lines = subprocess.run(
        command("env", "--data-dir", str(secure.data_dir)),
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    exported = dict(line.removeprefix("export ").partition("=")[::2] for line in lines)
    values = {name: value.strip("'") for name, value in exported.items()}
    file = tmp_path / "program.py"
    file.write_text(PROGRAM % SCOPE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(file)],
        env=os.environ | values,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 0

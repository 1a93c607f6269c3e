"""azure-identity's credentials, unchanged, against the development authority, and the SDK with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

from osimages.issuer.applications import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT
from tests.support.server import Server, command, environment

SCOPE = "https://graph.microsoft.com/.default"
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


def credential(server: Server, **changes: str) -> ClientSecretCredential:
    """The credential that a program would make, trusting the server's authority."""
    given = {"tenant_id": DEFAULT_TENANT, "client_id": DEFAULT_APPLICATION, "client_secret": DEFAULT_CLIENT_SECRET}
    return ClientSecretCredential(
        **given | changes,
        authority=server.url,
        disable_instance_discovery=True,
        connection_verify=str(server.data_dir / "bundle.pem"),
    )


def test_a_client_secret(secure: Server) -> None:
    with credential(secure) as good:
        token = good.get_token(SCOPE)
    assert token.token.count(".") == 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"client_secret": "wrong"}, "AADSTS7000215"), ({"client_id": DEFAULT_TENANT}, "AADSTS700016")],
)
def test_errors_are_those_that_programs_know(secure: Server, changes: dict[str, str], told: str) -> None:
    with credential(secure, **changes) as bad, pytest.raises(ClientAuthenticationError, match=told):
        bad.get_token(SCOPE)


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
        [sys.executable, str(file)], env=os.environ | values, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 0

"""The credentials of programs that run in Azure, without arguments, in a shell that `osimages env` has set up."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT
from tests.cli.running import output
from tests.support.identity import EVERYTHING
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, environment

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests" / "node"
TENANT = "3c0f1a52-7d9e-4b06-8f4d-2a61c9e8b7d4"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "@azure").is_dir(),
    reason="node or its packages are not installed",
)

# Of each platform: what its programs find in their environment, with {url} for the server's address.
APP_SERVICE = {"IDENTITY_ENDPOINT": "{url}/msi/token", "IDENTITY_HEADER": "osimages-development-identity"}
CLOUD_SHELL = {"MSI_ENDPOINT": "{url}/msi/token"}
MACHINE_LEARNING = {**CLOUD_SHELL, "MSI_SECRET": "osimages-development-identity"}
VIRTUAL_MACHINE = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{url}"}
WORKLOAD = {"AZURE_FEDERATED_TOKEN_FILE": "{file}"}
# An authority of one's own, about which no library asks Microsoft.
OWN_AUTHORITY = {"AZURE_TENANT_ID": "adfs"}

CASES = {
    "DefaultAzureCredential": ("DefaultAzureCredential", {}),
    "DefaultAzureCredential of another tenant": (
        "DefaultAzureCredential",
        {**APP_SERVICE, "IDENTITY_ENDPOINT": f"{{url}}/{TENANT}/msi/token"},
    ),
    "App Service": ("ManagedIdentityCredential", APP_SERVICE),
    "Cloud Shell": ("ManagedIdentityCredential", CLOUD_SHELL),
    "Azure Machine Learning": ("ManagedIdentityCredential", MACHINE_LEARNING),
    "virtual machine": ("ManagedIdentityCredential", VIRTUAL_MACHINE),
    "workload identity": ("WorkloadIdentityCredential", WORKLOAD | OWN_AUTHORITY),
    "workload identity as the managed one": ("ManagedIdentityCredential", WORKLOAD),
    "secret": ("EnvironmentCredential", OWN_AUTHORITY),
    "default, with a secret": (
        "DefaultAzureCredential",
        {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", **OWN_AUTHORITY},
    ),
}
PLATFORM_VARIABLES = (*APP_SERVICE, *MACHINE_LEARNING, *VIRTUAL_MACHINE, *WORKLOAD)


def variables(server: Server, case: dict[str, str]) -> dict[str, str]:
    """The environment of a shell that `osimages env` set up, changed as a case says."""
    lines = output("env", "--data-dir", server.data_dir).splitlines()
    found = dict(line.removeprefix("export ").partition("=")[::2] for line in lines)
    found = {name: value.strip("'") for name, value in found.items()}
    values = {
        name: text.format(url=server.url, file=found["AZURE_FEDERATED_TOKEN_FILE"]) for name, text in case.items()
    }
    if any(name in PLATFORM_VARIABLES for name in case):
        found = {name: value for name, value in found.items() if name not in PLATFORM_VARIABLES}
    return environment(**found | values)


def claims(command: list[str], variables: dict[str, str], folder: Path) -> dict[str, Any]:
    """The claims of the token that a program printed; it must have reached the service."""
    done = subprocess.run(
        command, env=variables, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["count"] >= 0
    return dict(found["claims"])


@pytest.mark.parametrize("case", CASES)
def test_python(secure: Server, case: str) -> None:
    credential, changes = CASES[case]
    found = claims([sys.executable, "-m", "tests.sdk.cloud_program", credential], variables(secure, changes), ROOT)
    check(found, case)


@needs_node
@pytest.mark.parametrize("case", CASES)
def test_javascript(secure: Server, case: str) -> None:
    credential, changes = CASES[case]
    check(claims(["node", "cloud_program.mjs", credential], variables(secure, changes), NODE), case)


def check(found: dict[str, Any], case: str) -> None:
    """The token is the default application's, with what that may do."""
    assert (found["appid"], found["roles"]) == (DEFAULT_APPLICATION, EVERYTHING)
    assert found["tid"] == (TENANT if "another tenant" in case else DEFAULT_TENANT)
    assert found["appidacr"] == ("1" if "secret" in case else "2")


def test_service_fabric(secure: Server) -> None:
    address = urlsplit(secure.url)
    pem = ssl.get_server_certificate((address.hostname or "", address.port or 0))
    thumbprint = sha1(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    given = variables(secure, {**APP_SERVICE, "IDENTITY_SERVER_THUMBPRINT": thumbprint})
    check(claims([sys.executable, "-m", "tests.sdk.cloud_program", "ManagedIdentityCredential"], given, ROOT), "fabric")


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
def test_the_federated_token_is_its_owners_alone(secure: Server) -> None:
    file = Path(variables(secure, {})["AZURE_FEDERATED_TOKEN_FILE"])
    assert file.stat().st_mode & 0o777 == 0o600

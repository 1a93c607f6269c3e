"""What the official SDK and azure-identity do by themselves about faults, throttling and revoked tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server

# Counts what goes over the wire, and does nothing else that a user's program would not do.
PROGRAM = """
import asyncio, json, os, sys
import httpx
from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph_beta import GraphRequestAdapter, GraphServiceClient

url, tenant, application, secret = sys.argv[1:]
credential = ClientSecretCredential(tenant, application, secret, authority=url, disable_instance_discovery=True)
adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=["%(scope)s"]))
adapter.base_url = url + "/beta"
client = GraphServiceClient(request_adapter=adapter)
bearer = {"Authorization": "Bearer " + credential.get_token("%(scope)s").token}
statuses = []

async def seen(response):
    statuses.append(response.status_code)

async def count():
    statuses.clear()
    page = await client.device_management.managed_device_windows_o_s_images.get()
    return [len(page.value), *statuses]

async def main():
    adapter._http_client.event_hooks = {"response": [seen]}
    told = {"before": await count()}
%(steps)s
    print(json.dumps(told))

asyncio.run(main())
"""
SCOPE = "https://graph.microsoft.com/.default"


def run(server: Server, folder: Path, steps: str) -> dict[str, Any]:
    """What a program of the SDK tells that does these steps; its tenant is its own."""
    file = folder / "program.py"
    lines = "\n".join(f"    {line}" for line in steps.strip().splitlines())
    file.write_text(PROGRAM % {"scope": SCOPE, "steps": lines}, encoding="utf-8")
    bundle = str(server.data_dir / "bundle.pem")
    done = subprocess.run(
        [sys.executable, str(file), server.url, str(uuid.uuid4()), DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET],
        env=os.environ | {"SSL_CERT_FILE": bundle, "REQUESTS_CA_BUNDLE": bundle},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_revoked_token_is_replaced_by_itself(secure: Server, tmp_path: Path) -> None:
    steps = """
revoked = httpx.post(url + "/-/revocations", json={"application": application}, headers=bearer)
told["revoked"] = revoked.status_code
told["old token"] = httpx.get(url + "/beta/deviceManagement", headers=bearer).status_code
told["after"] = await count()
told["again"] = await count()
"""
    told = run(secure, tmp_path, steps)
    assert (told["revoked"], told["old token"]) == (201, 401)
    assert told["before"] == [0, 200]
    assert told["after"] == [0, 401, 200], "the challenge, and the answer for the new token"
    assert told["again"] == [0, 200], "which goes on being used"


def test_faults_and_throttling_are_waited_out(secure: Server, tmp_path: Path) -> None:
    steps = """
for status in (429, 503, 504):
    rule = {"status": status, "count": 2, "retryAfter": 1}
    assert httpx.put(url + "/-/faults", json={"value": [rule]}, headers=bearer).status_code == 200
    told[str(status)] = (await count())[0]
    told[f"met {status}"] = httpx.get(url + "/-/faults", headers=bearer).json()["value"][0]["met"]
"""
    told = run(secure, tmp_path, steps)
    for status in ("429", "503", "504"):
        assert told[status] == 0, "the list came in the end"
        assert told[f"met {status}"] == 2

"""@azure/identity with the Graph client for JavaScript, and MSAL for Node, unchanged, against this authority."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_PASSWORD,
    DEFAULT_TENANT,
    DEFAULT_USER_PRINCIPAL_NAME,
)
from tests.cli.running import output
from tests.sdk.graph import SCOPES, Sdk
from tests.support.api import IMAGES, READ, Json
from tests.support.certificates import self_signed
from tests.support.identity import EVERYTHING, REDIRECT, Browser, authorize_url, claims_of, exchange, returned, tokens
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server

NODE = Path(__file__).parents[1] / "node"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "@azure").is_dir(),
    reason="node or its packages are not installed",
)


@pytest.fixture
def browser(secure: Server) -> Iterator[Browser]:
    """A browser that trusts the server."""
    with httpx.Client(base_url=secure.url, verify=Sdk.context(secure)) as http:
        yield Browser(http)


@contextmanager
def program(server: Server, script: str, **asked: object) -> Iterator[tuple[IO[str], IO[str]]]:
    """A script that runs, and its input and output; it must succeed."""
    known: dict[str, object] = {"url": server.url, "tenant": DEFAULT_TENANT, "client": DEFAULT_APPLICATION}
    secret: dict[str, object] = {"secret": DEFAULT_CLIENT_SECRET, "redirect": REDIRECT}
    trusts = {"NODE_EXTRA_CA_CERTS": str(server.data_dir / "ca.pem"), "AZURE_TENANT_ID": DEFAULT_TENANT}
    variables = {"AZURE_CLIENT_ID": DEFAULT_APPLICATION, "AZURE_CLIENT_SECRET": DEFAULT_CLIENT_SECRET}
    with subprocess.Popen(
        ["node", script, json.dumps(known | secret | asked)],
        cwd=NODE,
        env=os.environ | trusts | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield process.stdin, process.stdout
            _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
        assert process.returncode == 0, errors


def answer(lines: IO[str]) -> Json:
    """The last line of a program, which is JSON."""
    text = lines.readline()
    assert text, "the program ended without an answer"
    found: Json = json.loads(text)
    return found


def works(server: Server, kind: str, **asked: object) -> dict[str, Any]:
    """Lets the script list the images, and returns what its token says."""
    with program(server, "azure_identity.mjs", kind=kind, **asked) as (_, lines):
        found = answer(lines)
    assert found["count"] >= 0
    return claims_of(found["token"])


@pytest.mark.parametrize("kind", ["secret", "environment"])
def test_a_client_secret(secure: Server, kind: str) -> None:
    assert works(secure, kind)["roles"] == EVERYTHING


def test_a_certificate(secure: Server) -> None:
    key, certificate = self_signed()
    file = secure.data_dir / f"{uuid.uuid4()}.pem"
    file.write_bytes(key + certificate)
    arguments = ("--certificate", file, "--permission", READ, "--json", "--data-dir", secure.data_dir)
    client = json.loads(output("app", "add", f"Certified {uuid.uuid4()}", *arguments))["id"]
    claims = works(secure, "certificate", client=client, certificate=file.read_text())
    assert (claims["appidacr"], claims["roles"]) == ("2", [READ])


def test_an_authorization_code(secure: Server, browser: Browser) -> None:
    code = browser.sign_in(authorize_url(scope=f"{SCOPES[0]} offline_access"))["code"]
    assert works(secure, "code", code=code)["upn"] == DEFAULT_USER_PRINCIPAL_NAME


def test_on_behalf_of_a_user(secure: Server, browser: Browser) -> None:
    password = {"grant_type": "password", "username": DEFAULT_USER_PRINCIPAL_NAME, "password": DEFAULT_PASSWORD}
    scope = f"api://{DEFAULT_APPLICATION}/access_as_user"
    incoming = tokens(exchange(browser.http, **password, scope=scope))["access_token"]
    assert works(secure, "behalf", assertion=incoming)["upn"] == DEFAULT_USER_PRINCIPAL_NAME


def test_a_device_code(secure: Server, browser: Browser) -> None:
    with program(secure, "azure_identity.mjs", kind="device", client=AZURE_CLI) as (_, lines):
        shown = answer(lines)
        page = browser.submit(browser.get(httpx.URL(shown["verificationUri"]).path), "Next", code=shown["userCode"])
        browser.submit(browser.submit(page, "Megan Bowen"), "Continue")
        found = answer(lines)
    assert claims_of(found["token"])["upn"] == DEFAULT_USER_PRINCIPAL_NAME


def test_msal_for_node(secure: Server, browser: Browser) -> None:
    with program(secure, "msal.mjs") as (entered, lines):
        address = httpx.URL(lines.readline().strip())
        told = returned(browser.submit(browser.get(address.raw_path.decode()), "Megan Bowen"))
        entered.write(f"{told['code']}\n")
        entered.flush()
        found = answer(lines)
    assert (found["name"], found["isCached"], found["isRenewed"]) == (DEFAULT_USER_PRINCIPAL_NAME, True, True)
    assert claims_of(found["own"])["idtyp"] == "app"
    for bearer in (found["own"], found["user"]):
        assert browser.http.get(IMAGES, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200

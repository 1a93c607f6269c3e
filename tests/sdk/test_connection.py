"""How the SDK reaches a server: certificates, HTTP/2, compression, and plain HTTP on loopback."""

from __future__ import annotations

import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.sdk.graph import Client, Sdk, images
from tests.sdk.models import Architecture, windows
from tests.support.api import IMAGES, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, environment

PROGRAM = Path(__file__).with_name("program.py")


def run_program(sdk: Sdk, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the program in a process of its own, where nothing of these tests is set."""
    without_trust = {name: value for name, value in environment().items() if not name.startswith("SSL_CERT_")}
    return subprocess.run(
        [sys.executable, str(PROGRAM), sdk.url, token(sdk.data_dir, sdk.tenant)],
        check=False,
        env=without_trust | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_a_program_trusts_the_server_by_one_variable(sdk: Sdk) -> None:
    sdk.run(lambda client: images(client).post(windows("Windows 11 25H2")))
    done = run_program(sdk, SSL_CERT_FILE=str(sdk.data_dir / "bundle.pem"))
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_a_program_without_it_refuses_the_server(sdk: Sdk) -> None:
    done = run_program(sdk)
    assert done.returncode != 0
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_certificate_holds_for_each_local_name(sdk: Sdk, host: str) -> None:
    named = replace(sdk, url=sdk.url.replace("localhost", host))
    named.run(lambda client: images(client).get())
    assert named.replies[0].url.host == host
    assert named.replies[0].headers["strict-transport-security"]


def test_http_2_is_spoken_with_those_who_offer_it(sdk: Sdk, trust: ssl.SSLContext) -> None:
    sdk.run(lambda client: images(client).get())
    assert sdk.replies[0].http_version == "HTTP/2"
    headers = {"Authorization": f"Bearer {token(sdk.data_dir, sdk.tenant)}"}
    for offered, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
        with httpx.Client(http2=offered, verify=trust, base_url=sdk.url, headers=headers) as client:
            reply = client.get(IMAGES)
        assert (reply.http_version, reply.status_code) == (version, 200)


def test_large_answers_come_compressed(sdk: Sdk) -> None:
    async def steps(client: Client) -> list[str]:
        for number in range(12):
            await images(client).post(windows(f"Image {number:02}", *Architecture))
        return [each.id for each in (await images(client).get()).value]

    assert sdk.run(steps) == [f"Image {number:02}" for number in range(12)]
    last = sdk.replies[-1]
    assert last.headers["content-encoding"] == "gzip"
    assert int(last.headers["content-length"]) < len(last.content)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_plain_http_on_loopback(sdk: Sdk, server: Server, host: str) -> None:
    plain = replace(sdk, url=f"http://{host}:{httpx.URL(server.url).port}", data_dir=server.data_dir)

    async def steps(client: Client) -> list[str]:
        await images(client).post(windows("Windows 11 25H2"))
        return [each.id for each in (await images(client).get()).value]

    assert plain.run(steps) == ["Windows 11 25H2"]
    assert {reply.http_version for reply in plain.replies} == {"HTTP/1.1"}

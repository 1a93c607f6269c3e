"""A server and the commands that bring new facts beside it: what is taken up is served, without a restart."""

from __future__ import annotations

import json
import shlex
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import osimages, output
from tests.support.api import IMAGES, Json, body_of, connected, token
from tests.support.processes import until
from tests.support.server import Server, running
from tests.support.web import Reply, serving
from tests.unit.windows.sources.sampled import SAMPLES

LATEST = f"{IMAGES}/Windows%2011%2025H2"
NEW = "10.0.26200.9999"
TODAY = "2026-12-20"
INDEX = f"servicing-index={SAMPLES / 'servicing-index.json'}"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the published catalogue, whose pages are short."""
    with running(tmp_path_factory.mktemp("source"), "--http", "--today", TODAY, page_size="3") as server:
        yield server


def newest(server: Server, tenant: str) -> str:
    """The newest build of 25H2 that a tenant sees."""
    with connected(server.url, tenant, server.data_dir) as api:
        build: str = body_of(api.get(LATEST))["availableUpdates"][0]["buildVersion"]
        return build


def test_a_running_server_serves_new_facts_without_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--today", TODAY, publish_check_seconds="0.2") as server:
        tenant = str(uuid.uuid4())
        assert newest(server, tenant) == "10.0.26200.9974"
        done = output("catalogue", "update", "--data-dir", tmp_path, "--from", INDEX, OSIMAGES_TODAY=TODAY)
        assert "new 26200.9999 KB5990001" in done
        until(lambda: newest(server, tenant) == NEW, "the new build")
        assert newest(server, str(uuid.uuid4())) == NEW
    with running(tmp_path, "--http", "--today", TODAY) as server:
        assert newest(server, tenant) == NEW


@pytest.mark.parametrize("proxy", ["silent", "closed"])
def test_an_update_without_a_network_gives_up_and_says_so(tmp_path: Path, proxy: str) -> None:
    """Its sources are behind a proxy that never answers, or is not there: `osimages` here gives up after a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if proxy == "closed":
            listening.close()
        result = osimages("catalogue", "update", "--data-dir", tmp_path, HTTPS_PROXY=address, NO_PROXY="")
    assert result.returncode == 1
    assert result.stderr.startswith("No network: none of the sources can be reached (https://aka.ms, ")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout.count("was not fetched: no network\n") == 5
    assert "Changes: none" in result.stdout


def test_a_token_that_nobody_issues_is_not_waited_for(tmp_path: Path) -> None:
    """The source answers, but sign-in is behind a proxy that never does."""
    with serving(lambda given: Reply(b"{}")) as web, socket.create_server(("127.0.0.1", 0)) as silent:
        identity = {
            "AZURE_TENANT_ID": str(uuid.uuid4()),
            "AZURE_CLIENT_ID": str(uuid.uuid4()),
            "AZURE_CLIENT_SECRET": "x",
        }
        proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{silent.getsockname()[1]}", "NO_PROXY": "127.0.0.1"}
        place = ("--from", f"graph={web.url}/beta/admin/windows/updates/products")
        result = osimages("catalogue", "update", "--data-dir", tmp_path, *place, **identity, **proxy)
    assert result.returncode == 1
    assert "no token for https://127.0.0.1: azure-identity got no answer within 7 seconds. Sign in" in result.stdout
    assert result.stderr == ""
    assert "GET" not in [each.method for each in web.asked]


def test_files_are_read_without_a_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    arguments = ("--data-dir", tmp_path, "--source", "msrc", "--from", INDEX)
    result = osimages("catalogue", "update", *arguments, OSIMAGES_TODAY=TODAY, HTTPS_PROXY=address, NO_PROXY="")
    assert result.returncode == 1
    assert "No network" in result.stderr
    assert "new 26200.9999 KB5990001" in result.stdout


def images_of(server: Server, tenant: str) -> dict[str, Json]:
    """What a tenant has, page by page, without annotations."""
    found: dict[str, Json] = {}
    link = IMAGES
    with connected(server.url, tenant, server.data_dir) as api:
        while link:
            page = body_of(api.get(link))
            for image in page["value"]:
                found[image["id"]] = {name: value for name, value in image.items() if "@" not in name}
            link = page.get("@odata.nextLink", "")
    return found


def mirror(source: Server, from_tenant: str, target: Server, to_tenant: str, *arguments: str) -> list[Json]:
    """Copies images from a tenant of one server to a tenant of another."""
    result = osimages(
        *("catalogue", "mirror", "--from", source.url, "--to", f"{target.url}/beta", "--json", *arguments),
        OSIMAGES_FROM_TOKEN=token(source.data_dir, from_tenant),
        OSIMAGES_TO_TOKEN=token(target.data_dir, to_tenant),
        OSIMAGES_DATA_DIR=str(target.data_dir),
    )
    assert result.returncode in (0, 1), result.stderr
    value: list[Json] = json.loads(result.stdout)["value"]
    return value


def test_a_tenant_is_copied_to_another_server(source: Server, tmp_path: Path) -> None:
    tenant, other = str(uuid.uuid4()), str(uuid.uuid4())
    with running(tmp_path, "--http", "--empty") as target:
        with connected(source.url, tenant, source.data_dir) as api:
            api.create(id="Kiosk / 2026", supportedArchitectures=["x64"])
        expected = images_of(source, tenant)
        assert len(expected) > 3, "more than one page"
        assert {each["outcome"] for each in mirror(source, tenant, target, other, "--dry-run")} == {"added"}
        assert images_of(target, other) == {}
        assert {each["outcome"] for each in mirror(source, tenant, target, other)} == {"added"}
        assert images_of(target, other) == expected
        with connected(target.url, other, target.data_dir) as api:
            changed = api.http.patch(f"{IMAGES}/Kiosk%20%2F%202026", json={"supportedArchitectures": ["x86"]})
            assert changed.status_code == 200
            api.create(id="Its own")
        again = {each["id"]: each["outcome"] for each in mirror(source, tenant, target, other)}
        assert {name for name, outcome in again.items() if outcome != "the same"} == {"Kiosk / 2026"}
        assert images_of(target, other).keys() == expected.keys() | {"Its own"}


def test_an_image_that_is_refused_does_not_keep_back_the_others(source: Server, tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    file = tmp_path / "images.json"
    good = {"id": "Good", "supportedArchitectures": ["x64"], "supportedEditions": [], "availableUpdates": []}
    file.write_text(json.dumps({"value": [{**good, "id": "Bad", "supportedArchitectures": ["z80"]}, good]}), "utf-8")
    result = osimages(
        *("catalogue", "mirror", "--from", file, "--to", source.url, "--data-dir", tmp_path),
        OSIMAGES_TO_TOKEN=token(source.data_dir, tenant),
    )
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[1].startswith("Bad    failed   http")
    assert " answers 400: ModelValidationFailure: " in lines[1]
    assert lines[2].split() == ["Good", "added"]


def test_a_server_as_a_source_of_facts(tmp_path: Path) -> None:
    """What the tenant of the other server sees, and nobody else knows, is taken up as a copy."""
    with running(tmp_path / "other", "--http", "--empty") as server:
        tenant = str(uuid.uuid4())
        with connected(server.url, tenant, server.data_dir) as api:
            update = {"buildVersion": NEW, "releaseMonth": 12, "releaseYear": 2026}
            api.create(id="Windows 11 25H2", availableUpdates=[update])
        done = output(
            *("catalogue", "mirror", "--from", server.url, "--data-dir", tmp_path / "own"),
            OSIMAGES_FROM_TOKEN=token(server.data_dir, tenant),
        )
    assert "images  read   2" in done
    assert "new 26200.9999 B" in done
    history = json.loads(output("catalogue", "history", "25H2", "--json", "--data-dir", tmp_path / "own"))
    assert history["value"][0]["basis"] == "listed as a build of that month by another server"


def test_without_a_token_in_a_variable_azure_identity_brings_one(tmp_path: Path) -> None:
    """`osimages env` gives what DefaultAzureCredential reads, and what makes the local certificate trusted."""
    with running(tmp_path, "--today", TODAY) as server:
        told = output("env", "--data-dir", server.data_dir)
        exported = dict(line.removeprefix("export ").split("=", 1) for line in told.splitlines() if "=" in line)
        variables = {name: shlex.split(value)[0] for name, value in exported.items() if "TOKEN" not in name}
        arguments = (
            "--from",
            server.url,
            "--to",
            server.url,
            "--json",
            "--dry-run",
            "--data-dir",
            str(server.data_dir),
        )
        result = osimages("catalogue", "mirror", *arguments, **variables)
    assert result.returncode == 0, result.stderr
    outcomes = {each["outcome"] for each in json.loads(result.stdout)["value"]}
    assert outcomes == {"the same"}


def test_tokens_that_do_not_do(source: Server, tmp_path: Path) -> None:
    for bearer in ("nonsense", token(source.data_dir, str(uuid.uuid4()), expires_in=-10)):
        result = osimages(
            *("catalogue", "mirror", "--from", source.url, "--to", source.url, "--data-dir", tmp_path),
            OSIMAGES_FROM_TOKEN=bearer,
            OSIMAGES_TO_TOKEN=bearer,
        )
        assert result.returncode == 1
        assert "answers 401: InvalidAuthenticationToken: " in result.stderr
        assert "The token is missing, has expired, or is for another server or national cloud" in result.stderr
        assert bearer not in result.stdout + result.stderr


def test_a_server_that_throttles_is_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "images.json"
    file.write_text(json.dumps({"value": [{"id": "A"}]}), "utf-8")
    replies = [Reply(b'{"value": []}'), Reply(status=429, headers={"Retry-After": "0"}), Reply(b"{}", status=201)]
    with serving(lambda given: replies.pop(0)) as web:
        text = output("catalogue", "mirror", "--from", file, "--to", web.url, OSIMAGES_TO_TOKEN="x")
        assert [each.method for each in web.asked] == ["GET", "POST", "POST"]
        assert web.asked[-1].path == "/beta/deviceManagement/managedDeviceWindowsOSImages"
    assert text.splitlines()[1].split() == ["A", "added"]

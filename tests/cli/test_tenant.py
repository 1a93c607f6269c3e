"""Tenants from the command line, and what a running server makes of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, DEFAULT_USER
from tests.cli.running import complaint, osimages, output
from tests.support.api import IMAGES, Api, connected, refused, token
from tests.support.postgres import Postgres
from tests.support.processes import until
from tests.support.server import Server, running

FABRIKAM = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that serves no tenants but those that were added."""
    with running(tmp_path, "--http", "--today", "2026-11-23", new_tenants="refuse") as started:
        yield started


@pytest.fixture
def fabrikam(server: Server) -> Iterator[Api]:
    with connected(server.url, FABRIKAM, server.data_dir) as client:
        yield client


def tenants(data_dir: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(output("tenant", "list", "--json", "--data-dir", data_dir))
    return found


def test_a_tenant_is_served_from_when_it_is_added_until_it_is_removed(server: Server, fabrikam: Api) -> None:
    refused(fabrikam.get(IMAGES), 400, "BadRequest")
    said = output("tenant", "add", FABRIKAM, "--name", "Fabrikam", "--data-dir", server.data_dir)
    assert said == f"{FABRIKAM}\n"
    assert "Windows 11 25H2" in fabrikam.ids(), "with the published catalogue"
    fabrikam.create(id="own")
    output("tenant", "unlicense", FABRIKAM, "--data-dir", server.data_dir)
    until(lambda: fabrikam.get(IMAGES).status_code == 400, "the end of the licence")
    assert refused(fabrikam.get(IMAGES), 400, "BadRequest")["message"] == "Request not applicable to target tenant."
    output("tenant", "license", FABRIKAM, "--data-dir", server.data_dir)
    until(lambda: fabrikam.get(IMAGES).status_code == 200, "the licence")
    assert "own" in fabrikam.ids(), "its data stays"
    output("tenant", "remove", FABRIKAM, "--yes", "--data-dir", server.data_dir)
    until(lambda: fabrikam.get(IMAGES).status_code == 400, "the end of the tenant")
    output("tenant", "add", FABRIKAM, "--empty", "--data-dir", server.data_dir)
    until(lambda: fabrikam.get(IMAGES).status_code == 200, "the new tenant")
    assert fabrikam.ids() == [], "nothing of the old one is left"
    auditor = fabrikam.with_token(token(server.data_dir, FABRIKAM, ("DeviceManagementApps.Read.All",)))
    assert auditor.get("/beta/deviceManagement/auditEvents").json()["value"] == []


@pytest.mark.parametrize(
    ("options", "shows", "hides"),
    [
        ((), "Windows 11 25H2", "Windows 11 21H2"),
        (("--catalogue", "supported"), "Windows 11 25H2", "Windows 11 21H2"),
        (("--catalogue", "all"), "Windows 11 21H2", ""),
        (("--catalogue", "none"), "", "Windows 11 25H2"),
        (("--empty",), "", "Windows 11 25H2"),
    ],
)
def test_each_choice_of_catalogue(
    server: Server, fabrikam: Api, options: tuple[str, ...], shows: str, hides: str
) -> None:
    output("tenant", "add", FABRIKAM, *options, "--data-dir", server.data_dir)
    found = fabrikam.ids()
    assert not shows or shows in found
    assert hides not in found


def test_tenants_are_listed(tmp_path: Path) -> None:
    made = output("tenant", "add", "--name", "Adatum", "--unlicensed", "--data-dir", tmp_path).strip()
    assert str(uuid.UUID(made)) == made
    added = json.loads(output("tenant", "add", FABRIKAM, "--catalogue", "all", "--json", "--data-dir", tmp_path))
    assert added == {"tenant": FABRIKAM, "name": FABRIKAM, "licensed": True, "catalogue": "all", "published": ""}
    assert [(each["name"], each["licensed"]) for each in tenants(tmp_path)] == [(FABRIKAM, True), ("Adatum", False)]
    lines = output("tenant", "list", "--data-dir", tmp_path).splitlines()
    assert lines[0].split() == ["Name", "Tenant", "Licensed", "Catalogue"]
    assert lines[2].split() == ["Adatum", made, "no", "supported"]


def test_what_is_not_there_or_there_already(tmp_path: Path) -> None:
    output("tenant", "add", FABRIKAM, "--data-dir", tmp_path)
    assert "is there already" in complaint(osimages("tenant", "add", FABRIKAM, "--data-dir", tmp_path))
    for command in (("remove", "--yes"), ("license",), ("unlicense",), ("revoke",)):
        said = complaint(osimages("tenant", command[0], DEFAULT_TENANT, *command[1:], "--data-dir", tmp_path))
        assert "osimages tenant list shows them all" in said
    for wrong in (("add", "fabrikam"), ("add", FABRIKAM, "--empty", "--catalogue", "all")):
        assert osimages("tenant", *wrong, "--data-dir", tmp_path).returncode == 2
    assert osimages("tenant", "revoke", FABRIKAM, "--user", FABRIKAM, "--token", "x").returncode == 2


def test_a_tenant_is_not_removed_by_mistake(tmp_path: Path) -> None:
    output("tenant", "add", FABRIKAM, "--data-dir", tmp_path)
    asked = osimages("tenant", "remove", FABRIKAM, "--data-dir", tmp_path)
    assert asked.returncode == 1
    assert [each["tenant"] for each in tenants(tmp_path)] == [FABRIKAM]


@pytest.mark.parametrize("by", ["--user", "--application", "tenant"])
def test_tokens_are_revoked(server: Server, fabrikam: Api, by: str) -> None:
    output("tenant", "add", FABRIKAM, "--empty", "--data-dir", server.data_dir)
    user = fabrikam.with_token(token(server.data_dir, FABRIKAM, user=True))
    assert user.get(IMAGES).status_code == fabrikam.get(IMAGES).status_code == 200
    subject = {"--user": (by, DEFAULT_USER), "--application": (by, DEFAULT_APPLICATION)}.get(by, ())
    output("tenant", "revoke", FABRIKAM, *subject, "--data-dir", server.data_dir)
    until(lambda: user.get(IMAGES).status_code == 401, "the revocation")
    assert 'error="insufficient_claims", claims="' in user.get(IMAGES).headers["www-authenticate"]
    assert fabrikam.get(IMAGES).status_code == (200 if by == "--user" else 401)


def test_tenants_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    database = postgres.new_database()
    given = ("--data-dir", str(tmp_path), "--database", database)
    with (
        running(tmp_path, "--http", "--database", database, new_tenants="refuse") as started,
        connected(started.url, FABRIKAM, tmp_path) as client,
    ):
        output("tenant", "add", FABRIKAM, "--empty", *given)
        client.create(id="own")
        assert osimages("tenant", "add", FABRIKAM, *given).returncode == 1
        output("tenant", "revoke", FABRIKAM, *given)
        until(lambda: client.get(IMAGES).status_code == 401, "the revocation")
        output("tenant", "unlicense", FABRIKAM, *given)
        until(lambda: client.get(IMAGES).status_code == 400, "the end of the licence")
        assert "Fabrikam" not in output("tenant", "list", *given)
        output("tenant", "remove", FABRIKAM, "--yes", *given)
        assert FABRIKAM not in output("tenant", "list", "--json", *given)
        output("tenant", "add", FABRIKAM, "--empty", *given)
        until(lambda: client.get(IMAGES).status_code == 200, "the new tenant")
        assert client.ids() == []

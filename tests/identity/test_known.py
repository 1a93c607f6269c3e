"""Applications, users and keys as data: commands, a file that people edit, and running servers that follow."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import uuid
from pathlib import Path

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT
from tests.cli.running import complaint, osimages, output
from tests.identity.conftest import command
from tests.support.api import IMAGES, READ, Json, body_of
from tests.support.certificates import self_signed
from tests.support.identity import DEFAULT_SCOPE, claims_of, exchange, refused_with, tokens
from tests.support.processes import until
from tests.support.server import Server, running
from tests.support.server import command as command_line

CLIENT = {"grant_type": "client_credentials", "scope": DEFAULT_SCOPE}


def listed(data_dir: Path, what: str) -> list[Json]:
    """What a list command says to machines."""
    found: list[Json] = json.loads(output(what, "list", "--json", "--data-dir", data_dir))
    return found


def test_the_defaults_need_no_file(tmp_path: Path) -> None:
    applications, users = listed(tmp_path, "app"), listed(tmp_path, "user")
    assert applications[0]["id"] == DEFAULT_APPLICATION
    assert applications[0]["secrets"] == 1
    assert DEFAULT_CLIENT_SECRET not in json.dumps(applications)
    assert [each["intuneRole"] for each in users if "intuneRole" in each] == [False]
    assert "Megan Bowen" in output("user", "list", "--data-dir", tmp_path)
    assert DEFAULT_APPLICATION in output("app", "list", "--data-dir", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_application_comes_and_goes_while_servers_run(http: httpx.Client, data_dir: Path) -> None:
    made = json.loads(command(data_dir, "app", "add", "Short-lived", "--permission", READ, "--json"))
    mine = {"client_id": made["id"], "client_secret": made["secrets"][0]}
    assert claims_of(tokens(exchange(http, **CLIENT, **mine))["access_token"])["roles"] == [READ]
    if os.name == "posix":
        assert stat.S_IMODE((data_dir / "authority.json").stat().st_mode) == 0o600
    assert DEFAULT_APPLICATION in {each["id"] for each in listed(data_dir, "app")}, "the defaults stay"
    command(data_dir, "app", "remove", "Short-lived")
    refused_with(exchange(http, **CLIENT, **mine), 700016)
    assert "no application 'Short-lived'" in complaint(osimages("app", "remove", "Short-lived", "--data-dir", data_dir))


def test_an_edit_that_goes_wrong_breaks_nothing(http: httpx.Client, identity: Server) -> None:
    command(identity.data_dir, "user", "add", f"{uuid.uuid4()}@contoso.example")
    file = identity.data_dir / "authority.json"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(before[:-10], encoding="utf-8")
        tokens(exchange(http, **CLIENT))
        until(lambda: "authority.json" in identity.errors.read_text(encoding="utf-8"), "the log says what is wrong")
        assert str(file) in complaint(osimages("user", "list", "--data-dir", identity.data_dir))
        changed = before.replace(f'"displayName": "{"osimages development client"}"', '"displayName": "By hand"')
        file.write_text(changed, encoding="utf-8")
        assert claims_of(tokens(exchange(http, **CLIENT))["access_token"])["app_displayname"] == "By hand"
    finally:
        file.write_text(before, encoding="utf-8")


def test_v2_tokens_for_those_who_ask_for_them(http: httpx.Client, data_dir: Path) -> None:
    command(data_dir, "user", "add", f"{uuid.uuid4()}@contoso.example")
    file = data_dir / "authority.json"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(json.dumps(json.loads(before) | {"graphTokenVersion": 2}), encoding="utf-8")
        bearer = tokens(exchange(http, **CLIENT))["access_token"]
    finally:
        file.write_text(before, encoding="utf-8")
    access = claims_of(bearer)
    assert (access["ver"], access["azp"], access["azpacr"]) == ("2.0", DEFAULT_APPLICATION, "1")
    assert access["aud"] == "00000003-0000-0000-c000-000000000000"
    assert access["iss"] == f"https://login.microsoftonline.com/{DEFAULT_TENANT}/v2.0"
    assert "appid" not in access
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("app", "add", "x", "--redirect-uri", "javascript:alert(1)"), "the scheme 'javascript', which is not allowed"),
        (("app", "add", "x", "--redirect-uri", "http://app.example/"), "is not https"),
        (("app", "add", "x", "--redirect-uri", "https://a.example/#x"), "is no absolute URI"),
        (("app", "add", "x", "--permission", "with space"), "'with space' is no permission of Microsoft Graph"),
        (
            ("app", "add", "x", "--permission", "Nope"),
            f"the form Area.Right. This API asks for DeviceManagementApps.Read.All or {READ}",
        ),
        (("app", "add", "x", "--permission", READ.lower()), f"(did you mean {READ}?)"),
        (("app", "add", "x", "--scope", READ[:-4]), f"'{READ[:-4]}' (did you mean {READ}?)"),
        (("user", "add", "a@b.example", "--permission", READ.replace("ge", "g")), f"(did you mean {READ}?)"),
        (("user", "add", "a@b.example", "--permission", "DeviceManagement.X"), "Microsoft Graph has no permission"),
        (("app", "add", "x", "--identifier-uri", f"api://{DEFAULT_APPLICATION}"), "is there twice"),
        (("app", "add", "x", "--id", DEFAULT_APPLICATION), "already"),
        (("app", "add", ""), "displayName"),
        (("app", "remove", "nobody"), "no application 'nobody'"),
        (("user", "add", "no at sign"), "write it like someone@contoso.example"),
        (("user", "add", "MEGAN.bowen@contoso.example"), "is there twice"),
        (("user", "remove", "nobody"), "no user 'nobody'"),
        (("user", "revoke", "nobody"), "no user 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_and_not_stored(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in complaint(osimages(*arguments, "--data-dir", tmp_path))
    assert not (tmp_path / "authority.json").exists()


def test_permissions_of_other_workloads_and_resources_may_be_registered(tmp_path: Path) -> None:
    there = ("--data-dir", tmp_path)
    names = ("User.Read.All", "CloudPC.ReadWrite.All", "DeviceManagementManagedDevices.PrivilegedOperations.All")
    output("app", "add", "x", *(word for name in names for word in ("--permission", name)), *there)
    output("app", "add", "y", "--scope", "access_as_user", "--scope", "User.Read", *there)
    output("user", "add", "a@b.example", "--permission", "access_as_user", *there)
    assert [each["applicationPermissions"] for each in listed(tmp_path, "app") if each["displayName"] == "x"] == [
        list(names)
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"applications": [], "users": [], "more": 1}', "\xff"])
def test_a_file_that_says_something_else(tmp_path: Path, content: str) -> None:
    file = tmp_path / "authority.json"
    file.write_text(content, encoding="latin-1")
    for arguments in (("app", "list"), ("user", "add", "a@b.example"), ("token",), ("env",), ("serve", "--port", "0")):
        told = complaint(osimages(*arguments, "--data-dir", tmp_path))
        assert told.startswith(f"{file}: ")
    assert file.read_text(encoding="latin-1") == content


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    file.write_bytes(self_signed()[0])
    told = complaint(osimages("app", "add", "x", "--certificate", file, "--data-dir", tmp_path))
    assert told == f"{file} holds no certificate in PEM."


def test_commands_side_by_side_lose_nothing(tmp_path: Path) -> None:
    names = [f"user{number}@contoso.example" for number in range(4)]
    processes = [
        subprocess.Popen(command_line("user", "add", each, "--data-dir", str(tmp_path)), stdout=subprocess.DEVNULL)
        for each in names
    ]
    assert [each.wait(60) for each in processes] == [0] * 4
    assert set(names) <= {each["userPrincipalName"] for each in listed(tmp_path, "user")}


def test_keys_rotate_under_running_servers(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--http", "--empty", "--workers", "2") as server,
        httpx.Client(base_url=server.url) as http,
    ):
        before = tokens(exchange(http, **CLIENT))["access_token"]
        printed = output("token", "--data-dir", tmp_path, "--expires-in", "864000").strip()
        [first] = json.loads(output("keys", "list", "--json", "--data-dir", tmp_path))
        rotated = json.loads(output("keys", "rotate", "--json", "--data-dir", tmp_path))
        assert [each["state"] for each in rotated] == ["signs", "retired"]
        assert (rotated[1]["kid"], first["goodUntil"]) == (first["kid"], None)
        later = output("token", "--data-dir", tmp_path).strip()
        for _ in range(6):
            # Another connection may be another worker's.
            with httpx.Client(base_url=server.url) as another:
                after = tokens(exchange(another, **CLIENT))["access_token"]
                for bearer in (before, printed, after, later):
                    assert another.get(IMAGES, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200
                published = body_of(another.get("/common/discovery/v2.0/keys"))["keys"]
                assert [each["kid"] for each in published] == [each["kid"] for each in rotated]
    # The token of ten days keeps its key that long.
    assert (
        rotated[1]["goodUntil"] > json.loads(output("keys", "rotate", "--json", "--data-dir", tmp_path))[1]["goodUntil"]
    )
    assert "retired" in output("keys", "list", "--data-dir", tmp_path)


def test_the_default_application_may_be_another(tmp_path: Path) -> None:
    made = json.loads(output("app", "add", "Mine", "--secret", "it's mine", "--json", "--data-dir", tmp_path))
    output("app", "remove", DEFAULT_APPLICATION, "--data-dir", tmp_path)
    lines = output("env", "--data-dir", tmp_path, warns="No server is running")
    assert f"export AZURE_CLIENT_ID={made['id']}\n" in lines
    assert "export AZURE_CLIENT_SECRET='it'\"'\"'s mine'\n" in lines
    output("app", "remove", "Mine", "--data-dir", tmp_path)
    assert "AZURE_CLIENT" not in output("env", "--data-dir", tmp_path, warns="No server is running")


def test_state_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "authority.db").write_bytes(b"no database at all, but long enough to look at" * 40)
    with running(tmp_path, "--http", "--empty") as server, httpx.Client(base_url=server.url) as http:
        reply = http.post("/common/oauth2/v2.0/devicecode", data={"client_id": DEFAULT_APPLICATION, "scope": "openid"})
        body = refused_with(reply, 90033, "temporarily_unavailable", 503)
        assert "authority.db" in body["error_description"]
        # What needs no memory goes on.
        tokens(exchange(http, **CLIENT))
    told = complaint(osimages("user", "add", "a@b.example", "--data-dir", tmp_path))
    assert "authority.db cannot be used" in told

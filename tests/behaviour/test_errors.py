"""Every row of the error table as a golden file: the request that leads to it, and the whole reply.

`OSIMAGES_TEST_UPDATE=1` writes the replies anew; read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_DIRECTORY
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.tokens.clouds import CONSUMER_TENANT
from osimages.graph.errors import TABLE
from tests.support.api import READ, WRITE, token
from tests.support.forge import forged
from tests.support.server import Server, running

GOLDEN = Path(__file__).parents[1] / "golden" / "errors"
CASES = sorted(GOLDEN.glob("*.json"))
# By the names of the files.
ROWS = {re.sub("([A-Z])", r"_\1", condition.name).upper(): row for condition, row in TABLE.items()}
# Only the engine's default hooks raise these, which are not used here.
OF_DEFAULT_HOOKS = {"UNAUTHENTICATED", "ACCESS_DENIED"}
# A user of the Entra ID emulator whom Intune lets nothing do.
WITHOUT_ROLE = next(each.id for each in DEFAULT_DIRECTORY.users if not each.intune_role)
UPDATE = os.environ.get("OSIMAGES_TEST_UPDATE") == "1"
# They need a server that is broken in a certain way; see the end of this file.
BROKEN = {"INTERNAL", "SERVICE_UNAVAILABLE"}
# They need a server with other settings.
SPECIAL: dict[str, dict[str, str]] = {
    "THROTTLED": {"throttle": "intune", "throttle_application_requests": "1", "throttle_seconds": "3600"},
    "NEEDS_ONE_WORKER": {"workers": "2"},
    "NO_JOURNAL": {"journal_requests": "0"},
    "BATCH_ANSWERS_TOO_LARGE": {"max_batch_answer_bytes": "200"},
}
KEPT_HEADERS = ("content-type", "www-authenticate", "retry-after", "allow")


@pytest.fixture(scope="module")
def tokens(server: Server) -> dict[str, str]:
    """The tokens that golden files name."""
    folder, tenant, keys = server.data_dir, str(uuid.uuid4()), SigningKeys.load_or_create(server.data_dir)
    unlicensed = str(uuid.uuid4())
    with sqlite3.connect(folder / "osimages.db") as database:
        database.execute(
            "INSERT INTO tenant (tenant, name, licensed, catalogue, last_change, published, created_at) "
            "VALUES (?, 'Unlicensed', 0, 'none', 0, '', '')",
            (unlicensed,),
        )
        # The time is that of the golden file; it lies before the token, which is revoked by its id.
        database.execute("INSERT INTO revocation VALUES (?, 'token', 'a revoked one', 1800000000)", (tenant,))
    database.close()
    good = token(folder, tenant)
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {good}"}) as client:
        assert client.post(
            "/beta/deviceManagement/managedDeviceWindowsOSImages", json={"id": "Windows 11 24H2"}
        ).is_success
    return {
        "good": good,
        "reader": token(folder, tenant, (READ,)),
        "nothing": token(folder, tenant, ("User.Read.All",)),
        "expired": token(folder, tenant, expires_in=-1),
        "unlicensed": token(folder, unlicensed, (READ, WRITE)),
        "personal": token(folder, CONSUMER_TENANT, user=True),
        "unsigned": f"{good.rpartition('.')[0]}.AAAA",
        "tomorrow": forged(keys, tenant, nbf=2**33, exp=2**33 + 1),
        "elsewhere": forged(keys, tenant, aud="https://management.azure.com"),
        "stranger": forged(keys, tenant, iss="https://sts.windows.net/00000000-0000-0000-0000-000000000000/"),
        "tenantless": forged(keys, "contoso"),
        "revoked": forged(keys, tenant, uti="a revoked one"),
        "roleless": forged(keys, tenant, idtyp="user", oid=WITHOUT_ROLE, scp=READ, roles=None),
    }


@pytest.mark.parametrize("name", [file.stem for file in CASES if file.stem not in BROKEN | set(SPECIAL)])
def test_error(server: Server, tokens: dict[str, str], name: str) -> None:
    compare(GOLDEN / f"{name}.json", server, tokens)


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_error_of_other_settings(tmp_path: Path, name: str) -> None:
    with running(tmp_path, "--http", "--empty", **SPECIAL[name]) as special:
        good = token(tmp_path, str(uuid.uuid4()))
        httpx.get(f"{special.url}/beta/deviceManagement", headers={"Authorization": f"Bearer {good}"})
        compare(GOLDEN / f"{name}.json", special, {"good": good})


def test_every_row_has_a_file() -> None:
    assert {file.stem for file in CASES} == set(ROWS) - OF_DEFAULT_HOOKS


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, "--http", "--empty", database_wait_seconds="0.05") as server:
        yield server


def test_a_fault_tells_nothing_about_itself(own_server: Server) -> None:
    good = token(own_server.data_dir, str(uuid.uuid4()))
    headers = {"Authorization": f"Bearer {good}"}
    address = f"{own_server.url}/beta/deviceManagement/managedDeviceWindowsOSImages"
    assert httpx.get(address, headers=headers).status_code == 200
    with sqlite3.connect(own_server.data_dir / "osimages.db") as database:
        database.execute("ALTER TABLE image RENAME TO hidden")
    database.close()
    compare(GOLDEN / "INTERNAL.json", own_server, {"good": good})
    log = own_server.errors.read_text(encoding="utf-8")
    assert "internal fault" in log
    assert "no such table" in log, "the cause is in the log, for whoever runs the server"
    assert good not in log
    assert "authorization" not in log.lower()


def test_a_database_that_another_holds_is_told_as_a_reason_to_come_back(own_server: Server) -> None:
    good = token(own_server.data_dir, str(uuid.uuid4()))
    headers = {"Authorization": f"Bearer {good}"}
    address = f"{own_server.url}/beta/deviceManagement/managedDeviceWindowsOSImages"
    assert httpx.get(address, headers=headers).status_code == 200
    database = sqlite3.connect(own_server.data_dir / "osimages.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    compare(GOLDEN / "SERVICE_UNAVAILABLE.json", own_server, {"good": good})
    assert httpx.get(address, headers=headers).json()["value"] == [], "readers are not held up"
    database.execute("ROLLBACK")
    database.close()
    assert httpx.post(address, json={}, headers=headers).status_code == 201


def compare(file: Path, server: Server, tokens: dict[str, str]) -> None:
    """Sends the request of a golden file, and compares the reply with the one in it."""
    case: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    asked = case["request"]
    headers = dict(asked.get("headers", {}))
    if "token" in asked:
        headers["Authorization"] = f"Bearer {tokens[asked['token']]}"
    headers["client-request-id"] = str(uuid.uuid4())
    content = asked.get("text", "").encode() * asked.get("times", 1)
    if "json" in asked:
        content = json.dumps(asked["json"]).encode()
        headers.setdefault("Content-Type", "application/json")
    reply = httpx.request(asked["method"], server.url + asked["path"], headers=headers, content=content)
    got: dict[str, Any] = {
        "status": reply.status_code,
        "headers": {name: _steady_header(name, reply) for name in KEPT_HEADERS if name in reply.headers},
        "body": json.loads(_steady(reply.text, reply, server)),
    }
    if UPDATE:
        case["response"] = got
        file.write_text(json.dumps(case, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert got == case["response"]
    row = ROWS[file.stem]
    status, body = got["status"], got["body"]
    if "responses" in body:  # an error that only an item of a batch can lead to
        status, body = body["responses"][-1]["status"], body["responses"][-1]["body"]
    assert (status, body["error"]["code"]) == (row.status, row.code)


def _steady_header(name: str, reply: httpx.Response) -> str:
    """The value of a header; how long a window has yet to go differs from one run to the next."""
    if name == "retry-after" and reply.status_code == 429:
        assert 1 <= int(reply.headers[name]) <= 3600
        return "{seconds}"
    return reply.headers[name]


def _steady(text: str, reply: httpx.Response, server: Server) -> str:
    """The text of a reply without what differs from one run to the next."""
    text = text.replace(reply.headers["client-request-id"], "{client-request-id}")
    text = text.replace(reply.headers["request-id"], "{request-id}").replace(server.url, "{server}")
    return re.sub(r'"date":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"', '"date":"{date}"', text)

"""No token and no secret is in any log line, error, metric or event, whatever was sent."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import httpx

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET, DEFAULT_PASSWORD
from osimages.entra.emulator.signing_keys import SigningKeys
from tests.support.api import IMAGES, READ, WRITE, connected, token
from tests.support.forge import forged
from tests.support.server import running

AUDIT = "DeviceManagementApps.Read.All"


def test_nothing_secret_is_told_or_kept_in_a_whole_session(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", access_log="true", log_format="json") as server:
        tenant = str(uuid.uuid4())
        bearers = {
            "good": token(tmp_path, tenant, (READ, WRITE, AUDIT)),
            "reader": token(tmp_path, tenant, (READ,), user=True),
            "expired": token(tmp_path, tenant, expires_in=-1),
            "elsewhere": forged(SigningKeys.load_or_create(tmp_path), tenant, aud="https://management.azure.com"),
            "broken": f"{token(tmp_path, tenant)[:-8]}AAAAAAAA",
            "nonsense": "s3cr3t-that-is-no-token",
        }
        told = []
        with connected(server.url, tenant, tmp_path, bearers["good"]) as api:
            for bearer in bearers.values():
                headers = {"Authorization": f"Bearer {bearer}"}
                for method, path, body in (
                    ("GET", IMAGES, None),
                    ("POST", IMAGES, {"id": "a"}),
                    ("PATCH", f"{IMAGES}/a", {"wrong": 1}),
                    ("DELETE", f"{IMAGES}/unknown", None),
                    ("GET", f"{IMAGES}?$filter=(((", None),
                    ("POST", "/beta/$batch", {"requests": [{"id": "1", "method": "POST", "url": "x", "body": {}}]}),
                    ("POST", "/-/faults", {"status": 5}),
                    ("GET", "/beta/deviceManagement/auditEvents", None),
                ):
                    told.append(api.http.request(method, path, json=body, headers=headers))
            for form in (
                {"client_secret": DEFAULT_CLIENT_SECRET},
                {"client_secret": "wr0ng-secret"},
                {"grant_type": "password", "username": "nobody@contoso.example", "password": "wr0ng-secret"},
            ):
                usual = {
                    "grant_type": "client_credentials",
                    "client_id": DEFAULT_APPLICATION,
                    "scope": "https://graph.microsoft.com/.default",
                }
                reply = httpx.post(f"{server.url}/{tenant}/oauth2/v2.0/token", data=usual | form)
                if reply.status_code == 200:
                    bearers["issued"] = reply.json()["access_token"]
                else:
                    told.append(reply)
            told.append(api.get("/-/metrics"))
            told.append(api.get("/-/limits"))
    secrets = {
        *(bearer.rpartition(".")[2] for bearer in bearers.values()),
        *(bearer.split(".")[1] for bearer in bearers.values() if bearer.count(".") == 2),
        DEFAULT_CLIENT_SECRET,
        DEFAULT_PASSWORD,
        "wr0ng-secret",
        "BEGIN PRIVATE KEY",
    }
    log = server.errors.read_text(encoding="utf-8")
    assert '"event": "request"' in log or '"event":"request"' in log, "every request was logged"
    assert "requests refused for their token" in log
    with closing(sqlite3.connect(tmp_path / "osimages.db")) as database:
        events = "".join(str(document) for (document,) in database.execute("SELECT document FROM audit_event"))
        assert "Failure" in events
        assert "Success" in events
    everything = [log, events, *(reply.text for reply in told), *(str(reply.headers) for reply in told)]
    for secret in secrets:
        assert not [text for text in everything if secret in text], secret

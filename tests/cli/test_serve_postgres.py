"""A server on PostgreSQL: it waits for its database, outlives its restart, shares it, and keeps its password."""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.support import postgres as servers
from tests.support.api import IMAGES, connected, refused
from tests.support.patience import PATIENCE_SECONDS
from tests.support.postgres import Postgres
from tests.support.processes import until
from tests.support.server import READY, command, environment, running


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that may be stopped."""
    with servers.running() as server:
        yield server


def test_a_start_waits_for_the_database_and_says_so(own_postgres: Postgres, tmp_path: Path) -> None:
    url = own_postgres.new_database().replace("osimages@", "osimages:very%20secret@")
    own_postgres.stop("fast")
    errors = tmp_path / "stderr.log"
    with errors.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command("serve", "--http", "--port", "0", "--data-dir", str(tmp_path)),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(OSIMAGES_DATABASE=url),
        )
    try:
        until(lambda: "Waiting for the database" in errors.read_text(encoding="utf-8"), "it says that it waits")
        own_postgres.start()
        assert process.stdout is not None
        assert process.stdout.readline().startswith(READY)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    told = errors.read_text(encoding="utf-8")
    assert told.startswith("Waiting for the database: The database postgresql://osimages:***@/")
    assert told.count("Waiting") == 1
    assert "secret" not in told


def test_a_start_does_not_wait_for_ever(tmp_path: Path) -> None:
    nowhere = f"postgresql://somebody@/db?host={tmp_path}"
    done = subprocess.run(
        command("serve", "--http", "--port", "0", "--data-dir", str(tmp_path), "--database", nowhere),
        capture_output=True,
        text=True,
        env=environment(OSIMAGES_DATABASE_START_SECONDS="0"),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: The database {nowhere} does not answer: ")


def test_a_server_outlives_a_restart_of_its_database(own_postgres: Postgres, tmp_path: Path) -> None:
    url = own_postgres.new_database()
    with (
        running(tmp_path, "--http", "--empty", "--database", url, tenant_cache_seconds="0") as server,
        connected(server.url, DEFAULT_TENANT, server.data_dir) as api,
    ):
        api.create(id="a")
        own_postgres.stop("fast")
        for reply in (api.get(f"{IMAGES}/a"), api.get(IMAGES), api.http.post(IMAGES, json={"id": "b"})):
            refused(reply, 503, "serviceNotAvailable")
            assert int(reply.headers["retry-after"]) > 0
        own_postgres.start()
        assert api.ids() == ["a"]
        api.create(id="b")
        assert api.ids() == ["a", "b"]


def test_servers_share_a_database(postgres: Postgres, tmp_path: Path) -> None:
    """Several started together on an empty database: each publishes nothing twice, and sees what others write."""
    url = postgres.new_database()
    tenant = str(uuid.uuid4())
    options = ("--http", "--database", url, "--today", "2026-11-20")
    with (
        running(tmp_path, *options, workers="2") as first,
        running(tmp_path, *options) as second,
        connected(first.url, tenant, first.data_dir) as here,
        connected(second.url, tenant, second.data_dir) as there,
    ):
        found: list[list[str]] = []
        asking = [threading.Thread(target=lambda api=api: found.append(api.ids())) for api in (here, there) * 4]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        assert len(found) == 8
        assert all(each == found[0] for each in found)
        assert len(found[0]) > 3
        made = here.create(id="mine")
        page = here.http.get(IMAGES, headers={"Prefer": "odata.maxpagesize=1"}).json()
        link = page["@odata.nextLink"].replace(first.url, second.url)
        assert there.http.get(link).json()["value"][0]["id"] == here.ids()[1]
        assert there.get(f"{IMAGES}/mine").json()["id"] == made["id"]
        tag = there.get(f"{IMAGES}/mine").headers["etag"]
        changed = there.http.patch(
            f"{IMAGES}/mine", json={"supportedArchitectures": ["arm"]}, headers={"If-Match": tag}
        )
        assert changed.status_code == 200
        stale = here.http.patch(f"{IMAGES}/mine", json={"supportedArchitectures": []}, headers={"If-Match": tag})
        assert stale.status_code == 412
    postgres.drop(url)


def test_the_password_is_not_shown(tmp_path: Path) -> None:
    for url in ("postgresql://me:hunter%40two@host/db", "postgres://me:hunter@two:x@host/db?sslmode=require"):
        done = subprocess.run(
            command("config", "show", "--json", "--data-dir", str(tmp_path)),
            capture_output=True,
            text=True,
            env=environment(OSIMAGES_DATABASE=url),
            check=True,
        )
        shown = json.loads(done.stdout)["database"]["value"]
        assert shown.startswith(f"{url.partition(':')[0]}://me:***@host/db")
        assert "hunter" not in done.stdout + done.stderr

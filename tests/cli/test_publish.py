"""`osimages catalogue publish`, beside a server and without one."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import date
from pathlib import Path

import msgspec
import pytest

from osimages.graph.facts_storage import write_catalogue
from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES as IMAGE_TABLES
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.windows.builds import Build
from osimages.windows.facts import Kind, Update, bundled
from tests.cli.running import complaint, osimages, output
from tests.support.api import IMAGES, body_of, connected
from tests.support.server import running

_NOTHING = ("", "", "", False, False, (0,))
LATEST = f"{IMAGES}/Windows%2011%2025H2"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which a server published to two tenants in September, and has ended."""
    folder = tmp_path_factory.mktemp("publish")
    with (
        running(folder, "--http", "--today", "2026-09-20") as server,
        connected(server.url, str(uuid.uuid4()), folder) as api,
    ):
        assert api.get(LATEST).status_code == 200
    return folder


def publish(folder: Path, *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(output("catalogue", "publish", "--data-dir", folder, "--json", *arguments))
    return found


def test_first_shown_then_done_then_nothing_left(data_dir: Path) -> None:
    for _ in range(2):
        shown = publish(data_dir, "--dry-run", "--today", "2026-10-20")
        assert shown["tenants"] == 2
        value = shown["value"]
        assert isinstance(value, list)
        assert all("Windows 11 25H2" in each["changed"] for each in value)
    done = publish(data_dir, "--today", "2026-10-20")
    assert (done["tenants"], done["images"]) == (2, shown["images"])
    assert publish(data_dir, "--today", "2026-10-20")["tenants"] == 0
    text = output("catalogue", "publish", "--data-dir", data_dir, "--dry-run", "--today", "2026-10-20")
    assert text == "0 images would change in 0 tenants, on 2026-10-20 as of 2026-11-29.\n"


def test_a_server_publishes_by_itself_what_another_process_has_changed(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--today", "2026-10-20", publish_check_seconds="0.2") as server:
        refused = complaint(osimages("catalogue", "publish", "--data-dir", tmp_path, "--today", "2026-09-20"))
        assert refused.startswith("A server with another calendar (2026-10-20, 2 days after Patch Tuesday) publishes")
        with connected(server.url, str(uuid.uuid4()), tmp_path) as api:
            updates = body_of(api.get(LATEST))["availableUpdates"]
            assert updates[0]["buildVersion"] == "10.0.26200.9711"
            publish(tmp_path, "--today", "2026-10-20")
            assert body_of(api.get(LATEST))["availableUpdates"] == updates


def test_new_facts_reach_tenants_without_a_request_of_theirs(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    with running(tmp_path, "--http", "--today", "2026-12-20", publish_check_seconds="0.1") as server:
        with connected(server.url, tenant, tmp_path) as api:
            before = builds(api.get(LATEST).json())
        december = Update(Build(10, 0, 26200, 9999), None, date(2026, 12, 8), Kind.B, True, 2026, 12, *_NOTHING)
        releases = [
            msgspec.structs.replace(each, updates=(*each.updates, december)) if each.os_build == 26200 else each
            for each in bundled().releases
        ]
        newer = msgspec.structs.replace(bundled(), releases=tuple(releases), as_of=date(2026, 12, 10))

        async def put() -> None:
            database = SqliteDatabase(tmp_path / "osimages.db")
            await database.change(write_catalogue(newer))
            images = database.store(GRAPH, IMAGE_TABLES)
            try:
                while True:
                    stored = await images.get(tenant, "Windows 11 25H2")
                    assert stored is not None
                    if b"26200.9999" in stored.document:
                        return
                    await asyncio.sleep(0)
            finally:
                await database.close()

        asyncio.run(asyncio.wait_for(put(), 60))
        with connected(server.url, tenant, tmp_path) as api:
            assert builds(api.get(LATEST).json()) == ["10.0.26200.9999", *before[:2]]


def test_two_servers_with_different_days_do_not_publish_in_turns(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    with (
        running(
            tmp_path, "--http", "--today", "2026-09-20", publish_check_seconds="0.1", tenant_cache_seconds="0"
        ) as first,
        connected(first.url, tenant, tmp_path) as old,
    ):
        assert builds(old.get(LATEST).json())[0] == "10.0.26200.9445"
        with (
            running(tmp_path, "--http", "--today", "2026-10-20", tenant_cache_seconds="0") as second,
            connected(second.url, tenant, tmp_path) as new,
        ):
            tags = set()
            for _ in range(10):
                for api in (new, old):
                    reply = api.get(LATEST)
                    assert builds(reply.json())[0] == "10.0.26200.9711"
                    tags.add(reply.headers["etag"])
            assert len(tags) == 1


def builds(image: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["buildVersion"] for each in image["availableUpdates"]]


def test_what_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "osimages.db").write_text("no database")
    assert "not an SQLite database" in complaint(osimages("catalogue", "publish", "--data-dir", tmp_path))

"""`/-/ready`: 503 with the reason while a server cannot do its work, against real servers and databases."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import asyncpg
import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.support import postgres as servers
from tests.support.api import IMAGES, connected, refused
from tests.support.entra import entra
from tests.support.patience import PATIENCE_SECONDS
from tests.support.postgres import Postgres
from tests.support.processes import until
from tests.support.server import Server, running

OPTIONS = ("--http", "--empty")


@dataclass(frozen=True)
class Deployment:
    """A server, and its database: the SQLite file or a URL."""

    server: Server
    database: str

    def execute(self, sql: str) -> None:
        """Run a statement beside the server."""
        if not self.database.startswith("postgresql:"):
            with closing(apsw.Connection(self.database)) as connection:
                connection.set_busy_timeout(PATIENCE_SECONDS * 1000)
                connection.execute(sql)
            return

        async def run() -> None:
            connection = await asyncpg.connect(self.database)
            await connection.execute(sql)
            await connection.close()

        asyncio.run(run())


@pytest.fixture(params=["sqlite", "postgresql"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    """A server of its own on each database."""
    if request.param == "sqlite":
        with running(tmp_path, *OPTIONS) as server:
            yield Deployment(server, str(tmp_path / "osimages.db"))
        return
    url = request.getfixturevalue("postgres").new_database()
    with running(tmp_path, *OPTIONS, "--database", url) as server:
        yield Deployment(server, url)


def ready(server: Server) -> httpx.Response:
    """The answer for load balancers; the server lives, whatever it says."""
    assert httpx.get(f"{server.url}/-/health").json() == {"status": "ok"}
    return httpx.get(f"{server.url}/-/ready")


def becomes_ready(server: Server) -> None:
    """Wait until it is ready: on a busy machine a probe may take longer than it may."""
    until(lambda: ready(server).status_code == 200, "it is ready")


def becomes(server: Server, reason: str) -> None:
    """Wait until it is not ready for a reason, of which this is the beginning. What is wrong stays wrong meanwhile."""
    until(lambda: _reason(server).startswith(reason), reason)
    assert httpx.head(f"{server.url}/-/ready").status_code == 503


def _reason(server: Server) -> str:
    reply = ready(server)
    assert reply.status_code == 503, reply.text
    body = reply.json()
    assert (body.keys(), body["status"]) == ({"status", "reason"}, "not ready")
    found: str = body["reason"]
    return found


def test_a_server_whose_tables_cannot_be_used(deployment: Deployment) -> None:
    becomes_ready(deployment.server)
    for table, action in (("lease", "written"), ("schema_step", "read")):
        deployment.execute(f"ALTER TABLE {table} RENAME TO other")
        becomes(deployment.server, f"the database cannot be {action}")
        deployment.execute(f"ALTER TABLE other RENAME TO {table}")
        becomes_ready(deployment.server)
    assert "Traceback" not in deployment.server.errors.read_text(encoding="utf-8")


def test_a_server_whose_schema_is_newer_or_older(deployment: Deployment) -> None:
    deployment.execute("INSERT INTO schema_step (number, name, applied_at) VALUES (9999, 'later', '')")
    becomes(deployment.server, "the schema of the database (9999) is newer than this release knows (")
    deployment.execute("DELETE FROM schema_step WHERE number IN (9999, 1)")
    becomes(deployment.server, "the schema of the database is older than this release: run osimages db migrate")


def test_a_probe_leaves_no_row_behind(deployment: Deployment) -> None:
    becomes_ready(deployment.server)
    # A statement that fails if there is a row.
    deployment.execute("INSERT INTO lease (name, holder, expires_at) VALUES ('readiness', 'test', 0)")
    becomes_ready(deployment.server)


@pytest.mark.skipif(os.name != "posix", reason="Windows does not let go of files that are open")
@pytest.mark.parametrize("harm", ["deleted", "replaced"])
def test_a_server_whose_sqlite_file_is_gone(tmp_path: Path, harm: str) -> None:
    with running(tmp_path, *OPTIONS) as server:
        becomes_ready(server)
        file = tmp_path / "osimages.db"
        file.rename(tmp_path / "away")
        if harm == "replaced":
            file.write_bytes((tmp_path / "away").read_bytes())
        becomes(server, "the database is gone: its file was deleted or replaced")
        (tmp_path / "away").replace(file)
        becomes_ready(server)


def test_a_server_whose_sqlite_file_is_locked(tmp_path: Path) -> None:
    with running(tmp_path, *OPTIONS) as server, closing(apsw.Connection(str(tmp_path / "osimages.db"))) as other:
        other.set_busy_timeout(PATIENCE_SECONDS * 1000)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            becomes(server, "the database cannot be written")
        other.execute("ROLLBACK")
        becomes_ready(server)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own for 16 MB. Skips the test where it cannot be mounted."""
    mount = shutil.which("mount")
    if sys.platform != "linux" or mount is None:
        pytest.skip("no tmpfs on this system")
    folder.mkdir()
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_server_whose_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        database = f"sqlite:///{disk / 'osimages.db'}"
        with running(tmp_path / "data", *OPTIONS, "--database", database) as server:
            becomes_ready(server)
            with (disk / "other").open("wb", buffering=0) as other, contextlib.suppress(OSError):
                while other.write(bytes(4096)):
                    pass
            becomes(server, "the database cannot be written")
            (disk / "other").unlink()
            becomes_ready(server)


def test_a_server_whose_role_in_postgresql_lost_its_rights(postgres: Postgres, tmp_path: Path) -> None:
    owner, role = postgres.new_database(), f"role_{uuid.uuid4().hex}"
    name = urlsplit(owner).path.removeprefix("/")

    def execute(sql: str) -> None:
        postgres.run("psql", "--dbname", name, "--command", sql)

    execute(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {name} OWNER TO {role}")
    url = owner.replace(f"//{postgres.user}@", f"//{role}@")
    with running(tmp_path, *OPTIONS, "--database", url) as server:
        becomes_ready(server)
        for right, action in (("INSERT, UPDATE, DELETE", "written"), ("ALL", "read")):
            execute(f"REVOKE {right} ON ALL TABLES IN SCHEMA public FROM {role}")
            becomes(server, f"the database cannot be {action}")
            execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
            becomes_ready(server)


def test_a_server_whose_postgresql_is_read_only(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    name = urlsplit(url).path.removeprefix("/")

    def default(value: str) -> None:
        """Set whether transactions are read-only, and end the sessions that do not know it yet."""
        for sql in (
            f"ALTER DATABASE {name} SET default_transaction_read_only = {value}",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        ):
            postgres.run("psql", "--dbname", "postgres", "--command", sql)

    with running(tmp_path, *OPTIONS, "--database", url) as server:
        becomes_ready(server)
        default("on")
        until(lambda: ready(server).json().get("reason") == "the database cannot be written", "it is read-only")
        with connected(server.url, DEFAULT_TENANT, tmp_path) as api:
            assert api.get(IMAGES).status_code == 200
            refused(api.http.post(IMAGES, json={"id": "a"}), 503, "serviceNotAvailable")
        default("off")
        becomes_ready(server)


def test_a_server_whose_postgresql_is_away(tmp_path: Path) -> None:
    with servers.running() as postgres, running(tmp_path, *OPTIONS, "--database", postgres.new_database()) as server:
        becomes_ready(server)
        postgres.stop()
        becomes(server, "the database cannot be read")
        postgres.start()
        becomes_ready(server)


@pytest.mark.parametrize(("table", "action"), [("schema_step", "read"), ("lease", "written")])
def test_a_server_whose_postgresql_does_not_answer(postgres: Postgres, tmp_path: Path, table: str, action: str) -> None:
    url = postgres.new_database()

    async def locked(server: Server) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            await asyncio.to_thread(becomes, server, f"the database cannot be {action} within 2 seconds")
        await connection.close()

    with running(tmp_path, *OPTIONS, "--database", url, publish_check_seconds="0") as server:
        becomes_ready(server)
        asyncio.run(locked(server))
        becomes_ready(server)


def test_a_server_without_signing_keys(tmp_path: Path) -> None:
    with entra(tmp_path / "entra") as authority:
        authority_url, trust = authority.url, str(authority.ca_file)
    settings = {"authority_url": authority_url, "authority_ca_file": trust}
    with running(tmp_path / "data", *OPTIONS, "--authority", "entra", **settings) as server:
        becomes(server, "there are no signing keys: they could not be fetched")

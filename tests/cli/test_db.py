"""`osimages db` beside a running server, and after it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.support.api import IMAGES, Api, connected
from tests.support.postgres import Postgres
from tests.support.server import command, environment, running


def db(*arguments: str, fails: bool = False) -> str:
    """What a command prints; what it complains of, where it fails."""
    done = subprocess.run(command("db", *arguments), capture_output=True, text=True, env=environment(), check=False)
    assert (done.returncode != 0) is fails, done.stderr
    return done.stderr if fails else done.stdout


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """The options that name a database, of each kind."""
    options = ["--data-dir", str(tmp_path / "data")]
    if request.param == "sqlite":
        yield options
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield [*options, "--database", url]
    server.drop(url)


@contextmanager
def served(where: list[str]) -> Iterator[Api]:
    with (
        running(Path(where[1]), "--http", *where[2:]) as server,
        connected(server.url, DEFAULT_TENANT, server.data_dir) as api,
    ):
        yield api


def test_a_database_is_made_once(where: list[str]) -> None:
    assert json.loads(db("migrate", *where, "--json"))["applied"] > 0
    assert db("migrate", *where).endswith("nothing to do, it was up to date.\n")
    found = json.loads(db("info", *where, "--json"))
    assert found["isCurrent"] is True
    assert found["counts"] == {"tenants": 0, "images": 0, "auditEvents": 0}
    assert found["sizeBytes"] > 0


def test_backup_and_restore(where: list[str], tmp_path: Path) -> None:
    file = str(tmp_path / "backup.db")
    with served(where) as api:
        kept = api.create(id="kept")
        tag = api.get(f"{IMAGES}/kept").headers["etag"]
        link = api.get(f"{IMAGES}/delta()").json()["@odata.deltaLink"]
        assert "backed up to" in db("backup", file, *where)
        assert "Say --overwrite to replace it" in db("backup", file, *where, fails=True)
        json.loads(db("backup", file, *where, "--overwrite", "--json"))
        changed = api.http.patch(f"{IMAGES}/kept", json={"supportedArchitectures": ["arm"]})
        assert "end the" in db("restore", file, *where, "--overwrite", fails=True)
    assert "Say --overwrite" in db("restore", file, *where, fails=True)
    db("restore", file, *where, "--overwrite")
    with served(where) as api:
        reply = api.get(f"{IMAGES}/kept")
        assert reply.json() | {"@odata.context": ""} == kept | {"@odata.context": ""}
        assert reply.headers["etag"] == tag
        assert api.get(link.partition("/beta")[1] + link.partition("/beta")[2]).status_code == 410
        again = api.http.patch(f"{IMAGES}/kept", json={"supportedArchitectures": ["x86"]})
        assert again.headers["etag"] not in (tag, changed.headers["etag"])
        stale = api.http.patch(f"{IMAGES}/kept", json={}, headers={"If-Match": changed.headers["etag"]})
        assert stale.status_code == 412


def test_info_without_a_database(tmp_path: Path) -> None:
    told = db("info", "--data-dir", str(tmp_path), fails=True)
    assert told == (
        f"Error: There is no database {tmp_path / 'osimages.db'} yet: the server or `osimages db migrate` makes one.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_none(tmp_path: Path) -> None:
    told = db("info", "--data-dir", str(tmp_path), "--database", "mysql://root:secret@host/db", fails=True)
    assert "'mysql://root:***@host/db' is no database: write sqlite:///PATH or postgresql://USER@HOST/NAME" in told

"""Modes of the files that commands make: whatever holds keys or data is its owner's alone, whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import output
from tests.support.patience import PATIENCE_SECONDS
from tests.support.postgres import Postgres
from tests.support.server import READY, command, environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such modes")

# Written for clients, which may be other users.
PUBLIC = {"ca.pem", "bundle.pem", "server.json"}


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def assert_private(folder: Path) -> None:
    assert mode(folder) == 0o700
    for each in folder.rglob("*"):
        if each.name not in PUBLIC:
            assert mode(each) & 0o077 == 0, f"{each} has the mode {mode(each):o}"


def test_a_new_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    process = subprocess.Popen(
        command("serve", "--port", "0", "--data-dir", str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith(READY)
        assert {"osimages.db", "osimages.db-wal", "osimages.db-shm", "ca-private.pem"} <= {
            each.name for each in folder.iterdir()
        }
        assert_private(folder)
        assert mode(tmp_path / "new") == 0o755, "folders above it are not ours"
    finally:
        process.terminate()
        _, told = process.communicate()
    assert "others can use" not in told


@pytest.mark.parametrize(
    "arguments",
    [("db", "migrate"), ("token",), ("catalogue", "update", "--offline"), ("user", "list"), ("keys", "list")],
    ids=" ".join,
)
def test_every_command_that_makes_the_directory_makes_it_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folder = tmp_path / "data"
    subprocess.run(
        command(*arguments, "--data-dir", str(folder)),
        env=environment(),
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    if folder.exists():
        assert_private(folder)


def test_a_database_elsewhere_backups_and_restored_ones(tmp_path: Path) -> None:
    place, backup, again = tmp_path / "place" / "x.db", tmp_path / "backup.db", tmp_path / "again"
    output("db", "migrate", "--database", f"sqlite:///{place}")
    assert (mode(place.parent), mode(place)) == (0o700, 0o600)
    backup.write_bytes(b"")
    backup.chmod(0o644)
    output("db", "backup", backup, "--overwrite", "--database", f"sqlite:///{place}")
    assert mode(backup) == 0o600, "also in place of one that others could read"
    output("db", "restore", backup, "--data-dir", again)
    assert_private(again)


def test_a_backup_of_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    url, backup = postgres.new_database(), tmp_path / "backup.db"
    leftover = tmp_path / "backup.db.unfinished"
    leftover.write_bytes(b"rubbish of one that was killed")
    leftover.chmod(0o644)
    output("db", "migrate", "--database", url)
    output("db", "backup", backup, "--database", url)
    assert mode(backup) == 0o600

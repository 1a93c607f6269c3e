"""A PostgreSQL server of the tests' own, from the system's package, with its data in a temporary directory."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_SECONDS

# Everybody else is trusted.
WITH_PASSWORD = "kim"
# Nothing here has to survive a power cut.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "lc_messages": "C",
}


@dataclass(frozen=True)
class Postgres:
    """A running server: the directory of its programs, of its data, and of its Unix socket."""

    programs: Path
    data: Path
    user: str

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://{self.user}@/{database}?host={self.data.parent}"

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self.run("createdb", "--template=template0", "--encoding=UTF8", name)
        return self.url(name)

    def asking_for_a_password(self, password: str) -> str:
        """The URL of a new database for the one user who needs a password, which is this one."""
        url = self.new_database()
        for statement in (
            f"DROP ROLE IF EXISTS {WITH_PASSWORD}",
            f"CREATE ROLE {WITH_PASSWORD} LOGIN PASSWORD '{password}'",
        ):
            self.run("psql", "--dbname", "postgres", "--command", statement)
        return url.replace(f"//{self.user}@", f"//{WITH_PASSWORD}:{password}@")

    def drop(self, url: str) -> None:
        """Removes a database, whoever is connected."""
        self.run("dropdb", "--force", url.partition("@/")[2].partition("?")[0])

    def run(self, program: str, *arguments: str) -> str:
        """What one of PostgreSQL's own client programs prints."""
        command = [str(self.programs / program), "--host", str(self.data.parent), "--username", self.user, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in _SETTINGS.items())
        log = str(self.data.parent / "log")
        self._control("start", "-l", log, "-o", f"-k {self.data.parent} {options}")

    def stop(self, mode: str = "immediate") -> None:
        """Ends the server with all its connections; `fast` keeps what was committed, `immediate` perhaps not."""
        self._control("stop", "-m", mode)

    def _control(self, *arguments: str) -> None:
        program = [str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", "-t", str(PATIENCE_SECONDS), *arguments]
        subprocess.run([*_as_owner(), *program], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    """A new server, ended and removed afterwards. Skips where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    # A short path: those of Unix sockets have at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="osimages-pg-", dir="/tmp"))
    try:
        server = Postgres(programs, folder / "data", "osimages")
        if _as_owner():
            shutil.chown(folder, "postgres", "postgres")
        options = ("-U", server.user, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        initialise = [str(programs / "initdb"), "-D", str(server.data), *options]
        subprocess.run([*_as_owner(), *initialise], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        access = server.data / "pg_hba.conf"
        access.write_text(f"local all {WITH_PASSWORD} scram-sha-256\n{access.read_text()}")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _programs() -> Path | None:
    """The newest PostgreSQL of Debian, or that on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: float(each.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


def _as_owner() -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: then it runs as the user of Debian's package."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return ()
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")

"""What `osimages doctor` finds, with a server and without, and its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from osimages.entra.emulator.certificates import AUTHORITY_FILE, Certificates
from tests.cli.running import complaint, osimages, output
from tests.support.entra import entra
from tests.support.postgres import Postgres
from tests.support.server import command, environment, running

NAMES = ["settings", "data directory", "database", "keys", "certificate", "catalogue", "port", "clock"]


def examined(data_dir: Path, **settings: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and each finding by its name."""
    variables = {f"OSIMAGES_{name.upper()}": value for name, value in settings.items()}
    done = osimages("doctor", "--json", "--data-dir", data_dir, **variables)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["healthy"] is (done.returncode == 0)
    return done.returncode, {each["name"]: each for each in told["checks"]}


def free_port() -> str:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_a_fresh_machine_is_healthy_and_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    code, found = examined(folder, port=free_port(), today="2026-09-10")
    assert code == 0
    assert list(found) == NAMES
    assert {each["verdict"] for each in found.values()} == {"ok"}
    assert not folder.exists()


def test_a_running_server_is_found(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        code, found = examined(tmp_path)
        assert code == 0
        assert found["port"]["found"] == f"a server answers at {server.url}"
        assert found["database"]["found"].endswith(", 1 tenant")
        assert found["certificate"]["found"].startswith("good until 20")
    table = output("doctor", "--data-dir", tmp_path, OSIMAGES_PORT=free_port()).splitlines()
    assert table[0].split() == ["Check", "Verdict", "Found", "What", "to", "do"]
    assert len(table) == 1 + len(NAMES)


@pytest.mark.parametrize(
    ("settings", "name", "told"),
    [
        ({"http": "true", "host": "0.0.0.0"}, "settings", "--http is for loopback addresses only"),
        ({"port": "none"}, "settings", "OSIMAGES_PORT"),
        ({"trusted_proxies": "proxy.example"}, "settings", "proxy.example"),
        ({"authority": "entra", "keys_file": "/nowhere/keys.json"}, "keys", "cannot be read"),
        (
            {"authority": "entra", "authority_url": "https://localhost:1"},
            "keys",
            "https://localhost:1 cannot be reached",
        ),
        ({"database": "/dev/null/x.db"}, "database", "/dev/null cannot be written"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, settings: dict[str, str], name: str, told: str) -> None:
    code, found = examined(tmp_path, **settings)
    assert code == 1
    assert found[name]["verdict"] == "problem"
    assert told in found[name]["found"]


def test_it_takes_the_options_of_a_server(tmp_path: Path) -> None:
    options = ("--authority", "entra", "--keys-file", "/nowhere/keys.json", "--port", free_port())
    found = json.loads(osimages("doctor", "--json", "--data-dir", tmp_path, *options).stdout)["checks"]
    told = {each["name"]: each["found"] for each in found}
    assert "/nowhere/keys.json" in told["keys"]
    assert f"port {options[-1]} is free" in told["port"]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, found = examined(tmp_path, port=str(taken.getsockname()[1]))
    assert (code, found["port"]["verdict"]) == (1, "problem")


def test_a_database_that_is_none_or_old_or_from_the_future(tmp_path: Path) -> None:
    database = tmp_path / "osimages.db"
    database.write_bytes(b"A letter to a friend. " * 1000)
    assert examined(tmp_path, port=free_port())[1]["database"]["verdict"] == "problem"
    database.unlink()
    with running(tmp_path, "--http"):
        pass
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM schema_step WHERE number = (SELECT max(number) FROM schema_step)")
    code, found = examined(tmp_path, port=free_port())
    assert (code, found["database"]["verdict"]) == (0, "warning")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO schema_step VALUES (9999, 'future', '')")
    code, found = examined(tmp_path, port=free_port())
    assert (code, found["database"]["verdict"]) == (1, "problem")


@pytest.mark.parametrize("damage", ["zeros", "rubbish", "short", "one byte", "index"])
def test_a_database_that_is_damaged(tmp_path: Path, damage: str) -> None:
    with running(tmp_path, "--http"):
        pass
    file = tmp_path / "osimages.db"
    content = bytearray(file.read_bytes())
    page = 4096
    assert len(content) > 60 * page
    match damage:
        case "zeros":
            content[page : 40 * page] = bytes(39 * page)
        case "rubbish":
            content[2 * page :] = b"\xa5" * (len(content) - 2 * page)
        case "short":
            del content[len(content) // 2 :]
        case "one byte":
            content[page + 3] ^= 0xFF
        case "index":  # of the schema's own page, behind which everything is found
            content[100:108] = b"\x01" * 8
    file.write_bytes(content)
    code, found = examined(tmp_path, port=free_port())
    assert (code, found["database"]["verdict"]) == (1, "problem")
    assert f"{file} is damaged: " in found["database"]["found"]
    assert "backup" in found["database"]["advice"]


def test_a_database_of_postgresql_with_an_index_that_is_not_valid(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    with running(tmp_path, "--http", "--database", url):
        pass
    assert examined(tmp_path, database=url, port=free_port())[1]["database"]["verdict"] == "ok"
    broken = (
        "UPDATE pg_index SET indisvalid = false "
        "WHERE indexrelid = (SELECT min(conindid) FROM pg_constraint WHERE conrelid = 'tenant'::regclass)"
    )

    async def damage() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(broken)
        await connection.close()

    asyncio.run(damage())
    code, found = examined(tmp_path, database=url, port=free_port())
    assert (code, found["database"]["verdict"]) == (1, "problem")
    assert "indexes are not valid: tenant" in found["database"]["found"]


def test_a_local_authority_whose_key_is_broken(tmp_path: Path) -> None:
    certificates, others = tmp_path / "one", tmp_path / "other"
    for each in (certificates, others):
        Certificates.load_or_create(each)
    file, other = certificates / AUTHORITY_FILE, (others / AUTHORITY_FILE).read_bytes()
    good = file.read_bytes()
    begins = b"-----BEGIN CERTIFICATE-----"
    key, certificate = good.partition(begins)[0], begins + good.partition(begins)[2]
    for content, told in (
        (b"", "holds no authority's certificate and key"),
        (certificate, "holds no authority's certificate and key"),
        (key, "holds no authority's certificate and key"),
        (key[:60] + key[90:] + certificate, "holds no authority's certificate and key"),
        ((certificates / "server.pem").read_bytes(), "holds no authority's certificate and key"),
        (other.partition(begins)[0] + certificate, "is not that of the certificate in it"),
    ):
        file.write_bytes(content)
        code, found = examined(certificates, port=free_port())
        assert (code, found["certificate"]["verdict"]) == (1, "problem"), content
        assert str(file) in found["certificate"]["found"]
        assert told in found["certificate"]["found"]
        assert told in complaint(osimages("serve", "--port", "0", "--data-dir", certificates))
    file.write_bytes(good)
    assert examined(certificates, port=free_port())[1]["certificate"]["verdict"] == "ok"


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes")
def test_what_others_can_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running(tmp_path / "data", "--http"):
        pass
    folder.chmod(0o700)
    assert examined(folder, port=free_port())[1]["data directory"]["verdict"] == "ok"
    folder.chmod(0o755)
    (folder / "osimages.db").chmod(0o640)
    code, found = examined(folder, port=free_port())
    assert (code, found["data directory"]["verdict"]) == (0, "warning")
    assert f"{folder} (mode 755), {folder}/osimages.db (mode 640)" in found["data directory"]["found"]
    assert found["data directory"]["advice"] == f"chmod 700 {folder}; chmod 600 {folder}/osimages.db"
    with running(folder, "--http") as server:
        told = server.errors.read_text(encoding="utf-8")
    assert f"Warning: others can use {folder} (mode 755), which holds keys: chmod 700 {folder}\n" in told
    assert f"chmod 600 {folder}/osimages.db\n" in told


def test_a_catalogue_and_a_certificate_that_get_old(tmp_path: Path) -> None:
    Certificates.load_or_create(tmp_path, now=datetime.now(UTC) - timedelta(days=390))
    code, found = examined(tmp_path, port=free_port(), today="2030-01-01")
    assert code == 0, "warnings are no problems"
    assert found["certificate"]["verdict"] == "warning"
    assert found["catalogue"]["advice"] == "osimages catalogue update"


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    Certificates.load_or_create(tmp_path, now=datetime.now(UTC) - timedelta(days=500))
    code, found = examined(tmp_path, port=free_port())
    assert (code, found["certificate"]["verdict"]) == (0, "warning")
    assert found["certificate"]["found"].startswith("it expired on 20")
    assert "renews it" in found["certificate"]["advice"]
    own = {"tls_certificate": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.pem")}
    code, found = examined(tmp_path / "data", port=free_port(), **own)
    assert (code, found["certificate"]["verdict"]) == (1, "problem")
    assert "put a new one in its place" in found["certificate"]["advice"]
    with running(tmp_path / "data", "--port", "0", **own) as server:
        assert f"Warning: the certificate {own['tls_certificate']} expired on" in server.errors.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "check", "told"),
    [
        ("authority.json", "keys", "Correct it, or move it away for the defaults."),
        ("sealing-key", "keys", "holds no sealing key. Move it away for a new one."),
        ("signing-key.pem", "keys", "holds no RSA key. Move it away for a new one."),
        ("server.pem", "certificate", "is no certificate"),
        ("catalogue.toml", "catalogue", "See docs/catalogue.md"),
        ("osimages.db", "database", "is not an SQLite database"),
        ("osimages.toml", "settings", "is not valid TOML"),
    ],
)
def test_a_file_that_holds_something_else(tmp_path: Path, name: str, check: str, told: str) -> None:
    (tmp_path / name).write_text("rubbish", encoding="utf-8")
    _, found = examined(tmp_path, port=free_port())
    assert found[check]["verdict"] in ("problem", "warning")
    assert str(tmp_path / name) in found[check]["found"]
    assert told in found[check]["found"]
    assert found[check]["advice"]
    assert [each.name for each in tmp_path.iterdir()] == [name], "nothing is changed"


def test_a_data_directory_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    code, found = examined(file)
    assert (code, list(found)) == (1, ["settings"])
    assert found["settings"]["found"] == f"{file} is no directory: choose another with --data-dir."


# What root may read and write whatever its mode says, it may not without these.
_LESS = ("-dac_override,-dac_read_search",)
_ORDINARY = ("setpriv", "--bounding-set", *_LESS, "--inh-caps", *_LESS)


@pytest.mark.skipif(os.name != "posix" or shutil.which("setpriv") is None, reason="modes of files, and who is bound")
def test_what_the_user_may_not_write_or_read(tmp_path: Path) -> None:
    def found_there() -> dict[str, str]:
        told = command("doctor", "--json", "--data-dir", str(tmp_path))
        as_user = [*_ORDINARY, *told] if os.geteuid() == 0 else told
        done = subprocess.run(as_user, capture_output=True, text=True, check=False, env=environment())
        assert done.returncode == 1, done
        checks = json.loads(done.stdout)["checks"]
        return {each["name"]: f"{each['found']}: {each['advice']}" for each in checks if each["verdict"] == "problem"}

    tmp_path.chmod(0o500)
    assert set(found_there()) == {"data directory", "database"}
    tmp_path.chmod(0o700)
    with running(tmp_path, "--http"):
        pass
    for name, mode in (("osimages.db", 0o400), ("signing-key.pem", 0)):
        (tmp_path / name).chmod(mode)
    told = found_there()
    assert (
        told["database"] == f"{tmp_path / 'osimages.db'} cannot be written: let the user who serves read and write it"
    )
    assert told["keys"].startswith(f"{tmp_path / 'signing-key.pem'} cannot be read: Permission denied: let the user")


def test_a_password_that_is_wrong(postgres: Postgres, tmp_path: Path) -> None:
    database = postgres.asking_for_a_password("right")
    try:
        code, found = examined(tmp_path, database=database.replace(":right@", ":wrong@"), port=free_port())
        assert (code, found["database"]["verdict"]) == (1, "problem")
        assert 'password authentication failed for user "kim"' in found["database"]["found"]
        assert "wrong" not in found["database"]["found"]
        assert "user, password and name" in found["database"]["advice"]
    finally:
        postgres.drop(database)


def test_entra_is_asked_for_its_keys_and_the_time(tmp_path: Path) -> None:
    with entra(tmp_path / "entra") as stand_in:
        settings = {"authority": "entra", "authority_url": stand_in.url, "authority_ca_file": str(stand_in.ca_file)}
        code, found = examined(tmp_path / "data", **settings, port=free_port())
        assert code == 0
        assert found["keys"]["found"] == f"1 keys of {stand_in.url}"
        assert found["clock"]["found"].startswith("it agrees with Entra ID's within ")
        stand_in.status = 503
        code, found = examined(tmp_path / "data", **settings, port=free_port())
        assert (code, found["keys"]["verdict"]) == (1, "problem")

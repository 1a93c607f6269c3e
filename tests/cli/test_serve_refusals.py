"""What `osimages serve` says in one line when it cannot start."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from osimages.graph.migrations import MIGRATIONS
from osimages.odata.sql.sqlite.file import migrate
from tests.cli.running import complaint, osimages
from tests.support.server import running


def refusal(data_dir: Path, *arguments: str, **variables: str) -> str:
    """The line with which it refuses to serve."""
    return complaint(osimages("serve", "--port", "0", "--data-dir", data_dir, *arguments, **variables))


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refusal(tmp_path, "--http", "--port", port)
    assert f"port {port}" in said
    assert "end what listens there, or choose another with --port" in said


def test_the_port_of_another_server(tmp_path: Path) -> None:
    with running(tmp_path / "one", "--http") as server:
        port = server.url.rpartition(":")[2]
        assert f"port {port}" in refusal(tmp_path / "one", "--http", "--port", port)
        assert server.stop() == 0


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--expose-development", "--host", "192.0.2.1")  # reserved for documentation (RFC 5737)
    assert "192.0.2.1" in said
    assert "--host" in said


def test_a_host_that_nobody_knows(tmp_path: Path) -> None:
    assert "no.such.host.invalid" in refusal(tmp_path, "--expose-development", "--host", "no.such.host.invalid")


@pytest.mark.parametrize("below", [(), ("below",)])
def test_a_data_directory_that_is_none(tmp_path: Path, below: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    assert str(file) in refusal(file.joinpath(*below), "--http")
    assert file.read_text() == "not a directory"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that not even root can write to")
def test_a_data_directory_that_cannot_be_written() -> None:
    said = refusal(Path("/proc/osimages"))
    assert "/proc/osimages" in said
    assert "--data-dir" in said


def test_a_database_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "osimages.db").write_text("This was never a database. " * 100)
    said = refusal(tmp_path, "--http")
    assert f"{tmp_path / 'osimages.db'} is not an SQLite database" in said


def test_a_database_of_a_newer_release(tmp_path: Path) -> None:
    migrate(tmp_path / "osimages.db", MIGRATIONS)
    with closing(sqlite3.connect(tmp_path / "osimages.db")) as connection, connection:
        connection.execute("INSERT INTO schema_step VALUES (999, 'from the future', '2030-01-01')")
    said = refusal(tmp_path, "--http")
    assert "newer release" in said
    assert "schema 999" in said
    assert str(tmp_path / "osimages.db") in said


def test_a_database_of_another_kind(tmp_path: Path) -> None:
    assert "sqlite:///" in refusal(tmp_path, "--http", "--database", "mysql://localhost/catalogue")


@pytest.mark.parametrize("file", ["ca-private.pem", "signing-key.pem"])
def test_a_key_file_that_holds_none(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("garbage")
    assert str(tmp_path / file) in refusal(tmp_path)
    assert (tmp_path / file).read_text() == "garbage"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "catalogue.example"])
def test_a_public_secret_is_not_served_to_everybody(tmp_path: Path, host: str) -> None:
    said = refusal(tmp_path, "--host", host)
    assert host in said
    assert "--expose-development" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "catalogue.example"])
def test_plain_http_beyond_this_machine(tmp_path: Path, host: str) -> None:
    said = refusal(tmp_path, "--http", "--host", host)
    assert host in said
    assert "--http is for loopback addresses only" in said
    assert "--expose-development" in said
    entra = refusal(tmp_path, "--http", "--host", host, "--authority", "entra", "--expose-development")
    assert "--http is for loopback addresses only" in entra
    assert "--expose-development opens" not in entra


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--tls-name", "a/b"), "tls_name: 'a/b' is no host"),
        (("--tls-name", "a:8443"), "tls_name: 'a:8443' is no host"),
        (("--tls-name", "emulator", "--http"), "--http serves without one: use --allowed-host"),
    ],
)
def test_names_for_a_certificate_that_are_none(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in refusal(tmp_path, *arguments)


def test_names_beside_a_certificate_of_ones_own(tmp_path: Path) -> None:
    files = {"OSIMAGES_TLS_CERTIFICATE": "a.pem", "OSIMAGES_TLS_KEY": "a.pem"}
    assert "tls_certificate is one of your own" in refusal(tmp_path, "--tls-name", "emulator", **files)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"keys": []}', '{"keys": [{"kid": "a", "kty": "RSA"}]}'])
def test_a_file_of_keys_that_holds_none(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    said = refusal(tmp_path, "--authority", "entra", "--keys-file", str(file))
    assert str(file) in said
    assert "docs/entra.md" in said


def test_an_authority_without_tls(tmp_path: Path) -> None:
    url = "http://login.example"
    assert url in refusal(tmp_path, "--authority", "entra", OSIMAGES_AUTHORITY_URL=url)


@pytest.mark.parametrize(
    "url",
    [
        "catalogue.example",
        "https://",
        "https://a b",
        "https://\xfc.example",
        "https://[::1",
        "https://x/?q",
        "https://x:port",
        "https://x/../y",
        "https://x//y",
    ],
)
def test_a_public_url_that_is_none(tmp_path: Path, url: str) -> None:
    assert url in refusal(tmp_path, "--public-url", url)


def test_a_setting_that_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "osimages.toml").write_text("prot = 8443\n")
    said = refusal(tmp_path)
    assert str(tmp_path / "osimages.toml") in said
    assert "'prot'" in said
    assert "osimages config show" in said


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "osimages.toml").write_text("port: 8443\n")
    assert f"{tmp_path / 'osimages.toml'} is not valid TOML" in refusal(tmp_path)


@pytest.mark.parametrize("value", ["https", "70000"])
def test_a_port_that_is_none(tmp_path: Path, value: str) -> None:
    said = complaint(osimages("serve", "--http", "--data-dir", tmp_path, OSIMAGES_PORT=value))
    assert "OSIMAGES_PORT" in said
    assert f"'{value}'" in said


def test_a_certificate_of_ones_own_that_cannot_be_used(tmp_path: Path) -> None:
    leaf, other = trustme.CA().issue_cert("localhost"), trustme.CA().issue_cert("localhost")
    chain, key, wrong = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "wrong.pem"
    leaf.cert_chain_pems[0].write_to_path(str(chain))
    leaf.private_key_pem.write_to_path(str(key))
    other.private_key_pem.write_to_path(str(wrong))
    traditional = load_pem_private_key(key.read_bytes(), password=None)
    key.write_bytes(traditional.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    for certificate, private, told in (
        (chain, key, "openssl pkcs8 -topk8"),
        (chain, wrong, "is not that of the certificate"),
        (chain, tmp_path / "missing.pem", "missing.pem cannot be read"),
        (key, key, "is no PEM file that can be used"),
    ):
        named = {"OSIMAGES_TLS_CERTIFICATE": str(certificate), "OSIMAGES_TLS_KEY": str(private)}
        assert told in refusal(tmp_path / "data", **named)


def test_a_seed_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    assert "cannot be read" in refusal(tmp_path / "data", "--http", "--seed", str(file))
    file.write_text('{"tenants": [{"id": "a"}]}')
    assert "tenants[0]" in refusal(tmp_path / "data", "--http", "--seed", str(file))
    tenant = "11111111-2222-4333-8444-555555555555"
    file.write_text(f'{{"tenants": [{{"id": "{tenant}", "images": [{{"supportedArchitectures": ["x65"]}}]}}]}}')
    said = refusal(tmp_path / "data", "--http", "--seed", str(file))
    assert f"tenant {tenant}: images[0]" in said
    assert "x65" in said
    assert "--authority dev" in refusal(tmp_path / "data", "--authority", "entra", "--seed", str(file))

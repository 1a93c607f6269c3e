"""Certificates are accepted by TLS clients that trust the local authority, and stay until they must be renewed."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from osimages.entra.emulator.certificates import AUTHORITY_FILE, LOCAL_HOSTS, Certificates

NOW = datetime.now(UTC)
HOSTS = ("example.test", "10.1.2.3")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with certificates for the local host and two others."""
    directory = tmp_path_factory.mktemp("certificates")
    Certificates.load_or_create(directory, HOSTS)
    return directory


def handshake(made: Certificates, name: str, trusted: Path | None = None) -> str | None:
    """A TLS handshake in memory with the server that has these files; the version that both agreed on."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(made.server_chain, made.server_key)
    client_side = ssl.create_default_context(cafile=str(trusted or made.authority))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    client = client_side.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    client.do_handshake()  # raises where it is not finished
    return client.version()


def leaf(made: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificates(made.server_chain.read_bytes())[0]


def contents(directory: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in directory.iterdir()}


@pytest.mark.parametrize("name", [*LOCAL_HOSTS, *HOSTS])
@pytest.mark.parametrize("trusted", ["authority", "bundle"])
def test_a_client_that_trusts_the_authority_trusts_the_server(directory: Path, name: str, trusted: str) -> None:
    made = Certificates.load_or_create(directory, HOSTS)
    assert handshake(made, name, getattr(made, trusted)) == "TLSv1.3"


def test_a_client_refuses_another_name(directory: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(Certificates.load_or_create(directory, HOSTS), "other.test")


def test_a_client_that_trusts_another_authority_refuses_the_server(directory: Path, tmp_path: Path) -> None:
    other = Certificates.load_or_create(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(Certificates.load_or_create(directory, HOSTS), "localhost", other.authority)


def test_the_server_key_is_pkcs8_and_belongs_to_the_certificate(directory: Path) -> None:
    made = Certificates.load_or_create(directory, HOSTS)
    assert made.server_key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = load_pem_private_key(made.server_key.read_bytes(), password=None)
    assert key.public_key() == leaf(made).public_key()


def test_the_certificate_names_every_host_once_and_is_as_long_valid_as_clients_accept(directory: Path) -> None:
    certificate = leaf(Certificates.load_or_create(directory, HOSTS))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(str(each.value) for each in names) == sorted([*LOCAL_HOSTS, *HOSTS])
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc < timedelta(days=825)
    assert certificate.not_valid_before_utc < NOW - timedelta(hours=1)


def test_the_bundle_holds_public_roots_and_the_authority(directory: Path) -> None:
    made = Certificates.load_or_create(directory, HOSTS)
    bundled = made.bundle.read_bytes()
    assert bundled.endswith(b"\n" + made.authority.read_bytes())
    assert bundled.count(b"BEGIN CERTIFICATE") > 50
    assert b"PRIVATE KEY" not in bundled
    assert ssl.create_default_context(cafile=str(made.bundle)).cert_store_stats()["x509_ca"] > 50


def test_the_bundle_does_not_grow_out_of_itself(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Certificates.load_or_create(directory, HOSTS)
    before = made.bundle.read_bytes()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.bundle))
    Certificates.load_or_create(directory, HOSTS)
    assert made.bundle.read_bytes() == before


def test_only_the_owner_can_read_private_keys_and_others_the_rest(directory: Path) -> None:
    private = {each.name for each in directory.iterdir() if b"PRIVATE KEY" in each.read_bytes()}
    assert private == {AUTHORITY_FILE, "server.pem"}
    if os.name == "posix":
        modes = {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in directory.iterdir()}
        expected = {AUTHORITY_FILE: "0o600", "server.pem": "0o600", "ca.pem": "0o644", "bundle.pem": "0o644"}
        assert modes == expected


@pytest.mark.parametrize(
    "hosts",
    [
        HOSTS,
        HOSTS[::-1],
        (*HOSTS, *HOSTS, "localhost"),
        ("Example.TEST", "10.1.2.3"),
        (*HOSTS, "[::1]", "0:0:0:0:0:0:0:1"),
    ],
)
def test_another_spelling_of_the_same_hosts_changes_nothing(directory: Path, hosts: Sequence[str]) -> None:
    before = contents(directory)
    Certificates.load_or_create(directory, hosts)
    assert contents(directory) == before


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("*.example.test", "a.example.test"),
        ("bücher.test", "bücher.test"),
        ("fe80::1%eth0", "fe80::1"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
    ],
)
def test_every_spelling_of_a_host_is_issued_once(tmp_path: Path, host: str, name: str) -> None:
    made = Certificates.load_or_create(tmp_path, [host])
    before = contents(tmp_path)
    assert Certificates.load_or_create(tmp_path, [host]) == made
    assert contents(tmp_path) == before
    assert handshake(made, name) == "TLSv1.3"


def test_other_hosts_get_another_certificate_from_the_same_authority(tmp_path: Path) -> None:
    first = Certificates.load_or_create(tmp_path, ["a.test"])
    before = contents(tmp_path)
    second = Certificates.load_or_create(tmp_path, ["b.test"])
    after = contents(tmp_path)
    assert first == second
    assert {name for name in after if after[name] != before[name]} == {"server.pem"}
    assert handshake(second, "b.test") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(second, "a.test")


@pytest.mark.parametrize(
    ("later", "renewed"),
    [
        (timedelta(0), False),
        (timedelta(days=366), False),
        (timedelta(days=368), True),
        (timedelta(days=2000), True),
        (timedelta(days=-2), True),  # made while the clock was wrong: it is not valid yet
    ],
)
def test_a_certificate_is_renewed_when_it_is_not_good_for_a_while(
    tmp_path: Path, later: timedelta, renewed: bool
) -> None:
    made = Certificates.load_or_create(tmp_path, now=NOW)
    before = contents(tmp_path)
    Certificates.load_or_create(tmp_path, now=NOW + later)
    after = contents(tmp_path)
    assert (after != before) is renewed
    assert {name for name in after if after[name] != before[name]} <= {"server.pem"}
    moment = NOW + later
    assert leaf(made).not_valid_before_utc < moment < leaf(made).not_valid_after_utc


@pytest.mark.parametrize(
    "damage", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_server_certificate_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    made = Certificates.load_or_create(tmp_path)
    made.server_chain.write_bytes(damage)
    assert handshake(Certificates.load_or_create(tmp_path), "localhost") == "TLSv1.3"


def test_another_authority_issues_its_own_server_certificate(tmp_path: Path) -> None:
    made = Certificates.load_or_create(tmp_path)
    (tmp_path / AUTHORITY_FILE).unlink()
    assert Certificates.load_or_create(tmp_path) == made
    assert handshake(made, "localhost") == "TLSv1.3"
    assert handshake(made, "localhost", made.bundle) == "TLSv1.3"


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "two words",
        "my_host",
        "host:8443",
        "https://host",
        "10.0.0.0/8",
        "me@host.test",
        "*",
        "-a",
        "a..b",
        "a" * 64,
    ],
)
def test_what_is_no_host_is_refused_before_anything_is_made(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValueError, match="is no name or address of a host") as refused:
        Certificates.load_or_create(tmp_path, [host])
    assert repr(host) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_file_that_holds_no_authority_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / AUTHORITY_FILE).write_bytes(content)
    with pytest.raises(ValueError, match="holds no authority's certificate and key"):
        Certificates.load_or_create(tmp_path)
    assert (tmp_path / AUTHORITY_FILE).read_bytes() == content


def test_those_who_only_trust_leave_the_server_certificate_alone(directory: Path, tmp_path: Path) -> None:
    before = contents(directory)
    assert Certificates.trusted(directory) == Certificates.load_or_create(directory, HOSTS)
    assert contents(directory) == before
    trusted = Certificates.trusted(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {AUTHORITY_FILE, "ca.pem", "bundle.pem"}
    assert trusted.authority.read_bytes() in trusted.bundle.read_bytes()
    assert handshake(Certificates.load_or_create(tmp_path), "localhost", trusted.authority) == "TLSv1.3"

"""The certificates of a development server: a local authority, what it issued for the server, and whom to trust."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import certifi
import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from osimages.entra.emulator.private_files import read_or_create, replace

AUTHORITY_FILE = "ca-private.pem"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

# Apple's systems refuse server certificates that are valid for longer than 825 days, even from local authorities.
# https://support.apple.com/en-us/103769
SERVER_LIFETIME = timedelta(days=397)
RENEW_BEFORE_EXPIRY = timedelta(days=30)

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}\.?")

# Where systems keep the roots they trust, for a Python that was built to look elsewhere.
_SYSTEM_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM.

    `authority` is the local authority's certificate; `server_chain` holds the server's certificate and `server_key`
    its private key (PKCS#8, the one form that granian reads): one file, so that the two can never disagree; `bundle`
    holds the public roots and the local authority, for SSL_CERT_FILE and REQUESTS_CA_BUNDLE.
    """

    authority: Path
    server_chain: Path
    server_key: Path
    bundle: Path

    @classmethod
    def load_or_create(cls, directory: Path, hosts: Sequence[str] = (), *, now: datetime | None = None) -> Certificates:
        """The files in `directory`, made or renewed where needed, for the local host and the given names and addresses.

        The authority stays for good; the server's certificate is issued again when the hosts change or it has less
        than 30 days left at `now` (the real time, if not given). Raises OSError where files cannot be read or written,
        ValueError for a host that is no name or address, or a file that holds something else.
        """
        moment = now or datetime.now(UTC)
        identities = sorted({_identity(each) for each in (*LOCAL_HOSTS, *hosts)})
        files, authority = cls.trusted(directory), _authority(directory)
        if not _is_current(files.server_chain, authority.cert_pem.bytes(), identities, moment):
            replace(files.server_chain, _new_server(authority, identities, moment), public=False)
        return files

    @classmethod
    def trusted(cls, directory: Path) -> Certificates:
        """The same files, of which only those that clients trust (`authority`, `bundle`) are made where needed.

        The server's certificate stays as it is: only the server knows for which hosts it is. Raises OSError where files
        cannot be read or written, ValueError for a file that holds something else.
        """
        public = _authority(directory).cert_pem.bytes()
        files = cls(directory / "ca.pem", directory / "server.pem", directory / "server.pem", directory / "bundle.pem")
        _keep(files.authority, public)
        _keep(files.bundle, public_roots() + b"\n" + public)
        return files


def check_authority(directory: Path) -> None:
    """Raise ValueError where the file of the local authority cannot be used, OSError where it cannot be read.

    Nothing is wrong where there is none: it is made when it is needed.
    """
    with contextlib.suppress(FileNotFoundError):
        _authority_of(directory / AUTHORITY_FILE, (directory / AUTHORITY_FILE).read_bytes())


def _authority(directory: Path) -> trustme.CA:
    file = directory / AUTHORITY_FILE
    return _authority_of(file, read_or_create(file, _new_authority))


def _authority_of(file: Path, private: bytes) -> trustme.CA:
    try:
        certificate, key = x509.load_pem_x509_certificate(private), load_pem_private_key(private, password=None)
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        authority = trustme.CA.from_pem(cert_bytes=private, private_key_bytes=private)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        is_authority = False
    if not is_authority:
        raise ValueError(f"{file} holds no authority's certificate and key. Move it away for a new one.")
    if key.public_key() != certificate.public_key():
        raise ValueError(f"The key in {file} is not that of the certificate in it. Move it away for a new one.")
    return authority


def _new_authority() -> bytes:
    name = f"Development authority {trustme.random_text()}"
    authority = trustme.CA(path_length=0, organization_name="osimages", organization_unit_name=name)
    return _pkcs8(authority.private_key_pem.bytes()) + authority.cert_pem.bytes()


def _new_server(authority: trustme.CA, identities: Sequence[str], now: datetime) -> bytes:
    leaf = authority.issue_cert(
        *identities,
        organization_name="osimages",
        organization_unit_name="Development server",
        not_before=now - timedelta(days=1),  # for clients whose clock is slow
        not_after=now + SERVER_LIFETIME,
    )
    return _pkcs8(leaf.private_key_pem.bytes()) + b"".join(each.bytes() for each in leaf.cert_chain_pems)


def _pkcs8(private_key: bytes) -> bytes:
    key = load_pem_private_key(private_key, password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _identity(host: str) -> str:
    """The spelling of a host that a certificate holds, so that another spelling causes no new certificate."""
    try:
        # Certificates hold addresses without the zone (`%eth0`), which means something on one machine only.
        return str(ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        name = host.lower().encode("idna").decode()
    except UnicodeError:
        name = ""
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(f"'{host}' is no name or address of a host.")
    return name


def _is_current(file: Path, authority: bytes, identities: Sequence[str], now: datetime) -> bool:
    """Return whether the certificate is this authority's, for exactly these hosts, and good for a while."""
    try:
        content = file.read_bytes()
        certificate = x509.load_pem_x509_certificate(content)
        if load_pem_private_key(content, password=None).public_key() != certificate.public_key():
            return False
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.ExtensionNotFound):
        return False
    same_hosts = {str(each.value) for each in names} == set(identities)
    # One that is not valid yet was made while the clock was wrong.
    begun = certificate.not_valid_before_utc <= now
    return same_hosts and begun and certificate.not_valid_after_utc - now > RENEW_BEFORE_EXPIRY


def public_roots() -> bytes:
    """The roots that this system trusts, which may include an organisation's own; else those of Mozilla."""
    # Not `cafile`, which follows SSL_CERT_FILE: in a shell set up for this server, that is the bundle itself.
    candidates = (ssl.get_default_verify_paths().openssl_cafile, *_SYSTEM_ROOTS, certifi.where())
    return next(Path(each).read_bytes() for each in candidates if Path(each).is_file())


def _keep(file: Path, content: bytes) -> None:
    """Write a public file unless it is there already with this content."""
    if not file.is_file() or file.read_bytes() != content:
        replace(file, content, public=True)

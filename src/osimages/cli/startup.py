"""What can be known before a server starts: whether its settings go together, and whether its port is free."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from osimages.entra import KeyFile, KeyFileError
from osimages.entra.emulator.certificates import AUTHORITY_FILE
from osimages.entra.emulator.directory_file import FILE_NAME as DIRECTORY_FILE
from osimages.entra.emulator.encrypted_tokens import FILE_NAME as SEALING_FILE
from osimages.entra.emulator.private_files import open_to_others
from osimages.entra.emulator.shared_state import FILE_NAME as STATE_FILE
from osimages.entra.emulator.signing_keys import FILE_NAME as SIGNING_FILE
from osimages.entra.emulator.signing_keys import RETIRED_FILE_NAME
from osimages.graph.forwarded import is_public_url, networks
from osimages.graph.known_hosts import allowed_hosts, is_loopback
from osimages.settings import Settings

_BIND_ADVICE = {
    errno.EADDRINUSE: "end what listens there, or choose another with --port",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
}


def check_settings(settings: Settings) -> None:
    """Raises ClickException for settings that do not go together or would not be safe."""
    is_exposed = settings.authority == "dev" and settings.expose_development
    if settings.http and not is_loopback(settings.host) and not is_exposed:
        advice = "" if settings.authority == "entra" else " --expose-development opens it where only friends reach it."
        raise click.ClickException(
            f"Plain HTTP would send tokens in the clear to {settings.host}: "
            f"--http is for loopback addresses only.{advice}"
        )
    if settings.authority == "dev" and not is_exposed and not is_loopback(settings.host):
        raise click.ClickException(
            f"On {settings.host} anybody who reaches this machine could sign in: the emulator's secret "
            "is public: listen on a loopback address, or say --expose-development where only friends reach it."
        )
    if settings.seed and settings.authority != "dev":
        raise click.ClickException("--seed is for the emulator's tenants: leave it out, or use --authority dev.")
    _check_authority(settings)
    try:
        networks(settings.trusted_proxies)
        allowed_hosts(settings.allowed_host)
        named = allowed_hosts(settings.tls_name, "tls_name")
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if named and (settings.http or settings.tls_certificate):
        used = "--http serves without one" if settings.http else "tls_certificate is one of your own"
        raise click.ClickException(f"--tls-name is for the generated certificate, and {used}: use --allowed-host.")
    if settings.public_url and not is_public_url(settings.public_url):
        raise click.ClickException(f"--public-url {settings.public_url} is no URL: write https://HOST or http://HOST.")


def free_port(host: str, port: int) -> int:
    """The port, known to be free; a free one for 0. Asked first, as the server would share a port with another one."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise click.ClickException(f"The address {host} is not known here: {error.strerror}.") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            # As the server itself does: connections that ended a moment ago do not keep the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            advice = _BIND_ADVICE.get(error.errno or 0, "choose another with --port")
            raise click.ClickException(f"{host} port {port} cannot be had ({error.strerror}): {advice}.") from None
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a certificate with its chain, and of its private key; how long one of the user's own is good."""

    certificate: Path
    key: Path
    until: datetime | None = None


def own_tls(settings: Settings) -> Tls | None:
    """The certificate that the settings name; None where one is to be made. Raises ClickException."""
    if not settings.tls_certificate and not settings.tls_key:
        return None
    found = Tls(Path(settings.tls_certificate), Path(settings.tls_key))
    try:
        certificate = x509.load_pem_x509_certificate(found.certificate.read_bytes())
        content = found.key.read_bytes()
        key = load_pem_private_key(content, password=None)
    except OSError as error:
        raise click.ClickException(
            f"{error.filename} cannot be read ({error.strerror}): tls_certificate and tls_key name a file each."
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise click.ClickException(f"tls_certificate or tls_key is no PEM file that can be used: {error}.") from None
    if key.public_key() != certificate.public_key():
        raise click.ClickException(f"The key in {found.key} is not that of the certificate in {found.certificate}.")
    if b"BEGIN PRIVATE KEY" not in content:
        advice = "openssl pkcs8 -topk8 -nocrypt -in KEY -out NEWKEY"
        raise click.ClickException(f"The key in {found.key} is not in the form PKCS#8: make it so with `{advice}`.")
    return replace(found, until=certificate.not_valid_after_utc)


def open_files(settings: Settings) -> list[tuple[Path, int]]:
    """Return the folder and files with secrets that others than their owner may use, with their modes."""
    folder = settings.data_path
    keys = (AUTHORITY_FILE, "server.pem", SIGNING_FILE, RETIRED_FILE_NAME, SEALING_FILE, DIRECTORY_FILE, STATE_FILE)
    paths = [folder, *(folder / each for each in keys)]
    if settings.database_server is None:
        file = settings.database_path
        paths += [file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")]
    return open_to_others(paths)


def certificate_hosts(settings: Settings) -> tuple[str, ...]:
    """The hosts that clients reach the server by, but for the local ones."""
    names = {
        settings.host,
        urlsplit(settings.public_url).hostname or "localhost",
        *allowed_hosts(settings.allowed_host),
        *allowed_hosts(settings.tls_name, "tls_name"),
    }
    return tuple(sorted(names - {"0.0.0.0", "::"}))  # noqa: S104


def _check_authority(settings: Settings) -> None:
    if settings.authority != "entra":
        return
    if settings.authority_url and urlsplit(settings.authority_url).scheme != "https":
        raise click.ClickException(f"authority_url {settings.authority_url} is not safe: write https://HOST.")
    try:
        if settings.keys_file:
            KeyFile(Path(settings.keys_file))
    except KeyFileError as error:
        raise click.ClickException(f"{error} Fetch one anew from Entra ID: docs/entra.md says where.") from None

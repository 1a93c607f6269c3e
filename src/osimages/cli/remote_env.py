"""`osimages env --from URL`: the certificate and a token of a server elsewhere."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from osimages.entra.emulator.certificates import public_roots
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT
from osimages.entra.emulator.private_files import private_directory, replace
from osimages.graph.forwarded import is_public_url

_TIMEOUT_SECONDS = 10
_MOST_BYTES = 64 * 1024
_SHA256_DIGITS = 64


def fetch_authority(url: str, pin: str | None) -> bytes | None:
    """Return the certificate of the authority of the server at an address, in PEM.

    It comes over a connection that nothing vouches for yet: `pin` is the SHA-256 fingerprint that it must have. None:
    the server has a certificate of its owner's, or speaks plain HTTP. Raises ClickException.
    """
    if not is_public_url(url):
        raise click.ClickException(f"{url} is no URL: write https://HOST:PORT.")
    if url.startswith("http:"):
        if pin is not None:
            raise click.ClickException(f"{url} has no certificate: --ca-sha256 is for https.")
        return None
    # Nothing secret is sent, and the token is asked for over a connection that this certificate vouches for.
    reply = _answer("GET", f"{url}/-/ca.pem", verify=False)
    if reply.status_code == httpx.codes.NOT_FOUND and pin is None:
        return None
    try:
        if reply.status_code != httpx.codes.OK or len(reply.content) > _MOST_BYTES:
            raise ValueError("no certificate")
        certificate = x509.load_pem_x509_certificate(reply.content)
    except ValueError:
        raise click.ClickException(
            f"{url}/-/ca.pem answers {reply.status_code}, and no certificate: is this server osimages, with a "
            "certificate of its own?"
        ) from None
    _check_fingerprint(url, certificate.fingerprint(SHA256()).hex(), pin)
    return reply.content


def write_trust(url: str, authority: bytes, folder: Path) -> tuple[Path, Path]:
    """Write the certificate of a server's authority; return the files with it and the public roots, and with it alone.

    Raises ClickException.
    """
    address = urlsplit(url)
    below = folder / "servers" / f"{address.hostname}-{address.port or 443}".replace(":", "_")
    try:
        private_directory(folder)
        replace(below / "ca.pem", authority, public=True)
        replace(below / "bundle.pem", public_roots() + b"\n" + authority, public=True)
    except OSError as error:
        raise click.ClickException(f"{error.filename or below} cannot be written: {error.strerror}.") from None
    return below / "bundle.pem", below / "ca.pem"


def fetch_token(url: str, authority: Path | None) -> str:
    """Return a token for the default application, with all its permissions. Raises ClickException."""
    verify = True if authority is None else ssl.create_default_context(cafile=str(authority))
    form = {
        "grant_type": "client_credentials",
        "client_id": DEFAULT_APPLICATION,
        "client_secret": DEFAULT_CLIENT_SECRET,
        "scope": "00000003-0000-0000-c000-000000000000/.default",  # Graph, whatever its cloud
    }
    reply = _answer("POST", f"{url}/{DEFAULT_TENANT}/oauth2/v2.0/token", verify=verify, data=form)
    try:
        found = reply.json()
        if reply.status_code == httpx.codes.OK:
            return str(found["access_token"])
        problem = str(found.get("error_description") or f"HTTP {reply.status_code}: it runs without the emulator")
    except (ValueError, LookupError, AttributeError):
        problem = f"HTTP {reply.status_code}, and no JSON"
    raise click.ClickException(f"{url} gives no token: {problem.rstrip('.')}.")


def _check_fingerprint(url: str, fingerprint: str, pin: str | None) -> None:
    if pin is None:
        click.echo(f"The authority of {url} has the SHA-256 fingerprint {fingerprint}: --ca-sha256 pins it.", err=True)
        return
    bare = pin.replace(":", "").strip().lower()
    if len(bare) != _SHA256_DIGITS or set(bare) - set("0123456789abcdef"):
        raise click.ClickException(f"--ca-sha256 {pin}: a SHA-256 fingerprint has {_SHA256_DIGITS} hexadecimal digits.")
    if bare != fingerprint:
        raise click.ClickException(
            f"The authority of {url} has the SHA-256 fingerprint {fingerprint}, not {bare}: it is another server, or "
            "one with a new data directory."
        )


def _answer(
    method: str, url: str, *, verify: bool | ssl.SSLContext, data: dict[str, str] | None = None
) -> httpx.Response:
    try:
        return httpx.request(method, url, verify=verify, data=data, timeout=_TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(f"{url} cannot be reached: {error}.") from None

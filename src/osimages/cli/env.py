"""`osimages env`: variables that point a shell and its programs at a server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from osimages.cli.known import complaints, known_in
from osimages.cli.options import data_dir_option, more, settings_from
from osimages.cli.server_address import server_address
from osimages.cli.shells import LINE
from osimages.cli.token import development_token
from osimages.entra import Certificates
from osimages.entra.emulator.default_directory import (
    DEFAULT_APPLICATION,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_TENANT,
    IDENTITY_HEADER,
)
from osimages.entra.emulator.federation import LIFETIME, service_account_token
from osimages.entra.emulator.private_files import replace
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.settings import Settings

FEDERATED_TOKEN_FILE = "federated-token"  # noqa: S105 (a name)


@click.command(
    short_help="Print variables for a shell: address, token, certificates.",
    epilog=more(
        "docs/sdk.md, docs/deploy.md",
        'eval "$(osimages env)"',
        "osimages env --shell powershell | Invoke-Expression",
        'eval "$(osimages env --from https://emulator:8443 --ca-sha256 FINGERPRINT)"',
    ),
)
@data_dir_option
@click.option("--shell", type=click.Choice(sorted(LINE)), default="posix", help="Whose syntax to print (posix).")
@click.option("--from", "source", metavar="URL", help="Ask a running server for its certificate and a token.")
@click.option("--ca-sha256", "pin", metavar="HEX", help="SHA-256 fingerprint that the certificate of --from must have.")
def env(data_dir: str | None, shell: str, source: str | None, pin: str | None) -> None:
    """Print what a shell needs: eval "$(osimages env)", or in PowerShell
    osimages env --shell powershell | Invoke-Expression.

    With --from URL it is for a server elsewhere: in a container, on another machine.
    """
    settings = settings_from({"data_dir": data_dir})
    if source is None and pin is not None:
        raise click.UsageError("--ca-sha256 belongs to --from URL.")
    values = _local_values(settings) if source is None else _remote_values(source.rstrip("/"), pin, settings)
    for name, value in values.items():
        click.echo(LINE[shell](name, value))


def _local_values(settings: Settings) -> dict[str, str]:
    """The variables for the server of the data directory."""
    address = server_address(settings)
    values = _endpoints(address.public, development_token(settings))
    if address.local.startswith("https:"):
        try:
            certificates = Certificates.trusted(settings.data_path)
        except OSError as error:
            raise click.ClickException(
                f"{error.filename or settings.data_path} cannot be used: {error.strerror}."
            ) from None
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        values |= _trust(certificates.bundle, certificates.authority)
    if address.public.startswith("https:"):
        values |= _authority(address.public) | _application(settings.data_path)
    if not address.is_running:
        where = f"{address.public} is where one would be"
        click.echo(f"No server is running on {settings.data_path}: {where}. Start it: osimages serve", err=True)
    return values


def _remote_values(url: str, pin: str | None, settings: Settings) -> dict[str, str]:
    """The variables for the server at an address, whose certificates are written below the data directory."""
    from osimages.cli.remote_env import fetch_authority, fetch_token, write_trust

    found = fetch_authority(url, pin)
    trusted = None if found is None else write_trust(url, found, settings.data_path)
    values = _endpoints(url, fetch_token(url, None if trusted is None else trusted[1]))
    if trusted is not None:
        values |= _trust(*trusted)
    if url.startswith("https:"):
        values |= _authority(url) | {
            "AZURE_CLIENT_ID": DEFAULT_APPLICATION,
            "AZURE_CLIENT_SECRET": DEFAULT_CLIENT_SECRET,
        }
    return values


def _endpoints(url: str, token: str) -> dict[str, str]:
    """The variables that every server has: its address, a token, and its managed identity."""
    from osimages.entra.emulator.managed_identity import TOKEN_PATH

    return {
        "OSIMAGES_URL": url,
        "OSIMAGES_TOKEN": token,
        # DefaultAzureCredential asks Microsoft about an authority that it does not know, but not about an identity's.
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": f"{url}/{TOKEN_PATH}",
        "IDENTITY_HEADER": IDENTITY_HEADER,
    }


def _trust(bundle: Path, authority: Path) -> dict[str, str]:
    """The variables through which programs trust a certificate."""
    return {
        "SSL_CERT_FILE": str(bundle.resolve()),
        # Where it is set already, curl looks at this one first.
        "CURL_CA_BUNDLE": str(bundle.resolve()),
        "REQUESTS_CA_BUNDLE": str(bundle.resolve()),
        "NODE_EXTRA_CA_CERTS": str(authority.resolve()),
    }


def _authority(url: str) -> dict[str, str]:
    """The variables of azure-identity, which takes no authority without TLS."""
    return {"AZURE_AUTHORITY_HOST": url, "AZURE_TENANT_ID": DEFAULT_TENANT}


def _application(folder: Path) -> dict[str, str]:
    """The default application, or the first one with a secret where somebody has removed that."""
    known = known_in(folder)
    candidates = (known.application(DEFAULT_APPLICATION), *known.applications)
    found = next((each for each in candidates if each is not None and each.secrets), None)
    if found is None:
        return {}
    return {
        "AZURE_CLIENT_ID": found.id,
        "AZURE_CLIENT_SECRET": found.secrets[0],
        "AZURE_FEDERATED_TOKEN_FILE": str(_federated_token_file(folder, found.id)),
    }


def _federated_token_file(folder: Path, application: str) -> Path:
    """Write the token with which WorkloadIdentityCredential proves an application, good for a day, into a file."""
    from osimages.cli.turns import state_of

    file, now = (folder / FEDERATED_TOKEN_FILE).resolve(), datetime.now(UTC)
    with complaints():
        keys = SigningKeys.load_or_create(folder)
        with state_of(folder) as state:
            state.note_long_lived(keys.kid, (now + LIFETIME).timestamp())
        replace(file, service_account_token(keys, application, now).encode(), public=False)
    return file

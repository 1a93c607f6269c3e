"""`osimages env`: export lines that point a shell and its programs at the server of a data directory."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from osimages.cli.known import complaints, known_in
from osimages.cli.options import data_dir_option, more, server_url, settings_from
from osimages.cli.token import development_token
from osimages.cli.turns import state_of
from osimages.entra.emulator.certificates import Certificates
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, IDENTITY_HEADER
from osimages.entra.emulator.federation import LIFETIME, service_account_token
from osimages.entra.emulator.managed_identity import TOKEN_PATH
from osimages.entra.emulator.private_files import replace
from osimages.entra.emulator.signing_keys import SigningKeys

FEDERATED_TOKEN_FILE = "federated-token"  # noqa: S105 (a name)

_LINE = {
    "posix": lambda name, value: f"export {name}={shlex.quote(value)}",
    "powershell": lambda name, value: "$env:{} = '{}'".format(name, value.replace("'", "''")),
}


@click.command(
    short_help="Print variables for a shell: address, token, certificates.",
    epilog=more("docs/sdk.md", 'eval "$(osimages env)"', "osimages env --shell powershell | Invoke-Expression"),
)
@data_dir_option
@click.option("--shell", type=click.Choice(sorted(_LINE)), default="posix", help="Whose syntax to print (posix).")
def env(data_dir: str | None, shell: str) -> None:
    """Print what a shell needs: eval "$(osimages env)", or in PowerShell
    osimages env --shell powershell | Invoke-Expression.
    """
    settings = settings_from({"data_dir": data_dir})
    url, is_running = server_url(settings)
    values = {
        "OSIMAGES_URL": url,
        "OSIMAGES_TOKEN": development_token(settings),
        # DefaultAzureCredential asks Microsoft about an authority that it does not know, but not about an identity's.
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": f"{url}/{TOKEN_PATH}",
        "IDENTITY_HEADER": IDENTITY_HEADER,
    }
    if url.startswith("https:"):
        try:
            certificates = Certificates.trusted(settings.data_path)
        except OSError as error:
            raise click.ClickException(
                f"{error.filename or settings.data_path} cannot be used: {error.strerror}."
            ) from None
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        values |= {
            "SSL_CERT_FILE": str(certificates.bundle.resolve()),
            # Where it is set already, curl looks at this one first.
            "CURL_CA_BUNDLE": str(certificates.bundle.resolve()),
            "REQUESTS_CA_BUNDLE": str(certificates.bundle.resolve()),
            "NODE_EXTRA_CA_CERTS": str(certificates.authority.resolve()),
        }
        # azure-identity takes no authority without TLS.
        values |= {"AZURE_AUTHORITY_HOST": url, "AZURE_TENANT_ID": DEFAULT_TENANT} | _application(settings.data_path)
    for name, value in values.items():
        click.echo(_LINE[shell](name, value))
    if not is_running:
        said = f"No server is running on {settings.data_path}: {url} is where one would be. Start it: osimages serve"
        click.echo(said, err=True)


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
    file, now = (folder / FEDERATED_TOKEN_FILE).resolve(), datetime.now(UTC)
    with complaints():
        keys = SigningKeys.load_or_create(folder)
        with state_of(folder) as state:
            state.note_long_lived(keys.kid, (now + LIFETIME).timestamp())
        replace(file, service_account_token(keys, application, now).encode(), public=False)
    return file

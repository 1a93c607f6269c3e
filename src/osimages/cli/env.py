"""`osimages env`: export lines that point a shell and its programs at the server of a data directory."""

from __future__ import annotations

import shlex

import click

from osimages.cli.known import folder_of, known_in
from osimages.cli.options import data_dir_option, more, server_url, settings_from
from osimages.cli.token import development_token
from osimages.issuer.applications import DEFAULT_APPLICATION, DEFAULT_TENANT
from osimages.issuer.certificates import Certificates

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
    values = {"OSIMAGES_URL": url, "OSIMAGES_TOKEN": development_token(settings)}
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
        values |= {"AZURE_AUTHORITY_HOST": url, "AZURE_TENANT_ID": DEFAULT_TENANT} | _application(data_dir)
    for name, value in values.items():
        click.echo(_LINE[shell](name, value))
    if not is_running:
        said = f"No server is running on {settings.data_path}: {url} is where one would be. Start it: osimages serve"
        click.echo(said, err=True)


def _application(data_dir: str | None) -> dict[str, str]:
    """The default application, or the first one with a secret where somebody has removed that."""
    known = known_in(folder_of(data_dir))
    candidates = (known.application(DEFAULT_APPLICATION), *known.applications)
    found = next((each for each in candidates if each is not None and each.secrets), None)
    return {} if found is None else {"AZURE_CLIENT_ID": found.id, "AZURE_CLIENT_SECRET": found.secrets[0]}

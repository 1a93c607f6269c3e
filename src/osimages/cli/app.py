"""`osimages app`: the applications that the Entra ID emulator knows."""

from __future__ import annotations

import json
import secrets
import uuid
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

from osimages.cli.known import check_permissions, folder_of, known_in
from osimages.cli.options import data_dir_option, json_option, more
from osimages.cli.table import print_table
from osimages.cli.turns import changed
from osimages.entra.emulator.directory import Application, Directory, certificate_of

_SECRET_BYTES = 24


@click.group(short_help="Applications that may sign in (development).")
def app() -> None:
    """Applications of the Entra ID emulator: they are kept in authority.json in the data directory, which running
    servers read again when it changes. You may edit it by hand.
    """


@app.command(
    short_help="Register an application.",
    epilog=more(
        "docs/entra-emulator-reference.md",
        'osimages app add "My service" --permission DeviceManagementConfiguration.Read.All',
        'osimages app add "My web app" --redirect-uri https://app.example/signed-in --consent',
    ),
)
@click.argument("name")
@data_dir_option
@click.option("--id", "identity", type=click.UUID, metavar="GUID", help="Client id (a new one).")
@click.option("--tenant", type=click.UUID, metavar="GUID", help="The one tenant that knows it (every tenant).")
@click.option("--secret", metavar="TEXT", help="Client secret (a random one, without --public and --certificate).")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with a certificate in PEM, whose key it signs with; repeat it for more.",
)
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="Where a browser may return to.")
@click.option("--public", is_flag=True, help="A public client: it need not prove itself.")
@click.option("--permission", "permissions", multiple=True, metavar="NAME", help="Permission of its own (roles).")
@click.option("--scope", "scopes", multiple=True, metavar="NAME", help="Delegated permission that .default asks for.")
@click.option("--consent", is_flag=True, help="An administrator has agreed: users are not asked.")
@click.option("--identifier-uri", "identifier_uris", multiple=True, metavar="URI", help="Its name as a resource.")
@click.option("--expose", "exposed", multiple=True, metavar="NAME", help="Permission that it offers as a resource.")
@click.option("--token-version", type=click.IntRange(1, 2), default=1, help="Version of the tokens that it gets (1).")
@json_option
def add(
    name: str,
    data_dir: str | None,
    as_json: bool,
    permissions: tuple[str, ...],
    scopes: tuple[str, ...],
    **given: object,
) -> None:
    """Register an application. Prints its id, and its secret where it has one."""
    check_permissions(permissions, of_graph=True)
    check_permissions(scopes, of_graph=False)
    application = _application(name, {**given, "permissions": permissions, "scopes": scopes})

    def with_it(directory: Directory) -> Directory:
        if directory.application(application.id) is not None:
            raise click.ClickException(f"There is an application {application.id} already: osimages app list.")
        return msgspec.structs.replace(directory, applications=(*directory.applications, application))

    changed(data_dir, with_it)
    if as_json:
        click.echo(json.dumps({"id": application.id, "secrets": list(application.secrets)}, indent=2))
        return
    click.echo(f"Client id:     {application.id}")
    for secret in application.secrets:
        click.echo(f"Client secret: {secret}")


@app.command(
    name="list",
    short_help="Show the applications.",
    epilog=more("docs/entra-emulator-reference.md", "osimages app list --json"),
)
@data_dir_option
@json_option
def list_(data_dir: str | None, as_json: bool) -> None:
    """Print the applications; their secrets stay in authority.json."""
    found = known_in(folder_of(data_dir)).applications
    if as_json:
        shown = [msgspec.to_builtins(each) | {"secrets": len(each.secrets)} for each in found]
        click.echo(json.dumps(shown, indent=2))
        return
    rows = [
        (
            each.display_name,
            each.id,
            _proofs(each),
            " ".join(each.application_permissions),
            " ".join(each.redirect_uris),
        )
        for each in found
    ]
    print_table(("Application", "Client id", "Proves itself with", "Own permissions", "Redirect URIs"), rows)


@app.command(
    short_help="Remove an application.",
    epilog=more("docs/entra-emulator-reference.md", 'osimages app remove "My service"'),
)
@click.argument("application")
@data_dir_option
def remove(application: str, data_dir: str | None) -> None:
    """Remove an application, by its id or its name. Tokens that it has already stay good until they expire."""

    def without_it(directory: Directory) -> Directory:
        fitting = {each.id for each in directory.applications if application in (each.id, each.display_name)}
        if len(fitting) != 1:
            found = "There is no application" if not fitting else f"There are {len(fitting)} applications"
            raise click.ClickException(f"{found} '{application}': osimages app list shows them all, with their ids.")
        left = tuple(each for each in directory.applications if each.id not in fitting)
        return msgspec.structs.replace(directory, applications=left)

    changed(data_dir, without_it)


def _application(name: str, given: dict[str, object]) -> Application:
    certificates, is_public = tuple(map(_certificate, given["certificates"])), bool(given["public"])  # type: ignore[call-overload]
    secret = given["secret"]
    if secret is None and not certificates and not is_public:
        secret = secrets.token_urlsafe(_SECRET_BYTES)
    try:
        return msgspec.convert(
            {
                "id": str(given["identity"] or uuid.uuid4()),
                "displayName": name,
                "tenant": None if given["tenant"] is None else str(given["tenant"]),
                "secrets": () if secret is None else (secret,),
                "certificates": certificates,
                "redirectUris": given["redirect_uris"],
                "publicClient": is_public,
                "applicationPermissions": given["permissions"],
                "delegatedPermissions": given["scopes"],
                "adminConsent": given["consent"],
                "identifierUris": given["identifier_uris"],
                "exposedPermissions": given["exposed"],
                "tokenVersion": given["token_version"],
            },
            Application,
        )
    except msgspec.ValidationError as error:
        raise click.ClickException(f"This cannot be registered: {error}.") from None


def _certificate(file: Path) -> str:
    """The certificate in a file, without the private key that may lie beside it."""
    try:
        found = certificate_of(file.read_text(encoding="ascii", errors="replace"))
    except ValueError:
        raise click.ClickException(f"{file} holds no certificate in PEM.") from None
    return found.public_bytes(Encoding.PEM).decode("ascii")


def _proofs(application: Application) -> str:
    """How an application may prove itself: in words, certificates by their thumbprints as portals show them."""
    secrets_of = ["a secret"] if application.secrets else []
    prints = [certificate_of(each).fingerprint(SHA1()).hex().upper() for each in application.certificates]  # noqa: S303
    public = ["nothing (public client)"] if application.public_client else []
    return " or ".join([*secrets_of, *prints, *public]) or "nothing: it has no secret"

"""`osimages token`: an access token of the Entra ID emulator, and nothing else, on standard output."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from osimages.cli.known import complaints
from osimages.cli.options import data_dir_option, more, settings_from
from osimages.entra import CLOUDS, Directory, User
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, EVERY_PERMISSION
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_claims import LIFETIME_SECONDS, Issuers
from osimages.entra.emulator.token_signing import mint
from osimages.settings import CLOUD_NAMES, Settings


@click.command(
    epilog=more(
        "docs/entra-emulator-reference.md",
        "osimages token",
        "osimages token --permission DeviceManagementConfiguration.Read.All",
        "osimages token --as megan.bowen@contoso.example",
    )
)
@data_dir_option
@click.option("--tenant", type=click.UUID, metavar="GUID", help="Tenant (the default tenant).")
@click.option("--app/--user", "application", default=True, help="Application (default) or delegated token.")
@click.option("--as", "person", metavar="NAME", help="Delegated token for that user: osimages user list.")
@click.option(
    "--permission", "permissions", multiple=True, metavar="NAME", help="Permission; repeat it for more (all)."
)
@click.option(
    "--expires-in",
    type=int,
    default=3600,
    metavar="SECONDS",
    help="Lifetime (3600), plus 300 of tolerance; 0: expired.",
)
@click.option("--cloud", type=click.Choice(CLOUD_NAMES), help="National cloud whose tokens the server takes (global).")
def token(
    data_dir: str | None,
    tenant: object,
    application: bool,
    person: str | None,
    permissions: tuple[str, ...],
    expires_in: int,
    cloud: str | None,
) -> None:
    """Print an access token for the server of the data directory."""
    settings = settings_from({"data_dir": data_dir, "cloud": cloud})
    for name in sorted(set(permissions) - set(EVERY_PERMISSION)):
        click.echo(
            f"'{name}' is no permission that this API asks for; it asks for {' or '.join(EVERY_PERMISSION)}.", err=True
        )
    click.echo(
        development_token(
            settings,
            tenant=str(tenant or DEFAULT_TENANT),
            permissions=permissions or EVERY_PERMISSION,
            user=not application or person is not None,
            person=person,
            expires_in=expires_in,
        )
    )


def development_token(
    settings: Settings,
    *,
    tenant: str = DEFAULT_TENANT,
    permissions: tuple[str, ...] = EVERY_PERMISSION,
    user: bool = False,
    person: str | None = None,
    expires_in: int = 3600,
) -> str:
    """A token signed with the key in the data directory, which is made where there is none. Raises ClickException."""
    folder, now, cloud = settings.data_path, datetime.now(UTC), CLOUDS[settings.cloud]
    with complaints():
        keys, directory = SigningKeys.load_or_create(folder), DirectoryFile(folder).load()
        if expires_in > LIFETIME_SECONDS:
            # So that a rotation of the keys keeps this one long enough.
            from osimages.cli.turns import state_of

            with state_of(folder) as state:
                state.note_long_lived(keys.kid, now.timestamp() + expires_in)
    return mint(
        keys,
        tenant=tenant,
        application=DEFAULT_APPLICATION,
        permissions=permissions,
        user=user,
        expires_in=expires_in,
        now=now,
        skew_seconds=settings.token_skew_seconds,
        directory=directory,
        person=None if person is None else _person(directory, person, tenant),
        issuers=Issuers(*cloud.issuer_forms),
        audience=cloud.graph_roots[0],
    )


def _person(directory: Directory, name: str, tenant: str) -> User:
    found = directory.user_named(name, tenant)
    if found is None:
        raise click.ClickException(f"There is no user '{name}' in tenant {tenant}: osimages user list shows them all.")
    return found

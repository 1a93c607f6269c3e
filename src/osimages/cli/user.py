"""`osimages user`: the people whom the Entra ID emulator knows."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import get_args

import click
import msgspec

from osimages.cli.known import check_permissions, folder_of, known_in
from osimages.cli.options import data_dir_option, json_option, more
from osimages.cli.table import print_table
from osimages.cli.turns import changed
from osimages.entra.emulator.default_directory import DEFAULT_PASSWORD
from osimages.entra.emulator.directory import Directory, DirectoryRole, PrincipalName, User


@click.group(short_help="Users who may sign in (development).")
def user() -> None:
    """Users of the Entra ID emulator: they are kept in authority.json in the data directory, which running servers
    read again when it changes. You may edit it by hand.
    """


@user.command(
    short_help="Add a user.",
    epilog=more(
        "docs/entra-emulator-reference.md",
        'osimages user add jo@contoso.example --name "Jo Doe" --role "Global Reader"',
    ),
)
@click.argument("principal_name")
@data_dir_option
@click.option("--name", help="Display name (what stands before the @).")
@click.option("--id", "identity", type=click.UUID, metavar="GUID", help="Object id (a new one).")
@click.option("--tenant", type=click.UUID, metavar="GUID", help="The tenant that the user belongs to (every tenant).")
@click.option("--password", default=DEFAULT_PASSWORD, help=f"For the password grant ({DEFAULT_PASSWORD}).")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="NAME",
    help="Permission that the user may consent to; repeat it for more (all).",
)
@click.option("--role", "roles", multiple=True, type=click.Choice(get_args(DirectoryRole)), help="Directory role.")
@click.option("--guest", is_flag=True, help="A guest from another organisation.")
@click.option("--no-intune-role", is_flag=True, help="Signed in, but refused by Intune for want of a role.")
@json_option
def add(
    principal_name: str, data_dir: str | None, as_json: bool, permissions: tuple[str, ...], **given: object
) -> None:
    """Add a user by the name that is typed to sign in: someone@contoso.example. Prints the object id."""
    check_permissions(permissions, of_graph=False)
    try:
        msgspec.convert(principal_name, PrincipalName)
    except msgspec.ValidationError:
        raise click.ClickException(
            f"'{principal_name}' is no name to sign in with: write it like someone@contoso.example."
        ) from None
    try:
        added = msgspec.convert(_properties(principal_name, {**given, "permissions": permissions}), User)
    except msgspec.ValidationError as error:
        raise click.ClickException(f"This user cannot be added: {error}.") from None
    changed(data_dir, lambda directory: msgspec.structs.replace(directory, users=(*directory.users, added)))
    click.echo(json.dumps({"id": added.id}, indent=2) if as_json else f"Object id: {added.id}")


@user.command(
    name="list",
    short_help="Show the users.",
    epilog=more("docs/entra-emulator-reference.md", "osimages user list --json"),
)
@data_dir_option
@json_option
def list_(data_dir: str | None, as_json: bool) -> None:
    """Print the users; their passwords stay in authority.json."""
    found = known_in(folder_of(data_dir)).users
    if as_json:
        shown = [msgspec.to_builtins(each) | {"password": each.password is not None} for each in found]
        click.echo(json.dumps(shown, indent=2))
        return
    rows = [
        (
            each.display_name,
            each.user_principal_name,
            each.id,
            each.tenant or "every tenant",
            ", ".join(each.directory_roles),
            "yes" if each.intune_role else "no",
            "all" if each.delegated_permissions is None else " ".join(each.delegated_permissions),
        )
        for each in found
    ]
    print_table(("User", "Principal name", "Object id", "Tenant", "Roles", "Intune role", "May consent to"), rows)


@user.command(
    short_help="Remove a user.",
    epilog=more("docs/entra-emulator-reference.md", "osimages user remove jo@contoso.example"),
)
@click.argument("name")
@data_dir_option
def remove(name: str, data_dir: str | None) -> None:
    """Remove a user, by principal name or object id. Refresh tokens are worth nothing from now on."""

    def without(directory: Directory) -> Directory:
        found = _found(directory, name)
        return msgspec.structs.replace(directory, users=tuple(each for each in directory.users if each is not found))

    changed(data_dir, without)


@user.command(
    short_help="End all sessions of a user.",
    epilog=more("docs/testing-failures.md", "osimages user revoke jo@contoso.example"),
)
@click.argument("name")
@data_dir_option
def revoke(name: str, data_dir: str | None) -> None:
    """Make what a user was granted until now worth nothing: refresh tokens, codes, and what waits for approval."""
    # Grants know their second, no more: what was granted in this one is worth nothing, either.
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)

    def with_end(directory: Directory) -> Directory:
        found = _found(directory, name)
        ended = msgspec.structs.replace(found, sign_in_sessions_valid_from=now)
        users = tuple(ended if each is found else each for each in directory.users)
        return msgspec.structs.replace(directory, users=users)

    changed(data_dir, with_end)


def _properties(principal_name: str, given: dict[str, object]) -> dict[str, object]:
    return {
        "id": str(given["identity"] or uuid.uuid4()),
        "displayName": given["name"] or principal_name.partition("@")[0],
        "userPrincipalName": principal_name,
        "tenant": None if given["tenant"] is None else str(given["tenant"]),
        "password": given["password"],
        "delegatedPermissions": given["permissions"] or None,
        "directoryRoles": given["roles"],
        "guest": given["guest"],
        "intuneRole": not given["no_intune_role"],
    }


def _found(directory: Directory, name: str) -> User:
    found = directory.user(name) or directory.user_named(name, None)
    if found is None:
        raise click.ClickException(f"There is no user '{name}': osimages user list shows them all.")
    return found

"""`osimages tenant`: which tenants are served, with what licence and catalogue, and what is revoked in them."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from
from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.graph.tenant_storage import Tenant
    from osimages.odata.sql.store import Database

Result = TypeVar("Result")
# The data directory and the database, where they are given.
Place = tuple[str | None, str | None]
_CATALOGUES = ("supported", "all", "none")
tenant_argument = click.argument("tenant", type=click.UUID, metavar="TENANT")


@click.group(short_help="Add, license and remove tenants.")
def tenant() -> None:
    """Tenants, by their GUIDs. Running servers follow within a second.

    With development tokens, a tenant comes into being with its first request; with tokens of Entra ID it must be added.
    """


@tenant.command(
    short_help="Add a tenant.",
    epilog=more(
        "docs/entra.md",
        "osimages tenant add 7b0e7f2c-5f0e-4c53-9f0a-3c1d3b2a1e5d --name Contoso",
        "osimages tenant add --empty",
    ),
)
@click.argument("tenant", type=click.UUID, metavar="[TENANT]", required=False)
@data_dir_option
@database_option
@click.option("--name", help="Name, for you alone (the GUID).")
@click.option("--catalogue", type=click.Choice(_CATALOGUES), help="Supported releases, all, or none (supported).")
@click.option("--empty", is_flag=True, help="The same as --catalogue none.")
@click.option("--unlicensed", is_flag=True, help="Without an Intune licence: requests get 400.")
@json_option
def add(
    tenant: uuid.UUID | None,
    data_dir: str | None,
    database: str | None,
    name: str | None,
    catalogue: str | None,
    empty: bool,
    unlicensed: bool,
    as_json: bool,
) -> None:
    """Add a tenant with that GUID, or a new one, and print its GUID."""
    from osimages.graph.tenant_storage import Tenant, add_tenant, tenant_named

    if empty and catalogue not in (None, "none"):
        raise click.UsageError(f"--empty and --catalogue {catalogue} contradict each other.")
    identity = str(tenant or uuid.uuid4())
    added = Tenant(identity, name or identity, not unlicensed, "none" if empty else catalogue or "supported")

    async def work(opened: Database) -> None:
        if await opened.read(tenant_named(identity)) is not None:
            raise click.ClickException(f"The tenant {identity} is there already.")
        await opened.change(add_tenant(added))

    _with_database((data_dir, database), work)
    click.echo(json.dumps(_object(added), indent=2) if as_json else identity)


@tenant.command(
    name="list", short_help="Show the tenants.", epilog=more("docs/entra.md", "osimages tenant list --json")
)
@data_dir_option
@database_option
@json_option
def list_(data_dir: str | None, database: str | None, as_json: bool) -> None:
    """Print all tenants."""
    from osimages.graph.tenant_storage import tenants

    found = _with_database((data_dir, database), lambda opened: opened.read(tenants()))
    if as_json:
        click.echo(json.dumps([_object(each) for each in found], indent=2))
        return
    rows = [(each.name, each.tenant, "yes" if each.licensed else "no", each.catalogue) for each in found]
    print_table(("Name", "Tenant", "Licensed", "Catalogue"), rows)


@tenant.command(
    short_help="Remove a tenant with all its data.",
    epilog=more("docs/entra.md", "osimages tenant remove 7b0e7f2c-5f0e-4c53-9f0a-3c1d3b2a1e5d --yes"),
)
@tenant_argument
@data_dir_option
@database_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(tenant: uuid.UUID, data_dir: str | None, database: str | None, yes: bool) -> None:
    """Take a tenant away with its images and its audit, for good."""
    from osimages.graph.tenant_storage import remove_tenant

    if not yes:
        click.confirm(f"Remove the tenant {tenant} with its images and its audit, for good?", abort=True, err=True)
    _found(tenant, _with_database((data_dir, database), lambda opened: opened.change(remove_tenant(str(tenant)))))


@tenant.command(
    name="license",
    short_help="Give a tenant its licence.",
    epilog=more("docs/entra.md", "osimages tenant license 7b0e7f2c-5f0e-4c53-9f0a-3c1d3b2a1e5d"),
)
@tenant_argument
@data_dir_option
@database_option
def license_(tenant: uuid.UUID, data_dir: str | None, database: str | None) -> None:
    """Serve a tenant that was not licensed."""
    _license(tenant, (data_dir, database), licensed=True)


@tenant.command(
    short_help="Take a tenant's licence away.",
    epilog=more("docs/entra.md", "osimages tenant unlicense 7b0e7f2c-5f0e-4c53-9f0a-3c1d3b2a1e5d"),
)
@tenant_argument
@data_dir_option
@database_option
def unlicense(tenant: uuid.UUID, data_dir: str | None, database: str | None) -> None:
    """Refuse a tenant's requests (400 "Request not applicable to target tenant."); its data stays."""
    _license(tenant, (data_dir, database), licensed=False)


@tenant.command(
    short_help="Make tokens worth nothing.",
    epilog=more("docs/testing-failures.md", "osimages tenant revoke 7b0e7f2c-5f0e-4c53-9f0a-3c1d3b2a1e5d"),
)
@tenant_argument
@data_dir_option
@database_option
@click.option("--user", type=click.UUID, metavar="GUID", help="Tokens for this user (object id).")
@click.option("--application", type=click.UUID, metavar="GUID", help="Tokens of this application (client id).")
@click.option("--token", metavar="ID", help="The token with this id (claim uti).")
def revoke(
    tenant: uuid.UUID,
    data_dir: str | None,
    database: str | None,
    user: uuid.UUID | None,
    application: uuid.UUID | None,
    token: str | None,
) -> None:
    """Make all tokens of a tenant that were issued until now worth nothing, or those that the options name.

    Clients get a claims challenge, with which those that know continuous access evaluation fetch a new token.
    """
    from osimages.graph.tenant_storage import revoke as revoke_tokens
    from osimages.graph.tenant_storage import tenant_named

    named = {"user": user, "application": application, "token": token}
    subjects = [(kind, str(subject)) for kind, subject in named.items() if subject is not None]
    if len(subjects) > 1:
        raise click.UsageError("Name a user, an application or a token, not several at once.")
    kind, subject = subjects[0] if subjects else ("tenant", "")
    # Tokens know their second, no more: those of this one are worth nothing, either.
    before = int(time.time()) + 1

    async def work(opened: Database) -> bool:
        if await opened.read(tenant_named(str(tenant))) is None:
            return False
        await opened.change(revoke_tokens(str(tenant), kind, subject, before))
        return True

    _found(tenant, _with_database((data_dir, database), work))


def _license(tenant: uuid.UUID, place: Place, *, licensed: bool) -> None:
    from osimages.graph.tenant_storage import license_tenant

    _found(tenant, _with_database(place, lambda opened: opened.change(license_tenant(str(tenant), licensed))))


def _found(tenant: uuid.UUID, was_found: bool) -> None:
    if not was_found:
        raise click.ClickException(f"There is no tenant {tenant}: osimages tenant list shows them all.")


def _object(tenant: Tenant) -> dict[str, object]:
    return {
        "tenant": tenant.tenant,
        "name": tenant.name,
        "licensed": tenant.licensed,
        "catalogue": tenant.catalogue,
        "published": tenant.published,
    }


def _with_database(place: Place, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """What work on the database of a data directory gives. Raises ClickException where that cannot be used."""
    from osimages.app import opened
    from osimages.odata.sql.migrations import SchemaError
    from osimages.odata.sql.store import StoreUnavailableError

    settings = settings_from(dict(zip(("data_dir", "database"), place, strict=True)))

    async def run() -> Result:
        database = await opened(settings)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (SchemaError, StoreUnavailableError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or settings.data_path} cannot be used: {error.strerror}."
        ) from None

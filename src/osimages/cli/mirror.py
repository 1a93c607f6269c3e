"""`osimages catalogue mirror`: takes over the images of another server, or copies them from one server to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from
from osimages.cli.table import print_table
from osimages.cli.update import fetcher_of, token_headers, update_from

if TYPE_CHECKING:
    from osimages.importers.pushing import Pushed
    from osimages.settings import Settings

_FROM_TOKEN, _TO_TOKEN = "OSIMAGES_FROM_TOKEN", "OSIMAGES_TO_TOKEN"


@click.command(
    short_help="Take over the images of another server, or copy them.",
    epilog=more(
        "docs/catalogue.md",
        "osimages catalogue mirror --from https://graph.microsoft.com",
        "osimages catalogue mirror --from https://graph.microsoft.com --to https://localhost:8443 --dry-run",
    ),
)
@click.option(
    "--from", "source", required=True, metavar="URL|FILE", help="A server, such as https://graph.microsoft.com."
)
@click.option("--to", "target", metavar="URL", help="Copy the images to this server instead of into the catalogue.")
@click.option("--dry-run", is_flag=True, help="With --to: only show what would be added and changed.")
@data_dir_option
@database_option
@json_option
def mirror(
    source: str, target: str | None, dry_run: bool, data_dir: str | None, database: str | None, as_json: bool
) -> None:
    """Take the images of another server, Microsoft Graph or osimages, as a source of facts: builds and ends of support.

    With --to, copy them to a server through its API: what is missing is added, what differs is changed, nothing is
    taken away. Tokens come from the variables OSIMAGES_FROM_TOKEN and OSIMAGES_TO_TOKEN, else from azure-identity. Exit
    code 1 when anything failed.
    """
    from osimages.importers.pushing import collection_url

    settings = settings_from({"data_dir": data_dir, "database": database})
    if target is None:
        if dry_run:
            raise click.UsageError(
                "--dry-run goes with --to; without it, osimages catalogue verify shows what follows."
            )
        headers = _headers(_FROM_TOKEN, source)
        update_from(settings, "images", collection_url(source), headers, as_json)
        return
    pushed = _copied(settings, source, target, dry_run)
    if as_json:
        document = {"dryRun": dry_run, "value": pushed}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        print_table(("Image", "Outcome", "Detail"), [(each.id, each.outcome, each.detail) for each in pushed])
    if any(each.outcome == "failed" for each in pushed):
        raise SystemExit(1)


def _copied(settings: Settings, source: str, target: str, dry_run: bool) -> list[Pushed]:
    from osimages.importers.fetching import FetchError
    from osimages.importers.pushing import collection_url, images_at, plan, push
    from osimages.importers.reading import LayoutError

    headers = _headers(_TO_TOKEN, target)
    fetcher = fetcher_of(settings)
    try:
        images = images_at(source, fetcher, _headers(_FROM_TOKEN, source))
        existing = images_at(target, fetcher, headers)
    except (FetchError, LayoutError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        fetcher.close()
    if dry_run:
        return list(plan(images, existing))
    return list(push(images, existing, collection_url(target), headers))


def _headers(variable: str, location: str) -> dict[str, str]:
    from osimages.importers.fetching import is_address

    return token_headers(variable, location) if is_address(location) else {}

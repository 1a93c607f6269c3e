"""`osimages catalogue mirror`: takes over the images of another server, or copies them from one server to another."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.graph import graph_client
from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from
from osimages.cli.table import print_table
from osimages.cli.update import fetcher_of, update_from

if TYPE_CHECKING:
    from osimages.graph.client import GraphClient
    from osimages.graph.pushing import Image, Pushed
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
    settings = settings_from({"data_dir": data_dir, "database": database})
    if target is None:
        if dry_run:
            raise click.UsageError(
                "--dry-run goes with --to; without it, osimages catalogue verify shows what follows."
            )
        _take_over(settings, source, as_json)
        return
    pushed = _copied(settings, source, target, dry_run)
    if as_json:
        document = {"dryRun": dry_run, "value": pushed}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        print_table(("Image", "Outcome", "Detail"), [(each.id, each.outcome, each.detail) for each in pushed])
    if any(each.outcome == "failed" for each in pushed):
        raise SystemExit(1)


def _take_over(settings: Settings, source: str, as_json: bool) -> None:
    from osimages.graph.pushing import PATH

    client = _client(source, _FROM_TOKEN)
    place = source if client is None else client.url(PATH)
    with client or contextlib.nullcontext():
        update_from(settings, "images", place, client, as_json)


def _copied(settings: Settings, source: str, target: str, dry_run: bool) -> list[Pushed]:
    from osimages.graph.client_errors import GraphError
    from osimages.graph.pushing import images_at, plan, push
    from osimages.windows.sources.fetching import FetchError
    from osimages.windows.sources.parsing import LayoutError

    writer = _client(target, _TO_TOKEN)
    if writer is None:
        raise click.UsageError(f"--to names a server, such as https://localhost:8443, and '{target}' is no URL.")
    with writer:
        try:
            images = _images_from(settings, source)
            existing = images_at(writer)
        except (FetchError, LayoutError, GraphError) as error:
            raise click.ClickException(str(error)) from None
        return list(plan(images, existing) if dry_run else push(images, existing, writer))


def _images_from(settings: Settings, source: str) -> dict[str, Image]:
    """Return the images of a server or a file. Raises FetchError, LayoutError, GraphError, ClickException."""
    from osimages.graph.pushing import images_at, images_in
    from osimages.windows.sources.fetching import Request

    reader = _client(source, _FROM_TOKEN)
    if reader is not None:
        with reader:
            return images_at(reader)
    with contextlib.closing(fetcher_of(settings)) as fetcher:
        return images_in([fetcher.fetch(Request(source)).content])


def _client(location: str, variable: str) -> GraphClient | None:
    """Return a client for the URL of a root, API version or collection; None for a file. Raises ClickException."""
    from osimages.graph.pushing import PATH
    from osimages.windows.sources.fetching import is_address

    if not is_address(location):
        return None
    address = location.rstrip("/")
    if address.casefold().endswith(f"/{PATH}".casefold()):
        address = address[: -len(PATH) - 1]
    return graph_client(address, variable)

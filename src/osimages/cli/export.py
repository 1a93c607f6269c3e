"""`osimages catalogue export`: the facts as JSON, CSV, an Atom feed or a calendar."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osimages.cli.facts import facts_in
from osimages.cli.options import data_dir_option, database_option, more, settings_from

if TYPE_CHECKING:
    from osimages.windows.facts import Catalogue


@click.command(
    short_help="The facts as JSON, CSV, Atom or iCalendar.",
    epilog=more(
        "docs/feeds.md",
        "osimages catalogue export --format csv -o windows.csv",
        "osimages catalogue export --format ics --release 24H2",
        "osimages catalogue export --product windows-11 -o windows-11.atom",
    ),
)
@click.option("--format", "form", type=click.Choice(["json", "csv", "atom", "ics"]), help="Form (json).")
@click.option("--output", "-o", metavar="FILE", help="Where to write it (standard output).")
@click.option("--release", metavar="NAME", help='One release alone: "Windows 11 24H2", 24H2 or 26100.')
@click.option("--product", metavar="NAME", help="Atom feed of a product, with Microsoft's titles: windows-11...")
@data_dir_option
@database_option
def export(
    form: str | None,
    output: str | None,
    release: str | None,
    product: str | None,
    data_dir: str | None,
    database: str | None,
) -> None:
    """Write all facts of the catalogue: json and csv for programs, atom and ics to subscribe to.

    A running server has the same at /-/catalogue/export.json and so on, without a token.
    """
    if product is not None and (release is not None or form not in (None, "atom")):
        raise click.UsageError("--product is a feed of all releases of a product: only --format atom goes with it.")
    facts = facts_in(settings_from({"data_dir": data_dir, "database": database}))
    written = _exported(facts, form or "json", release) if product is None else _feed(facts, product)
    if output is None or output == "-":
        sys.stdout.buffer.write(written)
        return
    try:
        Path(output).write_bytes(written)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None


def _exported(facts: Catalogue, form: str, release: str | None) -> bytes:
    from osimages.windows.feeds.export import FORMATS
    from osimages.windows.release_history import UnknownReleaseError, only

    try:
        return FORMATS[form].write(only(facts, release) if release else facts, "")
    except UnknownReleaseError as error:
        raise click.ClickException(str(error)) from None


def _feed(facts: Catalogue, product: str) -> bytes:
    from osimages.windows.feeds.product_feeds import product_feeds, write_feed

    feeds = product_feeds(facts)
    found = feeds.get("-".join(product.casefold().split()))
    if found is None:
        raise click.ClickException(f"There is no feed '{product}'. There are {', '.join(feeds)}.")
    return write_feed(found)

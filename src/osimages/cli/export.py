"""`osimages catalogue export`: the facts as JSON, CSV, an Atom feed or a calendar."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from osimages.cli.facts import facts_in
from osimages.cli.options import data_dir_option, database_option, more, settings_from


@click.command(
    short_help="The facts as JSON, CSV, Atom or iCalendar.",
    epilog=more(
        "docs/feeds.md",
        "osimages catalogue export --format csv -o windows.csv",
        "osimages catalogue export --format ics --release 24H2",
    ),
)
@click.option(
    "--format", "form", type=click.Choice(["json", "csv", "atom", "ics"]), default="json", help="Form (json)."
)
@click.option("--output", "-o", metavar="FILE", help="Where to write it (standard output).")
@click.option("--release", metavar="NAME", help='One release alone: "Windows 11 24H2", 24H2 or 26100.')
@data_dir_option
@database_option
def export(form: str, output: str | None, release: str | None, data_dir: str | None, database: str | None) -> None:
    """Write all facts of the catalogue: json and csv for programs, atom and ics to subscribe to.

    A running server has the same at /-/catalogue/export.json and so on, without a token.
    """
    from osimages.windows.feeds.export import FORMATS
    from osimages.windows.history import UnknownReleaseError, only

    facts = facts_in(settings_from({"data_dir": data_dir, "database": database}))
    try:
        written = FORMATS[form].write(only(facts, release) if release else facts, "")
    except UnknownReleaseError as error:
        raise click.ClickException(str(error)) from None
    if output is None or output == "-":
        sys.stdout.buffer.write(written)
        return
    try:
        Path(output).write_bytes(written)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None

"""`osimages config`: every setting, its value, and where that came from."""

from __future__ import annotations

import json
from dataclasses import fields

import click

from osimages.cli.options import data_dir_option, database_option, json_option, more, resolved_from
from osimages.cli.table import print_table


@click.group(short_help="Show settings, and where they come from.")
def config() -> None:
    """Settings: default < file (osimages.toml in the data directory) < OSIMAGES_* environment < flag."""


@config.command(epilog=more("README.md", "osimages config show --json"))
@data_dir_option
@database_option
@json_option
def show(data_dir: str | None, database: str | None, as_json: bool) -> None:
    """Print every setting, its value and where it came from."""
    resolved = resolved_from({"data_dir": data_dir, "database": database})
    settings = resolved.settings
    shown = {"data_dir": str(settings.data_path), "database": settings.database_shown}
    rows = [
        (
            each.name,
            shown.get(each.name, getattr(resolved.settings, each.name)),
            resolved.origins[each.name],
            each.metadata["help"],
        )
        for each in fields(resolved.settings)
    ]
    if as_json:
        found = {name: {"value": value, "origin": origin, "help": text} for name, value, origin, text in rows}
        click.echo(json.dumps(found, indent=2, default=str))
    else:
        lines = [(name, _as_written(value), origin, text) for name, value, origin, text in rows]
        print_table(("Setting", "Value", "From", "Meaning"), lines)


def _as_written(value: object) -> str:
    """A value as one would write it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

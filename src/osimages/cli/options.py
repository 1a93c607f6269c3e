"""What the commands have in common: the data directory, and settings from flags, environment and file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date, datetime

import click

from osimages.settings import CLOUD_NAMES, Resolved, Settings, SettingsError, resolve


def more(pages: str, *examples: str) -> str:
    """What stands below the options in a command's help: examples, and the pages of the documentation to read."""
    shown = "".join(f"\n  {each}" for each in examples)
    return f"\b\nExamples:{shown}\n\nMore: {pages}"


class Day(click.ParamType):  # type: ignore[type-arg]  # older ones take no type
    """A day as it is typed, `2026-10-20`: click's own type tells of `%Y-%m-%d` where it is none."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day. Raises BadParameter."""
        try:
            return value if isinstance(value, date) else datetime.strptime(str(value), "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"'{value}' is no day: write YYYY-MM-DD, such as 2026-10-20.", param, ctx)


today_option = click.option("--today", type=Day(), metavar="YYYY-MM-DD", help="Pretend it is that day.")
data_dir_option = click.option(
    "--data-dir", metavar="DIR", help="Directory of database, keys and certificates (the user data folder)."
)
database_option = click.option("--database", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")

_SERVER_OPTIONS = (
    click.option("--host", help="Address to listen on (127.0.0.1)."),
    click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (8443); 0 takes a free one."),
    click.option(
        "--http",
        is_flag=True,
        default=None,
        help="Plain HTTP instead of HTTPS; beyond loopback with --expose-development.",
    ),
    data_dir_option,
    database_option,
    click.option("--authority", type=click.Choice(["dev", "entra"]), help="Who issues tokens (dev)."),
    click.option("--cloud", type=click.Choice(CLOUD_NAMES), help="National cloud whose tokens are accepted (global)."),
    click.option("--keys-file", metavar="FILE", help="Keys of Entra ID from a file; nothing is fetched."),
    click.option("--public-url", metavar="URL", help="Scheme and host that clients use, if not the Host header's."),
    click.option(
        "--allowed-host",
        metavar="NAME",
        multiple=True,
        callback=lambda _, __, names: ",".join(names) or None,
        help="Another name that clients reach it by (repeatable); on loopback, unknown ones are rejected.",
    ),
    click.option(
        "--tls-name",
        metavar="NAME",
        multiple=True,
        callback=lambda _, __, names: ",".join(names) or None,
        help="Name or address for the generated certificate, by which others reach the server (repeatable).",
    ),
    click.option("--workers", type=int, help="Number of worker processes (1)."),
    click.option(
        "--expose-development",
        is_flag=True,
        default=None,
        help="Listen on other than loopback addresses, though anybody can sign in.",
    ),
    click.option("--empty", is_flag=True, default=None, help="New tenants get no published catalogue, then or later."),
    click.option(
        "--seed", metavar="FILE", help="Put the tenants of a JSON file into its state: images, users, applications."
    ),
    click.option(
        "--today", type=Day(), metavar="YYYY-MM-DD", help="Freeze the catalogue's calendar (Pacific Time) at this day."
    ),
    click.option(
        "--throttle",
        type=click.Choice(["auto", "off", "intune"]),
        help="Limit requests as Intune does (auto: with entra).",
    ),
    click.option("--access-log", is_flag=True, default=None, help="A log line for every request."),
)


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a server, for those who start one and those who look at what it needs."""
    for option in reversed(_SERVER_OPTIONS):
        command = option(command)
    return command


def resolved_from(flags: Mapping[str, object]) -> Resolved:
    """Settings with their origins; flags that were not given are None. Raises ClickException."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return resolve(given, os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def settings_from(flags: Mapping[str, object]) -> Settings:
    """The settings alone."""
    return resolved_from(flags).settings

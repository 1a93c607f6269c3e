"""What the commands have in common: the data directory, and settings from flags, environment and file."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

from osimages.settings import Resolved, Settings, SettingsError, resolve

# Written into the data directory by a server that listens, for the commands that need its address.
SERVER_FILE = "server.json"

data_dir_option = click.option(
    "--data-dir", metavar="DIR", help="Directory of database, keys and certificates (the user data folder)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")


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


def server_url(settings: Settings) -> tuple[str, bool]:
    """Where the server of this data directory listens, or would listen; and whether one does."""
    try:
        url = str(json.loads(Path(settings.data_path / SERVER_FILE).read_bytes())["url"])
    except (OSError, ValueError, LookupError, TypeError):
        url = f"{'http' if settings.http else 'https'}://localhost:{settings.port}"
    else:
        if answers(url):
            return url, True
    return url, False


def answers(url: str) -> bool:
    """Whether anything listens at an address; the process that did may be gone without a word."""
    try:
        address = urlsplit(url)
        socket.create_connection((address.hostname or "", address.port or 0), timeout=1).close()
    except (OSError, ValueError):
        return False
    return True

"""`osimages check --graph`: its options, and what standard error shows while devices are read."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any, TypeVar

import click

from osimages.cli.graph import graph_client
from osimages.cli.output import say
from osimages.settings import CLOUD_NAMES

TOKEN_VARIABLE = "OSIMAGES_GRAPH_TOKEN"  # noqa: S105 (the name of a variable)
_SHOWN_EVERY = 10_000  # devices, where standard error is no terminal

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--graph", is_flag=True, help="Devices of Intune, read from Microsoft Graph (docs/check.md)."),
    click.option("--cloud", type=click.Choice(CLOUD_NAMES), help="With --graph: the national cloud (global)."),
    click.option("--filter", "condition", metavar="TEXT", help="With --graph: a $filter of the devices."),
    click.option(
        "--graph-url", envvar="OSIMAGES_GRAPH_URL", metavar="URL", help="With --graph: another server, or /v1.0 of one."
    ),
)


def graph_options(command: Command) -> Command:
    """Add the options of --graph to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_graph(file: IO[bytes], url: str | None, cloud: str | None, condition: str | None) -> list[str]:
    """Write the devices of a tenant into a file, a line of JSON each, while standard error shows how far it is.

    Return what is missing. Raises UsageError, and ClickException where there is no first page.
    """
    from osimages.graph.client_errors import GraphError
    from osimages.graph.devices import device_properties, write_devices

    with _progress() as progress, graph_client(url, TOKEN_VARIABLE, cloud=cloud, on_wait=progress.wait) as client:
        progress.say(f"Reading devices from {client.base_url}")
        if "skuFamily" not in device_properties(client.base_url):
            progress.say("v1.0 of Graph does not have the editions of devices; beta has them.")
        try:
            missing = write_devices(client, file, condition, progress.page)
        except GraphError as error:
            raise click.ClickException(str(error)) from None
        progress.say(f"Devices read: {progress.devices:,}, on pages: {progress.pages:,}")
        return missing


class _Progress:
    """Counts pages and devices, and says so in lines."""

    def __init__(self) -> None:
        self.devices = 0
        self.pages = 0

    def say(self, text: str) -> None:
        """Print a line on standard error."""
        say(text, err=True)

    def page(self, devices: int) -> None:
        """Count a page with its devices."""
        before = self.devices
        self.pages, self.devices = self.pages + 1, self.devices + devices
        self.shown(before)

    def shown(self, before: int) -> None:
        """Show how many devices there are now."""
        if self.devices // _SHOWN_EVERY > before // _SHOWN_EVERY:
            self.say(f"{self.devices:,} devices")

    def wait(self, reason: str, seconds: float) -> None:
        """Say why nothing happens for some seconds."""
        self.say(f"Graph {reason}: trying again in {seconds:.0f} s")


@contextlib.contextmanager
def _progress() -> Iterator[_Progress]:
    """Lines on standard error, and a counter where it is a terminal."""
    if not sys.stderr.isatty():
        yield _Progress()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Reading devices", total=None)

        class Counter(_Progress):
            def say(self, text: str) -> None:
                shown.console.print(text, markup=False, highlight=False)

            def shown(self, before: int) -> None:
                shown.update(task, description=f"{self.devices:,} devices read")

        yield Counter()

"""The command `osimages`: each subcommand is loaded only when it is asked for, so that every one starts quickly."""

from __future__ import annotations

import os
from importlib import import_module

import click

# Where each is, and its line in the list: to print that, none of them is loaded.
_COMMANDS = {
    "serve": ("osimages.cli.serve:serve", "Answer the API until Ctrl-C or SIGTERM."),
    "token": ("osimages.cli.token:token", "Print an access token for the server of the data directory."),
    "env": ("osimages.cli.env:env", "Print variables for a shell: address, token, certificates."),
    "app": ("osimages.cli.app:app", "Applications that may sign in (development)."),
    "user": ("osimages.cli.user:user", "Users who may sign in (development)."),
    "keys": ("osimages.cli.keys:keys", "Signing keys of the Entra ID emulator."),
    "catalogue": (
        "osimages.cli.catalogue:catalogue",
        "Windows releases and their builds: show, update, publish, export.",
    ),
    "check": ("osimages.cli.check:check", "Is a build, or a whole fleet, supported and current?"),
    "policy": (
        "osimages.cli.policy:policy",
        "Compliance policies from the facts: builds, Graph bodies, scripts.",
    ),
    "tenant": ("osimages.cli.tenant:tenant", "Add, license and remove tenants."),
    "db": ("osimages.cli.db:db", "Look after the database: back it up, restore it."),
    "config": ("osimages.cli.config:config", "Show settings, and where they come from."),
    "doctor": ("osimages.cli.doctor:doctor", "Check what a server needs."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name (click's own pattern for lazily loaded subcommands)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the documentation."""
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. Its errors may name files, columns and values of others: they are printed as `say` does."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            from osimages.cli.output import visible

            error.message = visible(error.message)  # type: ignore[misc]  # it is printed right after this
            raise


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="osimages")
def main() -> None:
    """A self-hosted Windows OS image catalogue with the HTTP API of Microsoft Graph."""
    from osimages.settings import misspelt

    for line in misspelt(os.environ):
        click.echo(f"Warning: {line}", err=True)

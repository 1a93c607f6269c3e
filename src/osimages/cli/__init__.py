"""The command `osimages`: each subcommand is loaded only when it is asked for, so that every one starts quickly."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "serve": "osimages.cli.serve:serve",
    "token": "osimages.cli.token:token",
    "env": "osimages.cli.env:env",
    "app": "osimages.cli.app:app",
    "user": "osimages.cli.user:user",
    "keys": "osimages.cli.keys:keys",
    "catalogue": "osimages.cli.catalogue:catalogue",
    "check": "osimages.cli.check:check",
    "tenant": "osimages.cli.tenant:tenant",
    "db": "osimages.cli.db:db",
    "config": "osimages.cli.config:config",
    "doctor": "osimages.cli.doctor:doctor",
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name (click's own pattern for lazily loaded subcommands)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the documentation."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="osimages")
def main() -> None:
    """A self-hosted Windows OS image catalogue with the HTTP API of Microsoft Graph."""

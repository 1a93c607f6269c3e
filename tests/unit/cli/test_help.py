"""The list of commands: printed without loading them, and as each describes itself."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from osimages.cli import main

CONTEXT = click.Context(main)
COMMANDS = main.list_commands(CONTEXT)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_line_is_what_the_command_says_of_itself(name: str) -> None:
    formatter = click.HelpFormatter(width=110)
    main.format_commands(CONTEXT, formatter)
    command = main.get_command(CONTEXT, name)
    assert command is not None
    assert f"{name.ljust(max(map(len, COMMANDS)))}  {command.get_short_help_str(100)}" in formatter.getvalue()


def test_the_help_loads_no_command() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from osimages.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print([name for name in sys.modules if name.startswith('osimages.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Options that several commands have are alike in all of them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from osimages.cli import main
from tests.unit.windows.sources.sampled import SAMPLES

# These are about the Entra ID emulator, which is not in the database.
OF_THE_AUTHORITY = ("app", "user", "keys", "token", "env")
NEW = "26200.9999"
ROOT = Path(__file__).parents[3]


def leaves(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that is no group, with the words that lead to it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, *path, name)


COMMANDS = dict(leaves(main))


def having(option: str) -> list[tuple[str, ...]]:
    """The commands that have an option."""
    return [path for path, command in COMMANDS.items() if any(option in each.opts for each in command.params)]


def run(*arguments: str) -> Result:
    """The outcome of a command."""
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_names_pages_that_there_are_and_its_examples_are_calls_that_can_be_made(path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    *_, pages = result.output.partition("More: ")
    assert pages
    assert all((ROOT / page).is_file() for page in pages.strip().split(", "))
    name = " ".join(("osimages", *path))
    examples = re.findall(rf"^ .*?({name}(?: [^)|\n]*)?)[)|]?.*$", result.output.partition("Usage:")[2], re.MULTILINE)
    assert examples
    for example in examples:
        COMMANDS[path].make_context(name, shlex.split(example)[1 + len(path) :])


@pytest.mark.parametrize("path", having("--data-dir"), ids=" ".join)
def test_whatever_uses_the_database_lets_it_be_named(path: tuple[str, ...]) -> None:
    assert (path in having("--database")) == (path[0] not in OF_THE_AUTHORITY)


@pytest.mark.parametrize("given", ["2026-13-01", "20.10.2026", "", "tomorrow"])
@pytest.mark.parametrize("path", having("--today"), ids=" ".join)
def test_a_day_that_is_none(path: tuple[str, ...], given: str) -> None:
    result = run(*path, "--today", given)
    assert result.exit_code == 2
    assert f"'{given}' is no day: write YYYY-MM-DD, such as 2026-10-20." in result.output


def test_the_database_that_is_named_is_the_one_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSIMAGES_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OSIMAGES_TODAY", "2026-12-09")
    monkeypatch.delenv("OSIMAGES_DATABASE", raising=False)
    there = ("--database", f"sqlite:///{tmp_path / 'other.db'}")
    source = f"servicing-index={SAMPLES / 'servicing-index.json'}"
    assert run("catalogue", "update", "--from", source, *there).exit_code == 0
    for command in (
        ("catalogue", "show", "--age-days", "0"),
        ("catalogue", "history", "25H2"),
        ("catalogue", "export", "--format", "csv"),
        ("catalogue", "sources", "servicing-index"),
        ("check", NEW, "--age-days", "0"),
    ):
        here, other = run(*command), run(*command, *there)
        assert f"10.0.{NEW}" in other.output or f" {NEW}" in other.output, command
        assert here.output != other.output
    assert str(tmp_path / "other.db") in run("doctor", *there).output
    shown = json.loads(run("config", "show", "--json", *there).output)["database"]
    assert shown["value"] == str(tmp_path / "other.db")
    assert shown["origin"] == "--database"
    assert run("catalogue", "publish", *there).exit_code == 0
    assert json.loads(run("catalogue", "verify", "--json", *there).output)["asOf"] == "2026-12-08"

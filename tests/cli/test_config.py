"""`osimages config show`, and what `osimages` itself says and loads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import pytest

from osimages.settings import Settings
from tests.cli.running import complaint, osimages, output
from tests.support.server import environment


def test_every_setting_with_its_origin(tmp_path: Path) -> None:
    file = tmp_path / "osimages.toml"
    file.write_text("port = 9000\nworkers = 2\n")
    found = json.loads(output("config", "show", "--data-dir", tmp_path, "--json", OSIMAGES_WORKERS="3"))
    assert list(found) == [each.name for each in fields(Settings)]
    shown = {name: (entry["value"], entry["origin"]) for name, entry in found.items()}
    assert shown["host"] == ("127.0.0.1", "default")
    assert shown["port"] == (9000, str(file))
    assert shown["workers"] == (3, "OSIMAGES_WORKERS")
    assert shown["data_dir"] == (str(tmp_path), "--data-dir")
    assert shown["today"] == (None, "default")
    assert all(entry["help"] for entry in found.values())


def test_the_table_has_a_line_for_each_setting(tmp_path: Path) -> None:
    lines = output("config", "show", OSIMAGES_DATA_DIR=str(tmp_path), OSIMAGES_TODAY="2026-10-20").splitlines()
    titles, *rows = lines
    assert titles.split() == ["Setting", "Value", "From", "Meaning"]
    assert [row.split()[0] for row in rows] == [each.name for each in fields(Settings)]
    cells = {row.split()[0]: row.split() for row in rows}
    assert cells["today"][1:3] == ["2026-10-20", "OSIMAGES_TODAY"]
    assert cells["port"][1:3] == ["8443", "default"]
    assert cells["data_dir"][1:3] == [str(tmp_path), "OSIMAGES_DATA_DIR"]


def test_a_value_that_does_not_fit_is_told(tmp_path: Path) -> None:
    said = complaint(osimages("config", "show", "--data-dir", tmp_path, OSIMAGES_PAGE_SIZE="many"))
    assert "OSIMAGES_PAGE_SIZE" in said
    assert "'many'" in said


def test_a_misspelt_variable_is_told_and_does_no_harm(tmp_path: Path) -> None:
    variables = {"OSIMAGES_PROT": "9000", "OSIMAGES_URL": "https://localhost:1", "OSIMAGES_TOKEN": "x"}
    result = osimages("config", "show", "--data-dir", tmp_path, "--json", **variables)
    assert (result.returncode, json.loads(result.stdout)["port"]["value"]) == (0, 8443)
    assert result.stderr == ("Warning: OSIMAGES_PROT is no setting and has no effect (did you mean OSIMAGES_PORT?).\n")


def test_the_version() -> None:
    assert output("--version") == f"osimages, version {version('osimages')}\n"


def test_help_lists_the_commands() -> None:
    text = output("--help")
    for name in ("serve", "token", "env", "catalogue", "config"):
        assert f"\n  {name} " in text


@pytest.mark.parametrize("command", ["serve", "token", "env", "config"])
def test_each_command_has_help(command: str) -> None:
    text = output(command, "--help")
    assert text.startswith(f"Usage: osimages {command} ")


def test_a_command_that_is_not_there() -> None:
    result = osimages("sevre")
    assert (result.returncode, result.stdout) == (2, "")
    assert "No such command 'sevre'" in result.stderr


@pytest.mark.parametrize("arguments", [["token"], ["env"], ["config", "show"], ["--version"]])
def test_commands_that_serve_nothing_load_no_server(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from osimages.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "print(sorted({'sqlalchemy', 'granian', 'apsw', 'rich', 'trustme'} & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments, *([] if arguments == ["--version"] else ["--help"])],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert result.stdout
    # `env` makes certificates.
    assert result.stderr.strip() == ("['trustme']" if arguments == ["env"] else "[]")

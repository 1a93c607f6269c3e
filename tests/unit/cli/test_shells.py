"""Lines that set variables: whatever a value holds, the shell and the readers of such files get it as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.cli.shells import LINE

ODD = "it's \"odd\" $HOME `pwd` ; \\ $(false) %PATH% #x = \\n 'é'"
VALUES = ["", "plain", "https://localhost:8443", ODD, "ends with \\", "'", '"', "a\nb", "two  spaces "]
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize("value", VALUES)
def test_posix(value: str) -> None:
    script = f'{LINE["posix"]("NAME", value)}\nprintf "%s" "$NAME"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize("value", VALUES)
def test_fish(value: str) -> None:
    script = f'{LINE["fish"]("NAME", value)}\nprintf "%s" "$NAME"'
    assert subprocess.run(["fish", "-c", script], capture_output=True, text=True, check=True).stdout == value


@given(TEXT)
def test_fish_quotes_two_characters(value: str) -> None:
    line = LINE["fish"]("NAME", value)
    assert line.startswith("set -gx NAME '")
    # In single quotes a backslash stands for itself but before a backslash or a single quote.
    inside, found = iter(line.removeprefix("set -gx NAME '").removesuffix("'")), ""
    for each in inside:
        assert each != "'"
        found += next(inside) if each == "\\" else each
    assert found == value


@given(TEXT)
def test_powershell_doubles_single_quotes(value: str) -> None:
    line = LINE["powershell"]("NAME", value)
    assert line.removeprefix("$env:NAME = '").removesuffix("'").replace("''", "'") == value


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_dotenv_as_node_reads_it(tmp_path: Path) -> None:
    values = {f"NAME{number}": value for number, value in enumerate(VALUES) if '"' not in value or "'" not in value}
    values["NAME_URL"] = "https://localhost:8443/beta?a=b%20c"
    file = tmp_path / ".env"
    file.write_text("".join(f"{LINE['dotenv'](name, value)}\n" for name, value in values.items()), encoding="utf-8")
    for name, value in values.items():
        script = f"process.stdout.write(process.env.{name})"
        done = subprocess.run(
            ["node", f"--env-file={file}", "-e", script], capture_output=True, text=True, check=True, encoding="utf-8"
        )
        assert done.stdout == value


def test_dotenv_quotes_only_where_it_must() -> None:
    line = LINE["dotenv"]
    # docker run --env-file takes quotes for a part of the value.
    assert line("NAME", "https://localhost:8443/a") == "NAME=https://localhost:8443/a"
    assert line("NAME", "/with a space") == "NAME='/with a space'"
    assert line("NAME", "it's $5") == 'NAME="it\'s \\$5"'


def test_github() -> None:
    line = LINE["github"]
    assert line("NAME", ODD) == f"NAME={ODD}"
    first, *rest, last = line("NAME", "a\nNAME2=b").splitlines()
    assert (first, rest) == (f"NAME<<{last}", ["a", "NAME2=b"])
    assert line("NAME", "a\nb") != line("NAME", "a\nb"), "nobody can guess the delimiter"

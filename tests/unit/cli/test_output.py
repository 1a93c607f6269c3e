"""No control character of a file, of its name or of its values reaches the terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from osimages.cli import main
from osimages.cli.output import VisibleText, visible

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]")
ATTACK = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil"


@given(st.text())
def test_text_is_visible_and_means_the_same_in_json(text: str) -> None:
    assert not CONTROL.search(visible(text))
    written = json.dumps(text, ensure_ascii=False)
    assert json.loads(visible(written)) == text


def test_usual_text_stays() -> None:
    text = "Windows 11 Édition Entreprise\t企业版\n"
    assert visible(text) == text


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["check", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


@pytest.mark.skipif(sys.platform == "win32", reason="its file names have no control characters")
@pytest.mark.parametrize(
    "content",
    [
        f"Device,OS version,SkuFamily\nPC-1,10.0.26100.{ATTACK},{ATTACK}\nPC-2,10.0.26100.9445,Enterprise{ATTACK}\n",
        f"{ATTACK},OS version{ATTACK}\nPC-1,10.0.26100.9445\n",
        f"{ATTACK},x\n1,2\n",
        f'"{ATTACK}',
        ATTACK,
        "",
    ],
    ids=("values", "columns", "no-build", "open-quote", "one-line", "empty"),
)
@pytest.mark.parametrize("options", [(), ("--explain",), ("--json",), ("--build-column", "x")], ids=len)
def test_a_csv_file(tmp_path: Path, content: str, options: tuple[str, ...]) -> None:
    file = tmp_path / f"devices{ATTACK.replace('/', '')}.csv"
    file.write_text(content, encoding="utf-8")
    shown = run("--csv", str(file), "--data-dir", str(tmp_path), *options)
    assert shown
    assert not CONTROL.search(shown), ascii(shown)


def test_builds_and_editions_of_the_command_line(tmp_path: Path) -> None:
    for arguments in (
        [f"26100.1{ATTACK}"],
        ["26100.1", "--edition", ATTACK],
        ["--csv", f"none{ATTACK}"],
        [f"--{ATTACK}"],
    ):
        shown = run(*arguments, "--data-dir", str(tmp_path))
        assert shown
        assert not CONTROL.search(shown), ascii(shown)


def test_what_is_written_to_a_terminal_keeps_its_lines() -> None:
    file = io.StringIO()
    VisibleText(file).write("a,\x1b[1m\r\n")
    assert file.getvalue() == "a,\\u001b[1m\n"

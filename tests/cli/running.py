"""Runs osimages commands as a user does, in processes of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import command, environment

Result = subprocess.CompletedProcess[str]


def osimages(*arguments: str | Path, **variables: str) -> Result:
    """The outcome of a command. `variables` are added to the environment."""
    return subprocess.run(
        command(*map(str, arguments)),
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def output(*arguments: str | Path, warns: str = "", **variables: str) -> str:
    """What a command that succeeds prints; on standard error it says what `warns` says, or nothing."""
    result = osimages(*arguments, **variables)
    assert result.returncode == 0, result
    assert result.stderr.startswith(warns) if warns else result.stderr == "", result.stderr
    return result.stdout


def complaint(result: Result) -> str:
    """The one line with which a command gives up."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    return lines[0].removeprefix("Error: ")

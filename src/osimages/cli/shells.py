"""Lines that set variables, in the syntax of shells and of files that other tools read."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable, Mapping

# Values that every reader of such files takes as they are, also those that know no quotes (docker run --env-file).
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./~-]*", re.ASCII)


def _powershell(name: str, value: str) -> str:
    return "$env:{} = '{}'".format(name, value.replace("'", "''"))


def _fish(name: str, value: str) -> str:
    """https://fishshell.com/docs/current/language.html#quotes"""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _dotenv(name: str, value: str) -> str:
    """https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax"""
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    if not set(value) & set("'\n\r"):
        return f"{name}='{value}'"
    escaped = re.sub(r'(["\\$`])', r"\\\1", value).replace("\n", "\\n").replace("\r", "\\r")
    return f'{name}="{escaped}"'


def _github(name: str, value: str) -> str:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions#multiline-strings"""
    if not set(value) & set("\n\r"):
        return f"{name}={value}"
    end = f"END_{secrets.token_hex(8)}"
    return f"{name}<<{end}\n{value}\n{end}"


LINE: Mapping[str, Callable[[str, str], str]] = {
    "posix": lambda name, value: f"export {name}={shlex.quote(value)}",
    "powershell": _powershell,
    "fish": _fish,
    "dotenv": _dotenv,
    "github": _github,
}

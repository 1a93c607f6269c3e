"""Prints text that may hold foreign characters: a terminal obeys control characters, wherever they come from."""

from __future__ import annotations

import re
from typing import TextIO

import click

# Control characters of ASCII and of Latin-1, and those that turn the direction of text or end a line. A tab and a line
# feed stay.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return the text with its control characters as `\\u001b`, which is the same in JSON."""
    return text if text.isascii() and text.isprintable() else _CONTROL.sub(_escape, text)


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line to standard output, or to standard error."""
    click.echo(visible(text), err=err)


class VisibleText:
    """A file to write to, whose text reaches another one without control characters, but for line ends."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a text."""
        return self._file.write(visible(text.replace("\r\n", "\n")))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"

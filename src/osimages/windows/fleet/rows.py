"""Rows of an export as its reader finds them, before anything is known about their columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Broken(NamedTuple):
    """A row that could not be read: its line, and the last one if it has several."""

    line: int
    last_line: int
    reason: str


class Row(NamedTuple):
    """A row that was read: its line, and its cells in the order of the names."""

    line: int
    cells: list[str]


class Number(str):
    """A cell that was a number with a fraction in its file: such a number keeps no trailing zeros."""

    __slots__ = ()


class ExportError(Exception):
    """The input is not an export of devices, or is damaged; the text says why."""


class Reader(Protocol):
    """Reads an export once, from its beginning."""

    @property
    def names(self) -> list[str]:
        """The names of the columns found so far."""

    @property
    def incomplete(self) -> list[str]:
        """Sentences about missing input, complete once all rows are read."""

    def rows(self) -> Iterator[Row | Broken]:
        """Read the rows. Raises ExportError where there are none to be had."""

"""What an export is made of: devices, and lines that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from osimages.fleet.columns import Columns


class Device(NamedTuple):
    """One device as the export tells of it. `line` is where it stands, `values` all of it, for writing it out again."""

    line: int
    build: str
    edition: str
    system: str
    values: Sequence[str]


class Broken(NamedTuple):
    """A line, or several up to `last_line`, of which no device could be made."""

    line: int
    last_line: int
    reason: str


class Export(NamedTuple):
    """An opened export: the names of all its columns, those that are used, and its devices as they are read."""

    names: Sequence[str]
    columns: Columns
    devices: Iterator[Device | Broken]


class ExportError(Exception):
    """A file that is no export; the text says why."""

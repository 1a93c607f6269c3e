"""The parts of an export: devices, and rows that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from osimages.windows.checks.evidence import Evidence
from osimages.windows.fleet.columns import Columns
from osimages.windows.fleet.rows import Broken


class Skipped(StrEnum):
    """Why a row is not counted as a device that runs Windows."""

    NOT_WINDOWS = "notWindows"
    OLDER_ROW = "olderRowOfSameDevice"
    NOT_SEEN = "notSeenSince"
    EMPTY_ROW = "emptyRow"


class Device(NamedTuple):
    """One row as the export has it. `line` is its line, `values` all its cells, for writing it out again.

    `skipped` says why the row does not count, where that is known before its operating system is looked at.
    """

    line: int
    evidence: Evidence
    values: Sequence[str]
    skipped: Skipped | None = None


class Export(NamedTuple):
    """An opened export: the names of all its columns, those that are used, and its devices as they are read.

    `incomplete` says what is missing from the input; it is known once all devices are read.
    """

    names: Sequence[str]
    columns: Columns
    devices: Iterator[Device | Broken]
    incomplete: Callable[[], list[str]]

"""Devices from CSV: with commas, semicolons or tabs, quoted or not, as PowerShell, Excel and the consoles write it."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from osimages.fleet.columns import Columns
from osimages.fleet.devices import Broken, Device, Export, ExportError

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 100
_LONGEST_HEADER = 64 * 1024
_LONGEST_LINE = 1024 * 1024
_JSON = re.compile(r"\s*(?:[\[{]\s*$|[\[{]\s*[\"{])")
_Row = tuple[int, int, list[str] | str]


class Text(Protocol):
    """What is read from."""

    def readline(self, size: int, /) -> str:
        """The next line with its end, or so many characters of it; empty at the end."""


def read_csv(text: Text, choose: Callable[[Sequence[str], Sequence[Sequence[str]]], Columns]) -> Export:
    """Opens a CSV export. `choose` says from the names and the first rows which columns are meant.

    Raises ExportError where there is no header, and what `choose` raises.
    """
    # A line without an end must not fill the memory; what is cut off here is told as a row that cannot be read.
    lines = iter(partial(text.readline, _LONGEST_LINE), "")
    header, skipped = _header(lines)
    delimiter = _delimiter(header)
    rows = _rows(csv.reader(itertools.chain([header], lines), delimiter=delimiter, strict=True), skipped)
    _, _, names = next(rows)
    if isinstance(names, str):
        raise ExportError(f"Its first line cannot be read: {names}.")
    names = [name.strip() for name in names]
    while names and not names[-1]:
        names.pop()
    first = list(itertools.islice(rows, _SAMPLE_ROWS))
    columns = choose(names, [values for _, _, values in first if isinstance(values, list)])
    return Export(names, columns, _devices(itertools.chain(first, rows), names, columns))


def _header(lines: Iterator[str]) -> tuple[str, int]:
    """The line with the names, and how many stand before it: `sep=;` of Excel, `#TYPE` of PowerShell, empty ones."""
    for number, line in enumerate(lines):
        if len(line) > _LONGEST_HEADER:
            break
        if "\0" in line:
            raise ExportError("It holds binary data, not text.")
        if _JSON.match(line):
            raise ExportError("It is no CSV, but looks like JSON: --json-file reads that.")
        if line.strip() and not line.lower().startswith(("sep=", "#type")):
            return line, number
    raise ExportError("It has no line with the names of its columns.")


def _delimiter(header: str) -> str:
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _rows(reader: Iterator[list[str]], skipped: int) -> Iterator[_Row]:
    """Every row with its first and last line; the text of the error where it cannot be read."""
    last = skipped
    while True:
        line = last + 1
        try:
            row: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = str(error)
        last = skipped + reader.line_num  # type: ignore[attr-defined]
        yield line, last, row


def _devices(rows: Iterable[_Row], names: Sequence[str], columns: Columns) -> Iterator[Device | Broken]:
    width = len(names)
    build, edition, system = (
        names.index(each) if each else -1 for each in (columns.build, columns.edition, columns.system)
    )
    for line, last, row in rows:
        if isinstance(row, str):
            yield Broken(line, last, row)
        elif len(row) == width or (len(row) > width and not any(row[width:])):
            yield Device(
                line,
                row[build],
                row[edition] if edition >= 0 else "",
                row[system] if system >= 0 else "",
                row,
            )
        elif any(each.strip() for each in row):
            yield Broken(line, last, f"it has {len(row)} fields, the first line has {width}")

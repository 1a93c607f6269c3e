"""Reads devices from CSV as PowerShell, Excel and the consoles write it: any delimiter, quoted or not."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from osimages.windows.fleet.rows import Broken, ExportError, Row

# In the order in which one counts where several come equally often: a comma can also be in a number.
_DELIMITERS = ";\t|,"
_NO_DELIMITER = "\x1f"  # for a file of one column, whose cells may have commas
_LONGEST_HEADER = 64 * 1024
_LONGEST_LINE = 1024 * 1024
_MOST_TITLE_LINES = 20
_FULL_BUILD = re.compile(r"(?<![\d.])(?:10\.0\.\d{5}|[12]\d{4}[.,]\d{2,5})(?!\d)")
_BUILD = re.compile(r"\d{5}|\d\dH[12]")
_JSON = re.compile(r"\s*(?:[\[{]\s*$|[\[{]\s*[\"{])")


class Text(Protocol):
    """A source of text that the reader reads line by line."""

    def readline(self, size: int, /) -> str:
        """Return the next line with its end, or so many characters of it; empty at the end."""


class CsvReader:
    """Reads a CSV text once. Its names are known as soon as `rows` has given one, or none at all."""

    def __init__(self, text: Text) -> None:
        self.names: list[str] = []
        self.incomplete: list[str] = []
        self._text = text

    def rows(self) -> Iterator[Row | Broken]:
        """Read the rows. Raises ExportError where there is no line of names."""
        # A line without an end must not fill the memory; what is cut off here is a row that cannot be read.
        lines = iter(partial(self._text.readline, _LONGEST_LINE), "")
        header, after, skipped = _header(lines)
        reader = csv.reader(itertools.chain([header], after, lines), delimiter=_delimiter(header), strict=True)
        found = _records(reader, skipped)
        _, _, names = next(found)
        if isinstance(names, str):
            raise ExportError(f"Its first line cannot be read: {names}.")
        self.names += [name.strip() for name in names]
        while self.names and not self.names[-1]:
            self.names.pop()
        width = len(self.names)
        if any(map(_FULL_BUILD.search, self.names)):
            # A build is no heading: the file has no line of names, and its first line is a device.
            self.names[:] = [f"column {number}" for number in range(1, width + 1)]
            yield Row(skipped + 1, names[:width])
        for line, last, cells in found:
            if isinstance(cells, str):
                yield Broken(line, last, cells)
            elif len(cells) == width:
                yield Row(line, cells)
            elif len(cells) > width and not any(cells[width:]):
                yield Row(line, cells[:width])
            elif not any(map(str.strip, cells)):
                # An empty line is no row; one of delimiters alone is an empty row.
                if len(cells) > 1:
                    yield Row(line, [""] * width)
            else:
                yield Broken(line, last, f"it has {len(cells)} fields, the first line has {width}")


def _header(lines: Iterator[str]) -> tuple[str, list[str], int]:
    """Return the line of names, lines read after it, and how many stand before it.

    Before it are `sep=;` of Excel, `#TYPE` of PowerShell, empty lines, and the title of a report: lines without
    delimiters, then an empty one, then names between delimiters.
    """
    for number, line in enumerate(lines):
        if len(line) > _LONGEST_HEADER:
            break
        if "\0" in line:
            raise ExportError("It holds binary data, not text.")
        if _JSON.match(line):
            raise ExportError("It is no CSV, but looks like JSON: --json-file reads that.")
        if line.strip() and not line.lower().startswith(("sep=", "#type")):
            following = [line]
            if _delimiter(line) == _NO_DELIMITER:
                following += itertools.islice(lines, _MOST_TITLE_LINES)
            place = next((n for n in range(2, len(following)) if _are_names(following[n - 1], following[n])), 0)
            return following[place], following[place + 1 :], number + place
    raise ExportError("It has no line with the names of its columns.")


def _are_names(before: str, line: str) -> bool:
    """Return whether a line after an empty one can be headings: several cells, each with letters, and no build."""
    delimiter = _delimiter(line)
    if before.strip() or delimiter == _NO_DELIMITER or len(line) > _LONGEST_HEADER or _BUILD.search(line):
        return False
    return all(any(letter.isalpha() for letter in cell) for cell in line.rstrip().rstrip(delimiter).split(delimiter))


def _delimiter(header: str) -> str:
    unquoted = "".join(header.split('"')[::2])
    best = max(_DELIMITERS, key=unquoted.count)
    return best if best in unquoted else _NO_DELIMITER


def _records(reader: Iterator[list[str]], skipped: int) -> Iterator[tuple[int, int, list[str] | str]]:
    """Give each record with its first and last line; the text of the error where it cannot be read."""
    last = skipped
    while True:
        line = last + 1
        try:
            cells: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = str(error)
        last = skipped + reader.line_num  # type: ignore[attr-defined]
        yield line, last, cells

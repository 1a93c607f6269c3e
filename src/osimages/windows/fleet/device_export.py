"""Opens an export of devices, and checks one as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from osimages.windows.calendar import pacific_today
from osimages.windows.checks.checker import Checker
from osimages.windows.facts import Catalogue, bundled
from osimages.windows.fleet.cells import evidence_from, keys_from, last_seen_from, name_from
from osimages.windows.fleet.column_choice import choose
from osimages.windows.fleet.columns import Columns, ColumnsError, Named
from osimages.windows.fleet.csv_reader import CsvReader
from osimages.windows.fleet.devices import Device, Export, Skipped
from osimages.windows.fleet.json_reader import JsonReader
from osimages.windows.fleet.newest import Sighting, older_rows
from osimages.windows.fleet.recognise import Recogniser
from osimages.windows.fleet.rows import Broken, ExportError, Reader, Row
from osimages.windows.fleet.source import Form, Source, file_source
from osimages.windows.fleet.tally import Tally
from osimages.windows.fleet.text import text_of

_SAMPLE_ROWS = 300
_LEAST_ROWS = 100
_ROWS_LOOKED_AT = 2_000
_LONGEST_CELL = 300
_STEP = 5_000
_MAY_BE_WINDOWS = re.compile(r"windows|(?<![\d.])(?:10\.0\.)?(?:1[0-9]|2[0-9])\d{3}(?!\d)", re.IGNORECASE)
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")


GUESSED = Named()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Options for reading an export: columns that are named, within how many days a device must have been seen, and the
    encoding where it is not to be guessed.
    """

    named: Named = GUESSED
    seen_within: int | None = None
    encoding: str | None = None


ALL_GUESSED = Wanted()


class _Sample(msgspec.Struct):
    """The names of all columns and some rows, among them rows about Windows if there are any."""

    names: list[str]
    rows: list[list[str]]


@contextmanager
def open_export(
    source: Source,
    form: Form,
    checker: Checker,
    wanted: Wanted = ALL_GUESSED,
    step: Callable[[], None] = lambda: None,
) -> Iterator[Export]:
    """Give the devices of an export, read while they are taken; `step` is called every few thousand rows.

    The input is read up to three times: a sample to choose the columns, all of it for the newest row of each device (if
    a column identifies devices), and all of it for the devices. Raises ExportError where it is no export, ColumnsError
    where the columns that are needed are not there.
    """
    sample = _sample(source, form, wanted.encoding)
    today = datetime.combine(checker.today, datetime.min.time())
    columns = Columns()
    if sample.names:
        columns = choose(sample.names, sample.rows, Recogniser(checker.catalogue), wanted.named, today)
    if sample.names and wanted.seen_within is not None and columns.last_seen is None:
        raise ColumnsError("No column has the day on which a device was last seen: name it with --seen-column.")
    older = bytearray()
    if columns.identity or columns.identity_together:
        with _reading(source, form, wanted.encoding, sample.names) as reader:
            older = older_rows(_sightings(_stepping(reader.rows(), step), columns))
    since = None if wanted.seen_within is None else today - timedelta(days=wanted.seen_within)
    with _reading(source, form, wanted.encoding, sample.names) as reader:
        devices = _devices(_stepping(reader.rows(), step), columns, older, since)
        yield Export(sample.names, columns, devices, lambda: reader.incomplete)


def check_file(
    path: str | Path,
    *,
    edition: str | None = None,
    today: date | None = None,
    catalogue: Catalogue | None = None,
    named: Named = GUESSED,
    seen_within: int | None = None,
) -> Tally:
    """Check every device of an export; one whose name ends with `.json` is read as JSON, any other as CSV.

    `named` are columns that are not to be guessed. Devices that were not seen for more than `seen_within` days are
    skipped.
    Raises OSError where the file cannot be read, and what `open_export` raises.
    """
    tally = Tally(Checker(catalogue or bundled(), today or pacific_today()), edition)
    form: Form = "json" if Path(path).suffix.lower() in _JSON_SUFFIXES else "csv"
    wanted = Wanted(named=named, seen_within=seen_within)
    with file_source(path, form) as source, open_export(source, form, tally.checker, wanted) as export:
        for _ in tally.take(export):
            pass
    return tally


@contextmanager
def _reading(source: Source, form: Form, encoding: str | None, names: Sequence[str] | None = None) -> Iterator[Reader]:
    with source.opened() as stream, text_of(stream, encoding) as text:
        yield CsvReader(text) if form == "csv" else JsonReader(text, names)


def _sample(source: Source, form: Form, encoding: str | None) -> _Sample:
    """Read rows until enough of them are about Windows: exports are often sorted by system."""
    rows: list[list[str]] = []
    windows = 0
    first_broken: Broken | None = None
    with _reading(source, form, encoding) as reader:
        for number, row in enumerate(reader.rows()):
            if isinstance(row, Broken):
                first_broken = first_broken or row
                continue
            is_about_windows = _MAY_BE_WINDOWS.search("\n".join(row.cells)) is not None
            windows += is_about_windows
            if number < _LEAST_ROWS or (is_about_windows and len(rows) < _SAMPLE_ROWS):
                rows.append([cell[:_LONGEST_CELL] for cell in row.cells])
            if windows >= _SAMPLE_ROWS or (windows >= _LEAST_ROWS and number >= _ROWS_LOOKED_AT):
                break
        names = reader.names
    if not names and first_broken is not None:
        raise ExportError(f"Line {first_broken.line} cannot be read: {first_broken.reason}.")
    if not names and reader.incomplete:
        raise ExportError(f"It holds no devices: {reader.incomplete[0]}.")
    return _Sample(names, [row + [""] * (len(names) - len(row)) for row in rows])


def _stepping(rows: Iterator[Row | Broken], step: Callable[[], None]) -> Iterator[Row | Broken]:
    for number, row in enumerate(rows):
        if not number % _STEP:
            step()
        yield row


def _sightings(rows: Iterator[Row | Broken], columns: Columns) -> Iterator[Sighting]:
    keys, seen, name = keys_from(columns), last_seen_from(columns), name_from(columns)
    read = (each for each in rows if isinstance(each, Row))
    for number, row in enumerate(read):
        yield Sighting(number, seen(row.cells), keys(row.cells), name(row.cells))


def _devices(
    rows: Iterator[Row | Broken], columns: Columns, older: bytearray, since: datetime | None
) -> Iterator[Device | Broken]:
    evidence, seen = evidence_from(columns), last_seen_from(columns)
    number = -1
    for row in rows:
        if isinstance(row, Broken):
            yield row
            continue
        number += 1
        line, cells = row
        skipped: Skipped | None = None
        if number < len(older) and older[number]:
            skipped = Skipped.OLDER_ROW
        elif not any(map(str.strip, cells)):
            skipped = Skipped.EMPTY_ROW
        elif since is not None and (time := seen(cells)) is not None and time < since:
            skipped = Skipped.NOT_SEEN
        yield Device(line, evidence(cells), cells, skipped)

"""Opens an export of devices, and checks one as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from osimages.catalogue.check import Checker
from osimages.catalogue.facts import Catalogue, bundled
from osimages.clock import Clock
from osimages.fleet.columns import Columns, choose
from osimages.fleet.csv_devices import read_csv
from osimages.fleet.devices import Export
from osimages.fleet.json_devices import read_json
from osimages.fleet.tally import Tally
from osimages.fleet.text import SAMPLE_BYTES, text_of

Form = Literal["csv", "json"]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The columns as somebody names them; those that are None are guessed."""

    build: str | None = None
    edition: str | None = None
    system: str | None = None


GUESSED = Named()


@contextmanager
def open_export(
    stream: io.BufferedReader[Any], form: Form, checker: Checker, named: Named = GUESSED
) -> Iterator[Export]:
    """The devices of an export, read as they are asked for; the stream is closed afterwards.

    Raises ExportError where it is none, ColumnsError where the columns that are needed are not there.
    """
    with text_of(stream) as text:
        read = read_csv if form == "csv" else read_json
        yield read(text, partial(_columns, checker, named))


def check_file(
    path: str | Path,
    *,
    edition: str | None = None,
    today: date | None = None,
    catalogue: Catalogue | None = None,
    named: Named = GUESSED,
) -> Tally:
    """Checks every device of an export; one whose name ends with `.json` is read as JSON, any other as CSV.

    Raises OSError where the file cannot be read, and what `open_export` raises.
    """
    tally = Tally(Checker(catalogue or bundled(), today or Clock().today()), edition)
    form: Form = "json" if Path(path).suffix.lower() in (".json", ".jsonl", ".ndjson") else "csv"
    stream = io.BufferedReader(io.FileIO(str(path)), SAMPLE_BYTES)
    with open_export(stream, form, tally.checker, named) as export:
        for _ in tally.take(export.devices):
            pass
    return tally


def _columns(checker: Checker, named: Named, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    def score(text: str) -> int:
        answer = checker.check(text)
        return 4 * (answer.build_version is not None) + (answer.release is not None)

    return choose(names, rows, score, build=named.build, edition=named.edition, system=named.system)

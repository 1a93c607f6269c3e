"""Reads the devices that `osimages check` is given: a file or standard input, with a progress bar, into a tally."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.check_graph import read_graph
from osimages.cli.output import VisibleText, say

if TYPE_CHECKING:
    from osimages.windows.fleet.columns import Columns
    from osimages.windows.fleet.devices import Device, Export, Skipped
    from osimages.windows.fleet.source import Form, Source
    from osimages.windows.fleet.tally import Group, Tally


class Input(msgspec.Struct, frozen=True):
    """The options of an input: where the devices come from, the named columns, and where each row is written to."""

    csv: str | None = None
    json_file: str | None = None
    graph: bool = False
    graph_url: str | None = None
    cloud: str | None = None
    condition: str | None = None
    zip_member: str | None = None
    encoding: str | None = None
    build_column: str | None = None
    revision_column: str | None = None
    edition_column: str | None = None
    os_column: str | None = None
    esu_column: str | None = None
    id_column: str | None = None
    seen_column: str | None = None
    seen_within: int | None = None
    explain: bool = False
    csv_out: str | None = None
    csv_as_it_is: bool = False
    as_json: bool = False

    @property
    def is_fleet(self) -> bool:
        """Whether the devices of a whole fleet are checked."""
        return bool(self.csv or self.json_file or self.graph)

    @property
    def source(self) -> str:
        """Where the devices come from, as messages name it."""
        name = self.csv or self.json_file or ""
        return "Graph" if self.graph else "Standard input" if name == "-" else name


def read_fleet(tally: Tally, options: Input) -> None:
    """Count the devices of the input. Raises ClickException where it cannot be read, or holds none."""
    from osimages.windows.fleet.columns import ColumnsError, Named
    from osimages.windows.fleet.device_export import Wanted, open_export
    from osimages.windows.fleet.rows import ExportError

    form: Form = "csv" if options.csv else "json"
    named = Named(
        build=options.build_column,
        revision=options.revision_column,
        edition=options.edition_column,
        system=options.os_column,
        esu=options.esu_column,
        identity=options.id_column,
        last_seen=options.seen_column,
    )
    wanted = Wanted(named=named, seen_within=options.seen_within, encoding=options.encoding)
    try:
        with (
            _source(options, form, tally) as source,
            _progress(source) as step,
            open_export(source, form, tally.checker, wanted, step) as export,
            _writer(export, options, tally) as write,
        ):
            if options.explain:
                _explain(export.columns, to_stderr=options.as_json or options.csv_out == "-")
            for device, group in tally.take(export):
                write(device, group)
    except (ExportError, ColumnsError) as error:
        raise click.ClickException(f"{options.source}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or options.source} cannot be used: {error.strerror}.") from None
    for missing in tally.incomplete:
        say(f"Warning: {options.source} is not complete: {missing}{'' if missing.endswith('.') else '.'}", err=True)
    if not tally.rows_read and not tally.incomplete:
        raise click.ClickException(f"{options.source} holds no device.")


@contextlib.contextmanager
def _source(options: Input, form: Form, tally: Tally) -> Iterator[Source]:
    from osimages.windows.fleet.source import Source, file_source, stream_source

    name = options.csv or options.json_file or ""
    if options.graph:
        with tempfile.TemporaryFile() as file:
            tally.incomplete += read_graph(file, options.graph_url, options.cloud, options.condition)
            file.seek(0)
            yield Source(file, form)
    elif name == "-":
        # Not closed here: it belongs to the process.
        with (
            io.FileIO(sys.stdin.fileno(), closefd=False) as stream,
            stream_source(stream, form, options.zip_member) as source,
        ):
            yield source
    else:
        with file_source(name, form, options.zip_member) as source:
            yield source


@contextlib.contextmanager
def _progress(source: Source) -> Iterator[Callable[[], None]]:
    """Show how much is read on standard error while it is a terminal; call the result now and then."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Checking devices"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=source.size)
        yield lambda: progress.update(task, completed=source.position)


@contextlib.contextmanager
def _writer(export: Export, options: Input, tally: Tally) -> Iterator[Callable[[Device, Group | Skipped], None]]:
    from osimages.windows.fleet.written import Writable, device_writer

    name, as_it_is = options.csv_out, options.csv_as_it_is
    how = {"allow_stale": tally.checker.allow_stale, "has_policy": tally.policy is not None}
    if name is None:
        yield lambda device, group: None
    elif name == "-":
        file: Writable = VisibleText(sys.stdout) if sys.stdout.isatty() else sys.stdout
        yield device_writer(file, export.names, as_it_is=as_it_is, **how)
    else:
        # With a byte order mark, without which Excel takes UTF-8 for something else.
        with Path(name).open("w", encoding="utf-8-sig", newline="") as file:
            yield device_writer(file, export.names, as_it_is=as_it_is, **how)


def _explain(columns: Columns, *, to_stderr: bool) -> None:
    from osimages.windows.fleet.columns import ROLE_WORDS

    for role, choice in columns.listed():
        say(f"{ROLE_WORDS[role]}: column '{choice.column}' ({choice.why})", err=to_stderr)
    for role, words in ROLE_WORDS.items():
        if role not in {each for each, _ in columns.listed()} and role in ("build", "edition", "identity", "lastSeen"):
            say(f"{words}: no column", err=to_stderr)

"""`osimages check`: whether builds, or the devices of a whole export, are supported and current."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from osimages.cli.check_graph import graph_options, read_graph
from osimages.cli.facts import facts_in
from osimages.cli.options import data_dir_option, database_option, json_option, settings_from, today_option

if TYPE_CHECKING:
    from osimages.catalogue.answers import Answer
    from osimages.catalogue.freshness import Freshness
    from osimages.fleet.devices import Device, Export
    from osimages.fleet.tally import Facts, Tally

_EPILOG = """Exit code: 0 where everything is supported and current, 1 where something is not or is not known, 2 for a
wrong call. A Patch Tuesday counts once it is --age-days days old.

More: docs/check.md"""


class Options(msgspec.Struct, frozen=True):
    """What the command was asked to do, apart from the builds themselves."""

    csv: str | None
    json_file: str | None
    graph: bool
    graph_url: str | None
    cloud: str | None
    condition: str | None
    build_column: str | None
    edition_column: str | None
    os_column: str | None
    csv_out: str | None
    csv_as_it_is: bool
    html: str | None
    title: str
    as_json: bool
    support_only: bool

    @property
    def is_fleet(self) -> bool:
        """Whether the devices of a whole fleet are checked."""
        return bool(self.csv or self.json_file or self.graph)

    @property
    def source(self) -> str:
        """Where the devices come from, as messages name it."""
        return "Graph" if self.graph else _shown(self.csv or self.json_file or "")


@click.command(short_help="Is a build, or a whole fleet, supported and current?", epilog=_EPILOG)
@click.argument("builds", metavar="[BUILD]...", nargs=-1)
@click.option(
    "--csv", metavar="FILE", help="Devices of a CSV export (Intune, Configuration Manager...); - reads stdin."
)
@click.option("--json-file", metavar="FILE", help="Devices of a JSON export (array, Graph's value, or lines); - too.")
@graph_options
@click.option("--edition", metavar="NAME", help="Edition of all builds: Pro, Enterprise, EnterpriseS, 48...")
@today_option
@click.option("--age-days", type=click.IntRange(min=0), metavar="N", help="Setting publish_age_days (2).")
@click.option(
    "--max-behind", type=click.IntRange(min=0), default=0, metavar="N", help="Patch Tuesdays that may be missing (0)."
)
@click.option("--esu", is_flag=True, help="The devices have Extended Security Updates.")
@click.option("--support-only", is_flag=True, help="Exit code 0 if all are supported, however far behind.")
@click.option("--build-column", metavar="NAME", help="Column of the build, where it is not guessed right.")
@click.option("--edition-column", metavar="NAME", help="Column of the edition.")
@click.option("--os-column", metavar="NAME", help="Column of the operating system.")
@click.option("--csv-out", metavar="FILE", help="Write every device with what was found; - is stdout.")
@click.option(
    "--csv-as-it-is", is_flag=True, help="With --csv-out: also what a spreadsheet takes for formulas, unchanged."
)
@click.option("--html", metavar="FILE", help="Write a report for people, one self-contained page.")
@click.option("--title", default="Windows fleet", metavar="TEXT", help="Title of the report.")
@data_dir_option
@database_option
@json_option
def check(
    builds: tuple[str, ...],
    edition: str | None,
    today: date | None,
    age_days: int | None,
    max_behind: int,
    esu: bool,
    data_dir: str | None,
    database: str | None,
    **rest: object,
) -> None:
    """Check builds and versions, in any spelling, against the catalogue:

    osimages check 26100.9445 --edition Pro

    osimages check --csv DevicesWithInventory.csv --html report.html
    """
    from osimages.catalogue.check import Checker
    from osimages.catalogue.freshness import freshness
    from osimages.catalogue.servicing import servicing_of
    from osimages.clock import Clock
    from osimages.fleet.tally import Tally, facts_of
    from osimages.fleet.text import writable

    _check_call(builds, options := msgspec.convert(rest, Options))
    if edition and servicing_of(edition) is None:
        raise click.UsageError(f"'{edition}' is no edition that is known here; say Pro, Enterprise, EnterpriseS...")
    settings = settings_from({"data_dir": data_dir, "database": database, "publish_age_days": age_days})
    catalogue = facts_in(settings)
    day = today or Clock(settings.today).today()
    checker = Checker(catalogue, day, age_days=settings.publish_age_days, esu=esu, max_behind=max_behind)
    tally = Tally(checker, edition)
    answers = [answer for build in builds if (answer := _one(tally, writable(build))) is not None]
    if options.is_fleet:
        _read_fleet(tally, options)
    reach = freshness(catalogue, day, settings.publish_age_days, (each.answer for each in tally.groups))
    _report(tally, answers, facts_of(catalogue, day, settings.publish_age_days), reach, options)


def _one(tally: Tally, build: str) -> Answer | None:
    answer = tally.add(build)
    if answer is None:
        # Windows Server, for which somebody asked by name, gets an answer, too.
        answer = tally.keep(tally.checker.check(build), build)
    return answer


def _check_call(builds: Sequence[str], options: Options) -> None:
    if not builds and not options.is_fleet:
        raise click.UsageError(
            "Name at least one build, such as 26100.9445, a file with --csv or --json-file, or --graph."
        )
    if sum(map(bool, (options.csv, options.json_file, options.graph))) > 1:
        raise click.UsageError("--csv, --json-file and --graph name several inputs: give one of them.")
    if not options.graph and (options.cloud or options.condition):
        raise click.UsageError("--cloud and --filter are about --graph.")
    if options.csv_out and not options.is_fleet:
        raise click.UsageError("--csv-out writes the devices of --csv, --json-file or --graph.")
    if options.csv_as_it_is and not options.csv_out:
        raise click.UsageError("--csv-as-it-is is about what --csv-out writes.")
    if options.as_json and options.csv_out == "-":
        raise click.UsageError("--json and --csv-out - would both write to standard output.")


def _read_fleet(tally: Tally, options: Options) -> None:
    from osimages.fleet.columns import ColumnsError
    from osimages.fleet.devices import ExportError
    from osimages.fleet.exports import Form, Named, open_export

    try:
        with _opened(options, tally) as (stream, size), _progress(stream, size) as steps:
            named = Named(build=options.build_column, edition=options.edition_column, system=options.os_column)
            form: Form = "csv" if options.csv else "json"
            with open_export(stream, form, tally.checker, named) as export, _written(export, options) as write:
                for number, (device, answer) in enumerate(tally.take(export.devices)):
                    write(device, answer)
                    if not number % 5000:
                        steps()
    except (ExportError, ColumnsError) as error:
        raise click.ClickException(f"{options.source}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or options.source} cannot be used: {error.strerror}.") from None
    for missing in tally.incomplete:
        click.echo(f"Warning: {options.source} is not complete: {missing}", err=True)
    if not tally.summary().devices and not tally.rejected:
        skipped = sum(tally.skipped.values())
        also = f" but {skipped} that are no Windows clients" if skipped else ""
        raise click.ClickException(f"{options.source} holds no device{also}.")


@contextlib.contextmanager
def _opened(options: Options, tally: Tally) -> Iterator[tuple[io.BufferedReader[Any], int | None]]:
    from osimages.fleet.text import SAMPLE_BYTES

    if options.graph:
        with tempfile.TemporaryFile() as file:
            tally.incomplete += read_graph(file, options.graph_url, options.cloud, options.condition)
            size = file.tell()
            file.seek(0)
            yield io.BufferedReader(file, SAMPLE_BYTES), size
        return
    name = options.csv or options.json_file or ""
    if name == "-":
        # Not closed by what reads it: it belongs to the process.
        with io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), SAMPLE_BYTES) as stream:
            yield stream, None
        return
    path = Path(name)
    with io.BufferedReader(io.FileIO(path), SAMPLE_BYTES) as stream:
        yield stream, path.stat().st_size


@contextlib.contextmanager
def _progress(stream: io.BufferedReader[Any], size: int | None) -> Iterator[Callable[[], None]]:
    """A bar on standard error while it is a terminal; what it gives is called now and then."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    shown = (TextColumn("Checking devices"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=size)
        yield lambda: progress.update(task, completed=stream.tell() if size is not None else 0)


@contextlib.contextmanager
def _written(export: Export, options: Options) -> Iterator[Callable[[Device, Answer | None], None]]:
    from osimages.fleet.written import device_writer

    name, as_it_is = options.csv_out, options.csv_as_it_is
    if name is None:
        yield lambda device, answer: None
    elif name == "-":
        yield device_writer(sys.stdout, export.names, as_it_is=as_it_is)
    else:
        # With a byte order mark, without which Excel takes UTF-8 for something else.
        with Path(name).open("w", encoding="utf-8-sig", newline="") as file:
            yield device_writer(file, export.names, as_it_is=as_it_is)


def _report(tally: Tally, answers: Sequence[Answer], facts: Facts, reach: Freshness, options: Options) -> None:
    from osimages.cli.check_tables import print_answers, print_fleet, print_sentence
    from osimages.fleet.tally import document

    summary = tally.summary()
    if options.html:
        _write_html(tally, reach, options)
    if options.as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(document(tally, facts)), indent=2).decode())
    elif options.csv_out != "-":
        if answers:
            print_answers(answers)
        if options.is_fleet:
            print_fleet(tally, options.csv or options.json_file or options.source)
        print_sentence(reach.sentence)
    supported = all(each.answer.is_supported for each in tally.groups if each.devices)
    good = supported if options.support_only else summary.good == summary.devices
    if not good or tally.incomplete or summary.rejected or not summary.devices:
        sys.exit(1)


def _write_html(tally: Tally, reach: Freshness, options: Options) -> None:
    from osimages.fleet.text import writable
    from osimages.pages.report import fleet_report

    try:
        page = fleet_report(tally, reach, writable(options.title), source=writable(_source(options)))
        Path(options.html or "").write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{options.html} cannot be written: {error.strerror}.") from None
    click.echo(f"Report: {options.html}", err=True)


def _source(options: Options) -> str:
    """The name of the input, for the head of the report."""
    name = options.csv or options.json_file
    return Path(name).name if name and name != "-" else options.source


def _shown(name: str) -> str:
    return "Standard input" if name == "-" else name

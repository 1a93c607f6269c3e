"""`osimages catalogue update`: asks the public sources, and puts into force what follows from what they say."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import click
import msgspec

from osimages.cli.graph import graph_client
from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from
from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.graph.catalogue_update import Renewal
    from osimages.graph.claims_storage import Fetch
    from osimages.graph.client import GraphClient
    from osimages.odata.sql.transaction_script import Script
    from osimages.settings import Settings
    from osimages.windows.merge.claims import Rejection
    from osimages.windows.merge.overrides import Overrides
    from osimages.windows.sources.collector import SourceRequest, SourceResult
    from osimages.windows.sources.fetching import Fetcher
    from osimages.windows.sources.source_list import SourceDefinition

Result = TypeVar("Result")
_SHOWN = 20
_CACHE = "catalogue-cache"
_TOKEN_VARIABLE = "OSIMAGES_SOURCE_TOKEN"  # noqa: S105 (the name of a variable)
# Without a way to where tokens are issued the whole command takes 10 seconds at most.
_TOKEN_SECONDS = 7.0


@click.command(
    short_help="Ask the public sources for new facts.",
    epilog=more(
        "docs/catalogue.md",
        "osimages catalogue update",
        "osimages catalogue update --source msrc --source servicing-index",
        "osimages catalogue update --from servicing-index=toc.json",
    ),
)
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source; may be given several times.")
@click.option(
    "--from",
    "given",
    multiple=True,
    metavar="NAME=FILE|URL|-",
    help="Read a source from a file, an address, or - for standard input; may be given several times.",
)
@click.option("--offline", is_flag=True, help="Ask nobody: read again what was fetched before.")
@click.option("--accept-fewer", is_flag=True, help="Take up sources that say much less than at the last time.")
@data_dir_option
@database_option
@json_option
def update(
    names: tuple[str, ...],
    given: tuple[str, ...],
    offline: bool,
    accept_fewer: bool,
    data_dir: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Ask the public sources of release facts, and put into force what follows from all that they say.

    A running server publishes it by itself. Exit code 1 when a source could not be read; the others count all the same.
    """
    settings = settings_from({"data_dir": data_dir, "database": database})
    overrides, text = overrides_of(settings)
    places = _given(given)
    chosen = _chosen(names, places, overrides)
    fetches = fetches_in(settings)
    with ExitStack() as clients:
        requests = [_request(each, places, overrides, fetches, accept_fewer, clients) for each in chosen]
        results = _collected(settings, requests, offline)
    _finish(settings, results, text, as_json, offline)


def update_from(settings: Settings, name: str, place: str, client: GraphClient | None, as_json: bool) -> None:
    """Read one source at a place, and put into force what follows. Raises ClickException, SystemExit."""
    from osimages.graph.source_pages import source_pages
    from osimages.windows.sources.collector import SourceRequest
    from osimages.windows.sources.source_list import BY_NAME, Place

    _, text = overrides_of(settings)
    source = BY_NAME[name]
    pages = None if client is None else source_pages(client, source.permission)
    results = _collected(settings, [SourceRequest(source, (Place(place),), None, pages)], False)
    _finish(settings, results, text, as_json, False)


def _finish(
    settings: Settings, results: Sequence[SourceResult], overrides: bytes, as_json: bool, offline: bool
) -> None:
    renewal = take_up(settings, results, overrides)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_document(results, renewal)), indent=2).decode())
    else:
        _print(results, renewal)
    if any(each.state == "failed" or (each.state == "from the cache" and not offline) for each in results):
        raise SystemExit(1)


def overrides_of(settings: Settings) -> tuple[Overrides, bytes]:
    """The overrides file of the data directory, read and as text. Raises ClickException."""
    from osimages.windows.merge.overrides import FILE_NAME, OverridesError, read_overrides

    file = settings.data_path / FILE_NAME
    try:
        overrides = read_overrides(file)
        return overrides, file.read_bytes() if file.exists() else b""
    except OverridesError as error:
        raise click.ClickException(str(error)) from None


def fetches_in(settings: Settings) -> dict[str, Fetch]:
    """How asking each source went last."""
    from osimages.graph.claims_storage import read_fetches

    return kept_in(settings, read_fetches)


def changed_in(settings: Settings, steps: Script[Result]) -> Result:
    """What steps do in the database of the data directory. Raises ClickException."""
    return asyncio.run(_in_database(settings, steps, writes=True))


def kept_in(settings: Settings, steps: Callable[[], Script[Result]]) -> Result:
    """What steps find in the database of the data directory, made where there is none. Raises ClickException."""
    return asyncio.run(_in_database(settings, steps(), writes=False))


def take_up(settings: Settings, results: Sequence[SourceResult], overrides: bytes) -> Renewal:
    """Puts what sources say into the database, and into force. Raises ClickException."""
    from osimages.graph.catalogue_update import SourceUpdate, update_facts
    from osimages.graph.claims_storage import Fetch

    now = datetime.now(UTC)
    updates = []
    for each in results:
        count = len(each.statement.claims) if each.statement else 0
        read_at = now if each.statement else None
        updates.append(
            SourceUpdate(Fetch(each.source.name, each.state, each.detail, now, read_at, count), each.statement)
        )
    return changed_in(settings, update_facts(updates, overrides))


async def _in_database(settings: Settings, steps: Script[Result], *, writes: bool) -> Result:
    from osimages.app import opened
    from osimages.odata.sql.migrations import SchemaError
    from osimages.odata.sql.store import StoreUnavailableError

    try:
        database = await opened(settings)
        try:
            return await (database.change if writes else database.read)(steps)
        finally:
            await database.close()
    except (SchemaError, StoreUnavailableError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where = error.filename or settings.data_path
        raise click.ClickException(f"{where} cannot be used: {error.strerror}.") from None


def _given(given: Sequence[str]) -> dict[str, list[str]]:
    """The places that were named on the command line, by source."""
    found: dict[str, list[str]] = {}
    for each in given:
        name, separator, place = each.partition("=")
        if not separator or not place:
            raise click.BadParameter(f"'{each}' is not NAME=FILE|URL|-", param_hint="--from")
        found.setdefault(name, []).append(place)
    return found


def _chosen(names: Sequence[str], places: Mapping[str, list[str]], overrides: Overrides) -> list[SourceDefinition]:
    """The sources that are named, or else those that the overrides file, or their own definition, has asked."""
    from osimages.windows.sources.source_list import BY_NAME, SOURCES

    wanted = list(dict.fromkeys([*names, *places]))
    unknown = [name for name in wanted if name not in BY_NAME]
    if unknown:
        raise click.BadParameter(f"there is no source '{unknown[0]}'; there are {', '.join(BY_NAME)}")
    usual = [each for each in SOURCES if overrides.asked.get(each.name, each.is_asked)]
    return [BY_NAME[name] for name in wanted] or usual


def _request(
    source: SourceDefinition,
    given: Mapping[str, list[str]],
    overrides: Overrides,
    fetches: Mapping[str, Fetch],
    accept_fewer: bool,
    clients: ExitStack,
) -> SourceRequest:
    from osimages.graph.source_pages import source_pages
    from osimages.windows.sources.collector import SourceRequest
    from osimages.windows.sources.fetching import is_address
    from osimages.windows.sources.source_list import Place

    places = source.places
    instead = given.get(source.name) or list(overrides.urls.get(source.name, ()))
    if instead:
        accept = source.places[0].accept if source.places else "application/json"
        places = tuple(Place(each, accept) for each in instead)
    last = fetches.get(source.name)
    before = None if accept_fewer or last is None or source.name in given else last.claims
    address = next((each.url for each in places if is_address(each.url)), None)
    if not source.permission or address is None:
        return SourceRequest(source, places, before)
    parts = urlsplit(address)
    client = graph_client(f"{parts.scheme}://{parts.netloc}", _TOKEN_VARIABLE, token_seconds=_TOKEN_SECONDS)
    return SourceRequest(source, places, before, source_pages(clients.enter_context(client), source.permission))


def _collected(settings: Settings, requests: Sequence[SourceRequest], offline: bool) -> list[SourceResult]:
    from osimages.graph.catalogue_update import since
    from osimages.windows.sources.collector import collect

    fetcher = fetcher_of(settings, not_asked="--offline was given" if offline else _no_network(requests))
    with closing(fetcher), _progress(len(requests)) as step:
        return list(collect(requests, fetcher, since(), step))


def _no_network(requests: Sequence[SourceRequest]) -> str:
    """Return `no network` if no server of these sources can be reached, and say so on standard error; else nothing."""
    from osimages.windows.sources.fetching import is_address
    from osimages.windows.sources.reachability import no_network

    reason = no_network(place.url for each in requests for place in each.places if is_address(place.url))
    if reason is None:
        return ""
    click.echo(f"No network: none of the sources can be reached ({reason}). Facts on file stay in force.", err=True)
    return "no network"


def fetcher_of(settings: Settings, *, not_asked: str = "") -> Fetcher:
    """Return a fetcher that keeps what it fetches in the data directory; `not_asked` says why it sends no request."""
    from osimages.windows.sources.cache import Cache
    from osimages.windows.sources.fetching import Fetcher

    # A frozen calendar (setting `today`) counts here, too: what lies after that day is not known yet.
    day = settings.today
    return Fetcher(
        Cache(settings.data_path / _CACHE),
        not_asked=not_asked,
        now=lambda: datetime.now(UTC) if day is None else datetime.combine(day, time(), UTC),
    )


@contextmanager
def _progress(count: int) -> Iterator[Callable[[str], None]]:
    """A bar with the source that is asked just now, on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count)
        started = -1

        def step(name: str) -> None:
            nonlocal started
            started += 1
            progress.update(task, description=f"Asking {name}", completed=started)

        yield step


def _document(results: Sequence[SourceResult], renewal: Renewal) -> dict[str, object]:
    return {
        "asOf": str(renewal.merged.catalogue.as_of),
        "completeUntil": str(renewal.merged.catalogue.complete_until),
        "sources": [
            {
                "name": each.source.name,
                "state": each.state,
                "detail": each.detail,
                "facts": len(each.statement.claims) if each.statement else 0,
            }
            for each in results
        ],
        "changes": renewal.changes,
        "newDisagreements": renewal.new_disagreements,
        "rejected": _rejected(results, renewal),
    }


def _rejected(results: Sequence[SourceResult], renewal: Renewal) -> list[Rejection]:
    """What was not taken up of the sources that were asked now: what could not be read, then what cannot be right."""
    from osimages.windows.merge.claims import Rejection

    asked = {each.source.name for each in results}
    unread = [Rejection(each.source.name, what, why) for each in results for what, why in each.rejected]
    return unread + [each for each in renewal.merged.rejected if each.source in asked]


def _print(results: Sequence[SourceResult], renewal: Renewal) -> None:
    rows = [
        (each.source.name, each.state, f"{len(each.statement.claims):,}" if each.statement else "", each.detail)
        for each in results
    ]
    print_table(("Source", "State", "Facts", "Detail"), rows)
    print_changes(renewal)
    _print_part(
        "New disagreements",
        [f"{each.subject}, {each.field}: {each.chosen} ({each.why})" for each in renewal.new_disagreements],
    )
    rejected = _rejected(results, renewal)
    _print_part("Not taken up", _grouped(rejected), len(rejected))
    facts = renewal.merged.catalogue
    click.echo(f"As of {facts.as_of}, complete to {facts.complete_until}.")


def print_changes(renewal: Renewal) -> None:
    """The facts that came, changed or went."""
    _print_part("Changes", [" ".join(part for part in _line(each) if part) for each in renewal.changes])


def _line(change: object) -> tuple[str, ...]:
    from osimages.windows.merge.changes import Change

    assert isinstance(change, Change)
    values = f"{change.before or 'none'} -> {change.after or 'none'}" if change.what == "changed" else change.after
    return (change.what, change.subject, change.field if change.what == "changed" else "", values)


def _grouped(rejected: Sequence[Rejection]) -> list[str]:
    """A line for each reason: a list of Windows Server's updates is one thing to know, and not a hundred."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in rejected:
        groups.setdefault((each.source, each.why), []).append(each.what)
    return [
        f"{source}: {what[0] if len(what) == 1 else f'{what[0]} and {len(what) - 1:,} more'}: {why}"
        for (source, why), what in groups.items()
    ]


def _print_part(title: str, lines: Sequence[str], count: int | None = None) -> None:
    count = len(lines) if count is None else count
    click.echo(f"{title}: {count:,}" if count else f"{title}: none")
    for line in lines[:_SHOWN]:
        click.echo(f"  {line}")
    if len(lines) > _SHOWN:
        click.echo(f"  and {len(lines) - _SHOWN:,} more: --json lists all")

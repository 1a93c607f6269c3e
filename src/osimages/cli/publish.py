"""`osimages catalogue publish`: brings today's catalogue to all tenants, or shows what would change."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from, today_option
from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.graph.publisher import Publisher
    from osimages.graph.publishing import Difference
    from osimages.settings import Settings

_SHOWN = 50


class Outcome(msgspec.Struct, rename="camel"):
    """What was published, or would be: totals, and with `--dry-run` each tenant's difference."""

    today: str
    as_of: str
    dry_run: bool
    tenants: int = 0
    images: int = 0
    value: list[dict[str, object]] = []


@click.command(
    short_help="Publish today's catalogue to all tenants.",
    epilog=more("docs/publishing.md", "osimages catalogue publish --dry-run"),
)
@click.option("--dry-run", is_flag=True, help="Only show what would change, for each tenant.")
@today_option
@click.option("--age-days", type=click.IntRange(min=0), metavar="N", help="Setting publish_age_days (2).")
@data_dir_option
@database_option
@json_option
def publish(
    dry_run: bool,
    today: date | None,
    age_days: int | None,
    data_dir: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Publish what the catalogue has for today to every tenant that has not got it, as a running server does by itself.

    For cron and Task Scheduler, where no server runs all the time.
    """
    settings = settings_from({"data_dir": data_dir, "database": database, "publish_age_days": age_days, "today": today})
    outcome = asyncio.run(_run(settings, dry_run))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode())
        return
    if outcome.value:
        titles = ("Tenant", "Added", "Changed", "Taken away", "Kept as they are")
        print_table(titles, [_row(each) for each in outcome.value[:_SHOWN]])
        if len(outcome.value) > _SHOWN:
            click.echo(f"and {len(outcome.value) - _SHOWN:,} more tenants: --json lists all.")
    done = "would change" if dry_run else "changed"
    click.echo(
        f"{outcome.images:,} images {done} in {outcome.tenants:,} tenants, on {outcome.today} as of {outcome.as_of}."
    )


async def _run(settings: Settings, dry_run: bool) -> Outcome:
    from osimages.app import opened, publisher_of
    from osimages.odata.sql.migrations import SchemaError
    from osimages.odata.sql.store import StoreUnavailableError

    try:
        database = await opened(settings)
        try:
            publisher = await publisher_of(settings, database, only_reads=dry_run)
            outcome = Outcome(str(publisher.current.clock.today()), str(publisher.current.catalogue.as_of), dry_run)
            await (_compare if dry_run else _publish)(publisher, outcome)
        finally:
            await database.close()
    except (SchemaError, StoreUnavailableError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or settings.data_path} cannot be used: {error.strerror}."
        ) from None
    return outcome


async def _publish(publisher: Publisher, outcome: Outcome) -> None:
    other = await publisher.other_calendar()
    if other is not None:
        raise click.ClickException(
            f"A server with another calendar ({other}) publishes on this database: end it, or give the same --today."
        )
    with _progress("Publishing") as step:
        found = await publisher.round(step)
    if found is None:
        raise click.ClickException("Another process is publishing just now.")
    outcome.tenants, outcome.images = found.tenants, found.images


async def _compare(publisher: Publisher, outcome: Outcome) -> None:
    with _progress("Comparing") as step:
        async for tenant, difference in publisher.differences():
            outcome.tenants += 1
            outcome.images += len(difference.added) + len(difference.changed) + len(difference.removed)
            outcome.value.append(_object(tenant, difference))
            step(1)


def _object(tenant: str, difference: Difference) -> dict[str, object]:
    return {"tenant": tenant, **msgspec.to_builtins(difference)}


def _row(found: dict[str, object]) -> tuple[str, ...]:
    return (str(found["tenant"]), *(_names(found[name]) for name in ("added", "changed", "removed", "own")))


def _names(keys: object) -> str:
    assert isinstance(keys, (list, tuple))
    return ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    """A count of tenants on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda tenants: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    shown = (SpinnerColumn(), TextColumn(f"{what} {{task.completed:,.0f}} tenants"), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda tenants: progress.advance(task, tenants)

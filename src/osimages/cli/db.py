"""`osimages db`: what the database is and holds, its migrations, backups, and what is put back from them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from

if TYPE_CHECKING:
    from osimages.graph.database_contents import DatabaseContents
    from osimages.odata.sql.database_info import DatabaseInfo

_file = click.Path(path_type=Path, dir_okay=False)
_MEGABYTE = 1024 * 1024


@click.group(short_help="Look after the database: back it up, restore it.")
def db() -> None:
    """The database of a server: an SQLite file in the data directory, or one on a PostgreSQL server."""


@db.command(
    short_help="Which database, its schema, and how much is in it.",
    epilog=more("docs/databases.md", "osimages db info --json"),
)
@data_dir_option
@database_option
@json_option
def info(data_dir: str | None, database: str | None, as_json: bool) -> None:
    """Print what the database is and holds. Nothing is changed, also where its schema is older than this release."""
    from osimages.graph.database_contents import DatabaseContents, contents
    from osimages.graph.migrations import MIGRATIONS
    from osimages.odata.sql.databases import describe

    settings = settings_from({"data_dir": data_dir, "database": database})
    with _complaints():
        found, held = asyncio.run(describe(settings.database_url, MIGRATIONS, contents))
    held = held or DatabaseContents()
    if as_json:
        _print_json(msgspec.to_builtins(found) | msgspec.to_builtins(held))
        return
    for name, value in _lines(found, held):
        click.echo(f"{name + ':':14} {value}")


@db.command(
    short_help="Make the database, or bring it up to date.", epilog=more("docs/databases.md", "osimages db migrate")
)
@data_dir_option
@database_option
@json_option
def migrate(data_dir: str | None, database: str | None, as_json: bool) -> None:
    """Apply the migrations that the database needs, as `serve` does when it starts."""
    from osimages.graph.migrations import MIGRATIONS
    from osimages.odata.sql import databases

    settings = settings_from({"data_dir": data_dir, "database": database})
    with _complaints():
        steps = asyncio.run(databases.migrate(settings.database_url, MIGRATIONS))
    if as_json:
        _print_json({"database": settings.database_shown, "applied": steps})
        return
    done = f"{steps} migrations applied, it is" if steps else "nothing to do, it was"
    click.echo(f"{settings.database_shown}: {done} up to date.")


@db.command(
    short_help="Copy the database into one file.",
    epilog=more("docs/databases.md", "osimages db backup osimages-backup.db"),
)
@click.argument("file", type=_file)
@click.option("--overwrite", is_flag=True, help="Replace the file where there is one.")
@data_dir_option
@database_option
@json_option
def backup(file: Path, overwrite: bool, data_dir: str | None, database: str | None, as_json: bool) -> None:
    """Copy the database, as it is at one moment, into FILE. Servers go on reading and writing meanwhile.

    FILE is an SQLite database whichever the database is of, and can be restored into either kind. It holds the keys of
    the installation: keep it like a password.
    """
    from osimages.graph.migrations import MIGRATIONS
    from osimages.odata.sql.databases import back_up

    if file.exists() and not overwrite:
        raise click.ClickException(f"There is a file {file}. Say --overwrite to replace it.")
    settings = settings_from({"data_dir": data_dir, "database": database})
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with _complaints(), _progress("Backing up") as progress:
            asyncio.run(back_up(settings.database_url, unfinished, MIGRATIONS, progress))
            unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    if as_json:
        _print_json({"database": settings.database_shown, "file": str(file), "sizeBytes": file.stat().st_size})
        return
    click.echo(f"{settings.database_shown}: backed up to {file} ({file.stat().st_size / _MEGABYTE:,.1f} MB).")


@db.command(
    short_help="Put a backup in place of the database.",
    epilog=more("docs/databases.md", "osimages db restore osimages-backup.db --overwrite"),
)
@click.argument("file", type=_file)
@click.option("--overwrite", is_flag=True, help="Replace what the database has.")
@data_dir_option
@database_option
@json_option
def restore(file: Path, overwrite: bool, data_dir: str | None, database: str | None, as_json: bool) -> None:
    """Put the backup FILE in place of the database, of either kind. End the servers first.

    Entity tags that were given out since the backup name no version again, and delta links start anew.
    """
    from osimages.graph.migrations import MIGRATIONS
    from osimages.odata.sql import databases

    settings = settings_from({"data_dir": data_dir, "database": database})
    with _complaints(), _progress("Restoring") as progress:
        asyncio.run(databases.restore(settings.database_url, file, MIGRATIONS, overwrite=overwrite, progress=progress))
    if as_json:
        _print_json({"database": settings.database_shown, "file": str(file)})
        return
    click.echo(f"{settings.database_shown}: restored from {file}.")


def _lines(found: DatabaseInfo, held: DatabaseContents) -> Iterator[tuple[str, str]]:
    yield "Database", found.database
    yield "System", found.system
    yield "Size", f"{found.size_bytes / _MEGABYTE:,.1f} MB"
    state = "up to date" if found.is_current else "older than this release: osimages db migrate"
    yield "Schema", f"{found.schema} ({state})"
    titles = {"tenants": "Tenants", "images": "Images", "auditEvents": "Audit events"}
    for name, count in held.counts.items():
        yield titles[name], f"{count:,}"
    if held.catalogue_as_of is not None:
        yield "Facts as of", held.catalogue_as_of


@contextmanager
def _complaints() -> Iterator[None]:
    from osimages.odata.sql.backup import BackupError
    from osimages.odata.sql.migrations import SchemaError
    from osimages.odata.sql.store import StoreUnavailableError

    try:
        yield
    except (BackupError, SchemaError, StoreUnavailableError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'The disk'} cannot be used: {error.strerror}.") from None


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_json(document: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())

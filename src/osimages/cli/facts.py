"""The catalogue's facts for commands: those in the database that the settings name, or those of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from osimages.settings import Settings
    from osimages.windows.facts import Catalogue


def facts_in(settings: Settings) -> Catalogue:
    """The facts in the database, or those of this release where they are newer, as a server would put them there."""
    from osimages.graph.sqlite_facts import catalogue_of
    from osimages.odata.sql.migrations import SchemaError
    from osimages.windows.facts import bundled

    try:
        on_server = settings.database_server is not None
        kept = _facts_on_server(settings) if on_server else catalogue_of(settings.database_path)
    except SchemaError as error:
        raise click.ClickException(str(error)) from None
    shipped = bundled()
    return kept if kept is not None and kept.as_of >= shipped.as_of else shipped


def _facts_on_server(settings: Settings) -> Catalogue:
    import asyncio

    from osimages.app import open_current
    from osimages.graph.current_catalogue import catalogue_in
    from osimages.odata.sql.store import StoreUnavailableError

    async def read() -> Catalogue:
        database = await open_current(settings)
        try:
            return await catalogue_in(database, only_reads=True)
        finally:
            await database.close()

    try:
        return asyncio.run(read())
    except StoreUnavailableError as error:
        raise click.ClickException(str(error)) from None

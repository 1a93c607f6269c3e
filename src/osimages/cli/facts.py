"""The catalogue's facts for commands: those in the database that the settings name, or those of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from osimages.catalogue.facts import Catalogue
    from osimages.settings import Settings


def facts_in(settings: Settings) -> Catalogue:
    """The facts in the database, or those of this release where they are newer, as a server would put them there."""
    from osimages.catalogue.facts import bundled
    from osimages.storage.migrate import SchemaError
    from osimages.storage.sqlite_catalogue import catalogue_of

    try:
        on_server = settings.database_server is not None
        kept = _facts_on_server(settings) if on_server else catalogue_of(settings.database_path)
    except SchemaError as error:
        raise click.ClickException(str(error)) from None
    shipped = bundled()
    return kept if kept is not None and kept.as_of >= shipped.as_of else shipped


def _facts_on_server(settings: Settings) -> Catalogue:
    import asyncio

    from osimages.publish.current import catalogue_in
    from osimages.storage.databases import open_database
    from osimages.storage.store import StoreUnavailableError

    async def read() -> Catalogue:
        database = await open_database(settings)
        try:
            return await catalogue_in(database, only_reads=True)
        finally:
            await database.close()

    try:
        return asyncio.run(read())
    except StoreUnavailableError as error:
        raise click.ClickException(str(error)) from None

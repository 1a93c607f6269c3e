"""The catalogue's facts for commands: those in the database of the data directory, or those of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from osimages.catalogue.facts import Catalogue
    from osimages.settings import Settings


def facts_in(settings: Settings) -> Catalogue:
    """The facts in the database of the data directory, or those of this release where there are none."""
    from osimages.catalogue.facts import bundled
    from osimages.storage.migrate import SchemaError
    from osimages.storage.sqlite_catalogue import catalogue_of

    try:
        return catalogue_of(settings.database_path) or bundled()
    except SchemaError as error:
        raise click.ClickException(str(error)) from None

"""The facts in force in this process, and the images that are published from them on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import Any

import msgspec

from osimages.graph.clock import Clock
from osimages.graph.facts_storage import has_claims, read_catalogue, read_digest, read_shipped_as_of, write_catalogue
from osimages.odata.sql.store import Database
from osimages.windows.calendar import patch_tuesdays
from osimages.windows.facts import Catalogue, bundled, digest
from osimages.windows.images import label, newest_day, published


class Publication(msgspec.Struct, frozen=True):
    """The images that a tenant is to have, and a label that changes when they do."""

    label: str
    images: Mapping[str, Mapping[str, Any]]


_MOST_MISSING = 12
# Days and choices whose publication is cached: today's, and those of tenants with clocks of their own.
_MOST_DAYS = 64
NOTHING = Publication("none", {})


class CurrentCatalogue:
    """The catalogue in force. Another process may put newer facts into the database: see `refresh`."""

    def __init__(self, catalogue: Catalogue, clock: Clock, age_days: int) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self.age_days = age_days
        self._published: dict[tuple[date, bool], Publication] = {}

    def publication(self, choice: str, tenant: str = "") -> Publication:
        """Return the images of today for a tenant's choice: `supported`, `all` or `none`; computed once a day.

        `tenant` is the tenant whose clock says which day it is.
        """
        if choice == "none":
            return NOTHING
        key = (self.clock.today(tenant), choice == "all")
        if key not in self._published:
            if len(self._published) > _MOST_DAYS:
                self._published.clear()
            given = (self.catalogue, key[0], self.age_days, key[1])
            self._published[key] = Publication(label(*given), published(*given))
        return self._published[key]

    def missing_patch_tuesdays(self) -> tuple[date, ...]:
        """Return the Patch Tuesdays whose builds are due to be published and not in the facts; at most a year's."""
        due = patch_tuesdays(_MOST_MISSING, newest_day(self.clock.today(), self.age_days))
        return tuple(each for each in due if each > self.catalogue.complete_until)

    async def refresh(self, database: Database) -> bool:
        """Load the facts in the database if they differ from those in force; return whether they did."""
        found = await database.read(read_digest())
        if found is None or found == digest(self.catalogue):
            return False
        catalogue = await database.read(read_catalogue())
        if catalogue is not None:
            self.catalogue = catalogue
            self._published.clear()
        return catalogue is not None


async def catalogue_in(database: Database, *, only_reads: bool = False) -> Catalogue:
    """Return the facts in the database; those of this release replace them if they are newer.

    If the database has claims of sources, the facts are merged from this release and those claims
    (`graph/catalogue_update.py`): again if they were merged with an older release.
    """
    kept, shipped = await database.read(read_catalogue()), bundled()
    if kept is not None and await database.read(has_claims()):
        is_of_this_release = await database.read(read_shipped_as_of()) >= str(shipped.as_of)
        if is_of_this_release and kept.as_of > shipped.as_of:
            return kept
        # Loaded when it is needed, which is once after each upgrade: it would make every start slower.
        catalogue_update = import_module("osimages.graph.catalogue_update")
        if only_reads:
            return (await database.read(catalogue_update.merge_stored_claims())).catalogue  # type: ignore[no-any-return]
        await database.change(catalogue_update.refresh_facts())
        return await database.read(read_catalogue()) or shipped
    if kept is not None and kept.as_of > shipped.as_of:
        return kept
    if kept != shipped and not only_reads:
        await database.change(write_catalogue(shipped, shipped.as_of))
    return shipped

"""Which images are published on a day: the catalogue's releases in the shape of Graph's image.

Graph's `availableUpdates` holds "up to the last 3 Patch Tuesdays" and is "updated 2-3 days after every Patch Tuesday":
https://learn.microsoft.com/graph/api/resources/intune-osprovisioninggraphservice-manageddevicewindowsoperatingsystemimage
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from hashlib import sha256

import msgspec

from osimages.windows.calendar import patch_tuesday
from osimages.windows.facts import Catalogue, Package, Release, Update

_PATCH_TUESDAYS_SHOWN = 3

Image = dict[str, object]


def published(catalogue: Catalogue, today: date, age_days: int, everything: bool = False) -> dict[str, Image]:
    """Return the images of `today`, a day in Pacific Time, by id and in the order of the catalogue.

    A B release counts once its Patch Tuesday is at least `age_days` days ago. A release of Windows is published while
    an edition of it is in support (the end date is the last day) or while it still gets B releases, which some get for
    LTSC and ESU after all editions here have ended; with `everything` also afterwards, but never before its general
    availability.
    """
    recent = set(patch_tuesdays_known(catalogue, today, age_days)[:_PATCH_TUESDAYS_SHOWN])
    images = {}
    for release in catalogue.releases:
        updates = b_releases(release, today, age_days)
        still_updated = bool(updates) and patch_tuesday_of(updates[0]) in recent
        if release.general_availability <= today and (everything or still_updated or _in_support(release, today)):
            images[release.id] = _image(release, updates[:_PATCH_TUESDAYS_SHOWN])
    return images


@lru_cache(64)
def label(catalogue: Catalogue, today: date, age_days: int, everything: bool = False) -> str:
    """Return a short text that is another one exactly when `published` gives another result; worked out once a day."""
    return sha256(msgspec.json.encode(published(catalogue, today, age_days, everything))).hexdigest()[:32]


@lru_cache(64)
def patch_tuesdays_known(catalogue: Catalogue, today: date, age_days: int) -> tuple[date, ...]:
    """Return the Patch Tuesdays of which any release has a B release that counts on `today`, newest first."""
    found = {patch_tuesday_of(each) for release in catalogue.releases for each in b_releases(release, today, age_days)}
    return tuple(sorted(found, reverse=True))


def newest_day(today: date, age_days: int) -> date:
    """Return the last day whose Patch Tuesday counts on `today`."""
    return date.fromordinal(max(date.min.toordinal(), today.toordinal() - age_days))


def b_releases(release: Release, today: date, age_days: int) -> list[Update]:
    """Return the canonical B releases that are at least `age_days` old on `today`, newest first."""
    last = newest_day(today, age_days)
    found = [each for each in release.updates if each.is_canonical_b and _available_on(each) <= last]
    return sorted(found, key=lambda each: (each.year, each.month, each.build), reverse=True)


def patch_tuesday_of(update: Update | Package) -> date:
    """Return the Patch Tuesday that a B release belongs to."""
    assert update.year is not None, "every B release has a month"
    assert update.month is not None, "every B release has a month"
    return patch_tuesday(update.year, update.month)


def _available_on(update: Update) -> date:
    """Its Patch Tuesday, or the day it came out where that was later (Windows 10 1507 got that of 2025-04 a day late).

    Early ones keep to their Patch Tuesday: the B release of 2018-01 came out on 2018-01-03.
    """
    tuesday = patch_tuesday_of(update)
    return tuesday if update.release_date is None else max(tuesday, update.release_date)


def _in_support(release: Release, today: date) -> bool:
    return any(edition.support_end_date >= today for edition in release.editions)


def _image(release: Release, updates: list[Update]) -> Image:
    return {
        "id": release.id,
        "supportedEditions": [
            {"editionType": each.edition_type, "supportEndDate": each.support_end_date.isoformat()}
            for each in release.editions
        ],
        "supportedArchitectures": list(release.architectures),
        "availableUpdates": [
            {"buildVersion": str(each.build), "releaseMonth": each.month, "releaseYear": each.year} for each in updates
        ],
    }

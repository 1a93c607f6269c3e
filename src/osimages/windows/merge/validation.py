"""What is missing from the facts, or cannot be right in them, whatever the sources say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import msgspec

from osimages.windows.calendar import MONTHS_WITHOUT_PATCH_TUESDAY, patch_tuesday
from osimages.windows.facts import Catalogue, Release, Update
from osimages.windows.merge.rules import family_of

_TUESDAY = 1
# Before 2016 there was no monthly B release of Windows 10 that all sources agree on.
_FIRST_MONTH = (2016, 1)
Month = tuple[int, int]


class Finding(msgspec.Struct, frozen=True):
    """A gap or a fault: what it is about, and what is wrong."""

    subject: str
    what: str


def findings(catalogue: Catalogue, today: date) -> tuple[Finding, ...]:
    """Return all gaps and faults on a day."""
    found: list[Finding] = []
    for release in catalogue.releases:
        found += _gaps(release, today)
        found += _order(release)
        found += _ends(release)
    return (*found, *_siblings(catalogue))


def _published(release: Release) -> dict[Month, Update]:
    return {
        (each.year, each.month): each
        for each in release.updates
        if each.is_canonical_b and each.year is not None and each.month is not None
    }


def _gaps(release: Release, today: date) -> Iterator[Finding]:
    """Patch Tuesdays, between a release's first B release and the end of its support, of which no build is known."""
    known = _published(release)
    end = min(max((each.support_end_date for each in release.editions), default=today), today)
    start = max(min(known, default=(end.year, end.month)), _FIRST_MONTH)
    year, month = start
    missing = []
    while (year, month) <= (end.year, end.month):
        is_due = release.general_availability <= patch_tuesday(year, month) <= end
        if is_due and (year, month) not in known and (year, month) not in MONTHS_WITHOUT_PATCH_TUESDAY:
            missing.append(f"{year}-{month:02}")
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    if missing:
        yield Finding(release.id, f"no build is known of the Patch Tuesday of {', '.join(missing)}")


def _order(release: Release) -> Iterator[Finding]:
    known = _published(release)
    for one, other in pairwise(sorted(known)):
        if known[other].build <= known[one].build:
            what = f"the build of {other[0]}-{other[1]:02} is not newer than that of {one[0]}-{one[1]:02}"
            yield Finding(release.id, what)


def _ends(release: Release) -> Iterator[Finding]:
    if not release.editions:
        yield Finding(release.id, "no end of support is known")
    for day in sorted({each.support_end_date for each in release.editions}):
        if day.weekday() != _TUESDAY:
            yield Finding(release.id, f"support ends on {day}, which is no Tuesday")


def _siblings(catalogue: Catalogue) -> Iterator[Finding]:
    """Releases that share their revisions have the same one in each month."""
    months: defaultdict[tuple[int, Month], dict[int, list[str]]] = defaultdict(dict)
    for release in catalogue.releases:
        for month, update in _published(release).items():
            months[family_of(release.os_build), month].setdefault(update.build.revision, []).append(release.id)
    for (_, month), revisions in months.items():
        if len(revisions) > 1:
            said = "; ".join(f"{revision}: {', '.join(names)}" for revision, names in sorted(revisions.items()))
            yield Finding(f"{month[0]}-{month[1]:02}", f"releases with shared revisions have several ({said})")

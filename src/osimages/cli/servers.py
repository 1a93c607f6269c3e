"""`osimages catalogue show --servers`: releases of Windows Server with ends, newest builds and hotpatch months."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.windows.facts import Catalogue, HotpatchMonth, Package, Release, SupportGroup, Update

_BUILDS_SHOWN = 3


def served(facts: Catalogue, today: date, everything: bool) -> list[Release]:
    """Return the releases of Windows Server that get updates on a day (ESU included); with `everything` all."""
    return [
        each for each in facts.servers if each.general_availability <= today and (everything or last_end(each) >= today)
    ]


def last_end(release: Release) -> date:
    """Return the last day on which anybody gets updates of a server release."""
    ends = [edition.support_end_date for edition in release.editions]
    return max([*ends, *(esu.ends[-1] for esu in release.esu)], default=date.min)


def newest(release: Release, today: date, age_days: int) -> list[Update | Package]:
    """Return the newest B releases that are at least `age_days` old on `today`, also those without a known build."""
    from osimages.windows.images import newest_day, patch_tuesday_of

    last = newest_day(today, age_days)
    found = [each for each in release.every_update if each.is_canonical_b and patch_tuesday_of(each) <= last]
    return sorted(found, key=patch_tuesday_of, reverse=True)[:_BUILDS_SHOWN]


def server_objects(
    facts: Catalogue, releases: Sequence[Release], today: date, age_days: int
) -> list[dict[str, object]]:
    """Return the releases as JSON objects."""
    from osimages.windows.support import support_groups

    return [
        {
            "id": each.id,
            "version": each.version,
            "osBuild": each.os_build,
            "generalAvailability": str(each.general_availability),
            "support": [_group_object(group, facts) for group in support_groups(each)],
            "hotpatchUntil": each.hotpatch_until or None,
            "hotpatchMonths": [_month_object(month, each) for month in each.hotpatch_months],
            "updates": [_update_object(update) for update in newest(each, today, age_days)],
        }
        for each in releases
    ]


def print_servers(facts: Catalogue, releases: Sequence[Release], today: date, age_days: int) -> None:
    """Print a line for each release."""
    between = "\n" if sys.stdout.isatty() else "; "
    rows = [
        (
            each.id,
            between.join(_ends(each, today)),
            between.join(
                f"{build_of(update) or update.kb} ({update.year}-{update.month:02})"
                for update in newest(each, today, age_days)
            )
            or "none yet",
            between.join(_hotpatches(each, today)),
        )
        for each in releases
    ]
    print_table(("Release", "Support", "Patch Tuesday builds", "Hotpatch months"), rows)


def build_of(update: Update | Package) -> str:
    """Return the build of an update, empty where it is not known."""
    from osimages.windows.facts import Update

    return str(update.build) if isinstance(update, Update) else ""


def _ends(release: Release, today: date) -> list[str]:
    from osimages.windows.support import support_groups

    lines = []
    for group in support_groups(release):
        if group.mainstream_end is not None and group.mainstream_end != group.support_end_date:
            lines.append(f"mainstream {_until(group.mainstream_end, today)}")
        lines.append(f"support {_until(group.support_end_date, today)}")
        for esu in group.esu:
            lines.append(f"{esu.program} ESU {_until(esu.ends[-1], today)}{' (inferred)' * esu.is_inferred}")
    return lines


def _until(end: date, today: date) -> str:
    return f"{'until' if end >= today else 'ended'} {end}"


def _hotpatches(release: Release, today: date) -> list[str]:
    """Return the months up to a day, newest first: `2026-10 baseline`; one that is not known yet as it was planned."""
    past = [each for each in release.hotpatch_months if (each.year, each.month) <= (today.year, today.month)]
    lines = [f"{each.year}-{each.month:02} {each.actual or f'{each.planned} planned'}" for each in reversed(past)]
    until = [f"until {release.hotpatch_until}"] if release.hotpatch_until else []
    return lines[:_BUILDS_SHOWN] + until


def _group_object(group: SupportGroup, facts: Catalogue) -> dict[str, object]:
    return {
        "servicing": str(group.servicing),
        "editions": list(group.editions),
        "mainstreamEndDate": None if group.mainstream_end is None else str(group.mainstream_end),
        "supportEndDate": str(group.support_end_date),
        "extendedSecurityUpdates": [
            {"program": str(esu.program), "endDates": [str(day) for day in esu.ends], "isInferred": esu.is_inferred}
            for esu in group.esu
        ],
        "sources": [facts.sources[number].name for number in group.sources],
    }


def _month_object(month: HotpatchMonth, release: Release) -> dict[str, object]:
    """Return a month of the calendar, with the hotpatches that came out in it."""
    from osimages.windows.facts import Kind

    kinds = (Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND)
    found = [
        each
        for each in release.updates
        if each.kind in kinds
        and each.release_date is not None
        and (each.release_date.year, each.release_date.month) == (month.year, month.month)
    ]
    return {
        "month": f"{month.year}-{month.month:02}",
        "planned": month.planned,
        "actual": month.actual or None,
        "hotpatches": [_update_object(each) for each in found],
    }


def _update_object(update: Update | Package) -> dict[str, object]:
    return {
        "buildVersion": build_of(update) or None,
        "kb": update.kb,
        "releaseDate": None if update.release_date is None else str(update.release_date),
        "kind": str(update.kind),
        "releaseMonth": update.month,
        "releaseYear": update.year,
    }

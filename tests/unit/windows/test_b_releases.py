"""Every Windows 11 version has a B release for every Patch Tuesday since 2023, as far as anything is known at all."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from osimages.windows.calendar import MONTHS_WITHOUT_PATCH_TUESDAY, patch_tuesday
from osimages.windows.facts import Release, Update, bundled
from osimages.windows.merge.rules import family_of

WINDOWS_11 = [each for each in bundled().releases if each.product == "Windows 11"]
# Versions that got B releases before they were generally available, on PCs that came with them.
BEFORE_AVAILABILITY = {"Windows 11 24H2": (2024, 7)}


def months(release: Release) -> list[tuple[int, int]]:
    """The months whose Patch Tuesday a release is served on, from 2023 to the day of the facts."""
    first = BEFORE_AVAILABILITY.get(release.id)
    start = max(date(*first, 1) if first else release.general_availability, date(2023, 1, 1))
    end = min(bundled().as_of, max(each.support_end_date for each in release.editions))
    every = [(year, month) for year in range(start.year, end.year + 1) for month in range(1, 13)]
    return [each for each in every if each not in MONTHS_WITHOUT_PATCH_TUESDAY and start <= patch_tuesday(*each) <= end]


def published(release: Release) -> dict[tuple[int, int], Update]:
    """The B release of each month from 2023."""
    return {
        (each.year, each.month): each
        for each in release.updates
        if each.is_canonical_b and each.year is not None and each.month is not None and each.year >= 2023
    }


@pytest.mark.parametrize("release", WINDOWS_11, ids=lambda each: each.id)
def test_no_patch_tuesday_is_missing(release: Release) -> None:
    expected = months(release)
    # 26H2 became generally available after the Patch Tuesday of its month; 22H2 was served until its last day.
    assert [each for each in sorted(published(release)) if each >= (months(release)[0])] == expected


@pytest.mark.parametrize("release", WINDOWS_11, ids=lambda each: each.id)
def test_each_came_out_on_its_patch_tuesday_and_is_newer_than_the_one_before(release: Release) -> None:
    found = published(release)
    assert all(each.release_date == patch_tuesday(*month) for month, each in found.items())
    assert all(found[a].build < found[b].build for a, b in pairwise(sorted(found)))


def test_versions_that_share_their_revisions_have_the_same_in_each_month() -> None:
    """22H2 and 23H2, and 24H2, 25H2 and 26H2; KBs are the same, too, where both are known."""
    shared: dict[tuple[int, tuple[int, int]], set[tuple[int, str]]] = {}
    for release in WINDOWS_11:
        for month, update in published(release).items():
            shared.setdefault((family_of(release.os_build), month), set()).add((update.build.revision, update.kb or ""))
    assert {key: found for key, found in shared.items() if len(found) > 1} == {}


def test_every_kb_but_those_of_the_newest_months_is_known() -> None:
    without = {month for release in WINDOWS_11 for month, each in published(release).items() if each.kb is None}
    assert without == {(2026, 10), (2026, 11)}

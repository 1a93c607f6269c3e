"""Gaps and faults of a catalogue: none in the shipped one on the day of its facts, and each kind is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from osimages.windows.facts import Catalogue, Release, bundled
from osimages.windows.merge.validation import findings

TODAY = date(2026, 11, 29)
SERVED = ["Windows 11 24H2", "Windows 11 25H2", "Windows 11 26H1", "Windows 11 26H2"]


def changed(name: str, change: Callable[[Release], Release]) -> Catalogue:
    """The shipped facts with one release changed."""
    releases = tuple(change(each) if each.id == name else each for each in bundled().releases)
    return msgspec.structs.replace(bundled(), releases=releases)


def news(catalogue: Catalogue) -> list[tuple[str, str]]:
    """What is found beside what is found in the shipped facts."""
    known = findings(bundled(), TODAY)
    return [(each.subject, each.what) for each in findings(catalogue, TODAY) if each not in known]


def test_the_shipped_facts_lack_only_later_months() -> None:
    assert findings(bundled(), TODAY) == ()
    assert [(each.subject, each.what) for each in findings(bundled(), date(2026, 12, 10))] == [
        (name, "no build is known of the Patch Tuesday of 2026-12") for name in SERVED
    ]


def without(month: tuple[int, int]) -> Callable[[Release], Release]:
    """Takes the updates of a month out."""
    return lambda release: msgspec.structs.replace(
        release, updates=tuple(each for each in release.updates if (each.year, each.month) != month)
    )


def test_a_month_that_is_missing() -> None:
    assert news(changed("Windows 11 22H2", without((2024, 5)))) == [
        ("Windows 11 22H2", "no build is known of the Patch Tuesday of 2024-05")
    ]


def test_an_end_of_support_on_another_day_than_a_tuesday() -> None:
    def later(release: Release) -> Release:
        edition = msgspec.structs.replace(release.editions[0], support_end_date=date(2027, 10, 13))
        return msgspec.structs.replace(release, editions=(edition, *release.editions[1:]))

    assert news(changed("Windows 11 25H2", later)) == [
        ("Windows 11 25H2", "support ends on 2027-10-13, which is no Tuesday")
    ]
    bare = changed("Windows 10 1507", lambda each: msgspec.structs.replace(each, editions=()))
    assert ("Windows 10 1507", "no end of support is known") in news(bare)


def test_a_build_that_is_older_than_the_one_before_and_differs_from_its_siblings() -> None:
    def older(release: Release) -> Release:
        updates = [
            msgspec.structs.replace(each, build=msgspec.structs.replace(each.build, revision=1))
            if (each.year, each.month) == (2026, 8)
            else each
            for each in release.updates
        ]
        return msgspec.structs.replace(release, updates=tuple(updates))

    assert news(changed("Windows 11 25H2", older)) == [
        ("Windows 11 25H2", "the build of 2026-08 is not newer than that of 2026-07"),
        ("2026-08", "releases with shared revisions have several (1: Windows 11 25H2; 9168: Windows 11 24H2)"),
    ]

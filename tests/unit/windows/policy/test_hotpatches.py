"""Hotpatches: their builds are below the B release of their month, and have its fixes."""

from __future__ import annotations

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows import Catalogue, Kind, Release, Update, bundled
from osimages.windows.builds import Build
from osimages.windows.checks.checker import Checker
from osimages.windows.checks.patch_level import is_hotpatch, known_updates, level_of
from osimages.windows.facts import Package
from osimages.windows.policy import AcceptedRange, Highest, PolicyRule, accepted_ranges

RELEASE = "Windows 11 25H2"
AUGUST = date(2026, 8, 30)  # 26200.9106 is the hotpatch of 2026-08, 26200.9168 the B release


def release() -> Release:
    """The shipped facts of a release with hotpatches."""
    return next(each for each in bundled().releases if each.id == RELEASE)


def catalogue(*more: Update, without: tuple[int, ...] = (), **changed: object) -> Catalogue:
    """The facts of the release alone, with more updates and without some revisions."""
    known = [each for each in release().updates if each.build.revision not in without]
    updates = tuple(sorted((*known, *more), key=lambda each: each.build))
    one = msgspec.structs.replace(release(), updates=updates)
    return msgspec.structs.replace(bundled(), releases=(one,), servers=(), others=(), **changed)


def update(revision: int, kind: Kind, day: date) -> Update:
    """An update that is no B release."""
    sample = release().updates[-1]
    return msgspec.structs.replace(
        sample,
        build=Build(10, 0, 26200, revision),
        kind=kind,
        release_date=day,
        is_canonical_b=False,
        year=None,
        month=None,
    )


def ranges(facts: Catalogue, day: date = AUGUST, **rule: object) -> list[tuple[int, int]]:
    """The revisions at the ends of the accepted ranges."""
    found = accepted_ranges(facts, PolicyRule(day=day, **rule))  # type: ignore[arg-type]
    return [(each.lowest.revision, each.highest.revision) for each in found.ranges]


def test_a_hotpatch_next_to_its_b_release_begins_the_range() -> None:
    assert ranges(catalogue()) == [(9106, 65535)]


def test_a_build_of_an_earlier_level_in_between_splits_the_range() -> None:
    # A preview of the month before, say: newer than the hotpatch by its number, without the fixes of August.
    preview = update(9120, Kind.PREVIEW, date(2026, 7, 28))
    assert ranges(catalogue(preview)) == [(9106, 9106), (9168, 65535)]
    names = [each.description for each in accepted_ranges(catalogue(preview), PolicyRule(day=AUGUST)).ranges]
    assert names == [
        "Windows 11 25H2, 2026-08 hotpatch (KB5120994)",
        "Windows 11 25H2, 2026-08 B (KB5121003) and later",
    ]


def test_out_of_band_hotpatches_are_of_the_month_of_their_day() -> None:
    more = update(9110, Kind.HOTPATCH_OUT_OF_BAND, date(2026, 8, 20))
    assert ranges(catalogue(more, update(9120, Kind.PREVIEW, date(2026, 7, 28)))) == [(9106, 9110), (9168, 65535)]
    # One of July is not enough, even if its number is above the hotpatch of August.
    july = update(9150, Kind.HOTPATCH_OUT_OF_BAND, date(2026, 7, 20))
    assert ranges(catalogue(july)) == [(9106, 9106), (9168, 65535)]


def test_an_earlier_level_above_the_b_release_splits_it() -> None:
    late = update(9200, Kind.HOTPATCH, date(2026, 7, 20))
    above = update(9210, Kind.OUT_OF_BAND, date(2026, 8, 25))
    found = ranges(catalogue(late, above))
    assert (9106, 9168) in found
    assert not any(lowest <= 9200 <= highest for lowest, highest in found)


def test_a_hotpatch_of_days_whose_updates_are_known_in_part_is_alone() -> None:
    assert ranges(catalogue(complete_until=date(2026, 8, 1))) == [(9106, 9106), (9168, 65535)]


def test_an_update_that_came_later_did_not_exist_on_the_day() -> None:
    more = update(9110, Kind.HOTPATCH_OUT_OF_BAND, date(2026, 8, 31))
    assert ranges(catalogue(more), highest=Highest.KNOWN) == ranges(catalogue(), highest=Highest.KNOWN)


def test_a_hotpatch_without_a_known_build_is_named() -> None:
    notes = accepted_ranges(bundled(), PolicyRule(day=date(2026, 11, 29), releases=(RELEASE,))).notes
    assert notes == ("Windows 11 25H2: the hotpatch of 2026-11 has no known build, devices with it do not pass",)


def test_a_hotpatch_above_the_lowest_accepted_build_is_not_named() -> None:
    # The unknown build of November is above the B release of October, that of KB5129241 (2026-09-14) above that of the
    # baseline of September: devices with them pass.
    for level in (1, 2):
        rule = PolicyRule(day=date(2026, 11, 29), releases=(RELEASE,), level=level)
        assert accepted_ranges(bundled(), rule).notes == ()
    assert accepted_ranges(bundled(), PolicyRule(day=date(2026, 9, 20), releases=(RELEASE,))).notes == ()


def test_a_hotpatch_that_is_known_by_its_kb_only_is_named() -> None:
    august = Package("KB5120994", date(2026, 8, 11), Kind.HOTPATCH, None, None, "", "", "", False, False, "", ())
    without = msgspec.structs.replace(catalogue(without=(9106,)).releases[0], packages=(august,), hotpatch_months=())
    facts = msgspec.structs.replace(catalogue(), releases=(without,))
    notes = accepted_ranges(facts, PolicyRule(day=AUGUST)).notes
    assert notes == ("Windows 11 25H2: the hotpatch of 2026-08 has no known build, devices with it do not pass",)
    assert accepted_ranges(facts, PolicyRule(day=AUGUST, level=1)).notes == ()


def test_every_known_hotpatch_has_a_higher_build_than_the_b_releases_of_earlier_months() -> None:
    # Notes and ranges rest on this: see `AcceptedBuilds.build_notes`.
    for each in (*bundled().releases, *bundled().servers):
        known = known_updates(each, bundled().as_of, 0, bundled().as_of)
        for revision, updates in known.by_revision.items():
            level = level_of(known, updates[0].build, updates) if is_hotpatch(updates) else None
            earlier = [b.revision for b in known.newest if level is not None and b.month < level]
            assert revision > max(earlier, default=0)


KINDS = st.sampled_from([Kind.PREVIEW, Kind.OUT_OF_BAND, Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND, Kind.UNLABELLED])
MORE = st.lists(
    st.builds(update, st.integers(8000, 9999), KINDS, st.dates(date(2026, 2, 1), date(2026, 9, 30))),
    max_size=12,
    unique_by=lambda each: each.build.revision,
)


def holds(found: list[AcceptedRange], revision: int) -> bool:
    return any(each.lowest.revision <= revision <= each.highest.revision for each in found)


@given(MORE, st.integers(0, 2), st.sampled_from(Highest))
def test_whatever_the_facts_are_a_range_holds_a_build_if_a_check_finds_it_no_further_behind(
    more: list[Update], level: int, highest: Highest
) -> None:
    known = {each.build.revision for each in release().updates}
    facts = catalogue(*(each for each in more if each.build.revision not in known))
    day = date(2026, 9, 30)
    found = list(accepted_ranges(facts, PolicyRule(day=day, level=level, highest=highest)).ranges)
    checker = Checker(facts, day, age_days=0)
    for each in facts.releases[0].updates:
        if each.release_date is not None and each.release_date <= day:
            behind = checker.check(str(each.build), "Enterprise").patch_tuesdays_behind or 0
            assert holds(found, each.build.revision) == (behind <= level), each

"""What is published on which day, from the bundled facts and from small ones made for a rule."""

from __future__ import annotations

import copy
import json
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.graph.model import IMAGE
from osimages.windows.builds import Build
from osimages.windows.facts import Catalogue, Edition, Kind, Release, Source, Update, bundled
from osimages.windows.images import label, patch_tuesdays_known, published
from tests.unit.windows.csv_facts import FACTS, LATER, needs_facts, read_rows

DAYS = st.dates(date(2015, 7, 1), date(2030, 12, 31))
AGES = st.integers(0, 40)


def builds(today: date, key: str, age_days: int = 2) -> list[tuple[str, int, int]]:
    image: Any = published(bundled(), today, age_days)[key]
    return [(each["buildVersion"], each["releaseMonth"], each["releaseYear"]) for each in image["availableUpdates"]]


def b_release(revision: int, day: date, month: tuple[int, int] | None = None, **changes: Any) -> Update:
    year, number = month or (day.year, day.month)
    given: dict[str, Any] = {
        "build": Build(10, 0, 1000, revision),
        "kb": None,
        "release_date": day,
        "kind": Kind.B,
        "is_canonical_b": True,
        "year": year,
        "month": number,
        "label": "",
        "scope": "",
        "basis": "",
        "is_in_msrc": False,
        "is_expired": False,
        "sources": (0,),
    }
    return Update(**given | changes)


def small(*updates: Update, end: date = date(2030, 1, 8), name: str = "Test") -> Release:
    edition = Edition("enterprise", end, "Enterprise/Education", "", (0,))
    return Release(name, "Windows", "1", 1000, date(2020, 1, 14), ("x64",), (edition,), updates, (0,))


def facts(*releases: Release) -> Catalogue:
    return Catalogue(date(2026, 1, 1), date(2026, 1, 1), (Source("s", "w", "MIT", ""),), releases)


def test_the_last_three_patch_tuesdays_newest_first() -> None:
    assert builds(date(2026, 10, 20), "Windows 11 25H2") == [
        ("10.0.26200.9711", 10, 2026),
        ("10.0.26200.9445", 9, 2026),
        ("10.0.26200.9168", 8, 2026),
    ]


def test_a_patch_tuesday_counts_once_it_is_old_enough() -> None:
    october = ("10.0.26200.9711", 10, 2026)
    assert october not in builds(date(2026, 10, 14), "Windows 11 25H2")
    assert builds(date(2026, 10, 14), "Windows 11 25H2")[0] == ("10.0.26200.9445", 9, 2026)
    assert builds(date(2026, 10, 15), "Windows 11 25H2")[0] == october
    assert builds(date(2026, 10, 13), "Windows 11 25H2", age_days=0)[0] == october
    assert builds(date(2026, 10, 12), "Windows 11 25H2", age_days=0)[0] != october


@needs_facts
def test_everything_on_the_day_of_the_facts_equals_the_sample() -> None:
    sample = json.loads((FACTS / "catalogue.sample.json").read_bytes())["value"]
    # The sample was made before the builds of November 2026, and one of 2021, were known.
    later = {row["build_version"] for row in read_rows(LATER / "client-gaps.csv") if row["action"] == "add"}
    earlier = msgspec.structs.replace(
        bundled(),
        releases=tuple(
            msgspec.structs.replace(each, updates=tuple(u for u in each.updates if str(u.build) not in later))
            for each in bundled().releases
        ),
    )
    found = published(earlier, date(2026, 11, 23), 2, everything=True)
    assert len(found) == 21
    assert list(found.values()) == sample


@pytest.mark.parametrize(
    ("today", "absent", "present"),
    [
        (date(2026, 9, 28), {"Windows 11 26H2"}, {"Windows 11 26H1"}),  # 26H2 is available from 2026-09-29
        (date(2026, 9, 29), set(), {"Windows 11 26H2"}),
        (date(2026, 2, 9), {"Windows 11 26H1"}, {"Windows 11 25H2"}),
        (date(2026, 2, 10), {"Windows 11 22H2"}, {"Windows 11 26H1"}),
        (date(2026, 11, 23), {"Windows 10 1507", "Windows 11 22H2"}, {"Windows 10 22H2", "Windows 11 23H2"}),
    ],
)
def test_which_images_there_are(today: date, absent: set[str], present: set[str]) -> None:
    found = set(published(bundled(), today, 2))
    assert present <= found
    assert not absent & found


def test_servers_and_hololens_are_never_published() -> None:
    clients = {each.id for each in bundled().releases}
    for year in range(2014, 2036):
        assert set(published(bundled(), date(year, 6, 30), 0, everything=True)) <= clients
    assert not clients & {each.id for each in (*bundled().servers, *bundled().others)}


def test_what_is_published_on_the_day_of_the_facts() -> None:
    assert list(published(bundled(), date(2026, 11, 23), 2)) == [
        "Windows 10 1607",  # LTSB
        "Windows 10 1809",  # LTSC
        "Windows 10 21H2",  # LTSC
        "Windows 10 22H2",  # ESU
        "Windows 11 23H2",  # ended on 2026-11-10, still among the last three Patch Tuesdays
        "Windows 11 24H2",
        "Windows 11 25H2",
        "Windows 11 26H1",
        "Windows 11 26H2",
    ]


def test_editions_that_have_ended_stay_with_their_date() -> None:
    image: Any = published(bundled(), date(2026, 11, 23), 2)["Windows 11 24H2"]
    ends = {each["editionType"]: each["supportEndDate"] for each in image["supportedEditions"]}
    assert (ends["professional"], ends["enterprise"]) == ("2026-10-13", "2027-10-12")
    assert image["supportedArchitectures"] == ["x64", "arM64"]


def test_a_new_release_without_a_b_release_has_no_updates() -> None:
    image: Any = published(bundled(), date(2026, 9, 30), 2)["Windows 11 26H2"]
    assert image["availableUpdates"] == []
    assert len(image["supportedEditions"]) == 10


def test_there_was_no_patch_tuesday_in_february_2017() -> None:
    assert [month for _, month, _ in builds(date(2017, 3, 20), "Windows 10 1607")] == [3, 1, 12]


def test_previews_hotpatches_and_second_bs_are_never_published() -> None:
    canonical = {str(each.build) for release in bundled().releases for each in release.updates if each.is_canonical_b}
    shown = {
        update["buildVersion"]
        for month in range(137)
        for image in _images(date(2015, 8, 20) + timedelta(days=30 * month))
        for update in image["availableUpdates"]
    }
    assert shown
    assert shown <= canonical


def _images(today: date) -> list[Any]:
    return list(published(bundled(), today, 2, everything=True).values())


def test_the_last_day_of_support_is_inclusive() -> None:
    catalogue = facts(small(end=date(2024, 10, 8)))
    assert list(published(catalogue, date(2024, 10, 8), 2)) == ["Test"]
    assert published(catalogue, date(2024, 10, 9), 2) == {}
    assert list(published(catalogue, date(2024, 10, 9), 2, everything=True)) == ["Test"]


def test_nothing_is_published_before_general_availability() -> None:
    catalogue = facts(small())
    assert published(catalogue, date(2020, 1, 13), 0, everything=True) == {}
    assert list(published(catalogue, date(2020, 1, 14), 0)) == ["Test"]


def test_an_ended_release_is_published_while_it_gets_b_releases() -> None:
    months = [b_release(number, date(2024, number, 9)) for number in range(1, 7)]
    ended = small(*months[:3], end=date(2023, 1, 10), name="Ended")
    current = small(*months, name="Current")
    catalogue = facts(ended, current)
    assert "Ended" in published(catalogue, date(2024, 5, 14), 0)  # May is the 14th: March, April, May
    assert "Ended" not in published(catalogue, date(2024, 6, 11), 0)  # April, May, June
    assert "Ended" in published(catalogue, date(2024, 6, 11), 1)


def test_a_catalogue_that_was_not_updated_shows_what_it_knows() -> None:
    assert builds(date(2029, 1, 15), "Windows 11 26H2") == [
        ("10.0.26300.9974", 11, 2026),
        ("10.0.26300.9711", 10, 2026),
    ]
    assert patch_tuesdays_known(bundled(), date(2029, 1, 15), 2)[:3] == (
        date(2026, 11, 10),
        date(2026, 10, 13),
        date(2026, 9, 8),
    )


def test_an_early_b_release_waits_for_its_patch_tuesday() -> None:
    catalogue = facts(small(b_release(1, date(2024, 1, 3))))  # Patch Tuesday is 2024-01-09
    assert patch_tuesdays_known(catalogue, date(2024, 1, 10), 2) == ()
    assert patch_tuesdays_known(catalogue, date(2024, 1, 11), 2) == (date(2024, 1, 9),)


def test_a_late_b_release_is_not_published_before_it_is_out() -> None:
    catalogue = facts(small(b_release(1, date(2024, 1, 10))))
    assert patch_tuesdays_known(catalogue, date(2024, 1, 9), 0) == ()
    assert patch_tuesdays_known(catalogue, date(2024, 1, 10), 0) == (date(2024, 1, 9),)


def test_only_the_canonical_b_of_a_month_is_shown() -> None:
    twice = small(b_release(1, date(2024, 1, 9)), b_release(2, date(2024, 1, 9), is_canonical_b=False))
    image: Any = published(facts(twice), date(2024, 2, 1), 2)["Test"]
    assert [each["buildVersion"] for each in image["availableUpdates"]] == ["10.0.1000.1"]


@settings(deadline=None)
@given(DAYS, AGES, st.booleans())
def test_images_have_the_shape_of_the_model(today: date, age_days: int, everything: bool) -> None:
    for key, image in published(bundled(), today, age_days, everything).items():
        whole: Any = image
        assert list(whole) == [declared.name for declared in IMAGE.properties]
        assert whole["id"] == key
        months = [(each["releaseYear"], each["releaseMonth"]) for each in whole["availableUpdates"]]
        assert len(months) <= 3
        assert months == sorted(set(months), reverse=True)
        assert all(Build.parse(each["buildVersion"]) for each in whole["availableUpdates"])


@settings(deadline=None)
@given(DAYS, AGES)
def test_everything_has_all_that_is_published(today: date, age_days: int) -> None:
    some = published(bundled(), today, age_days)
    whole = published(bundled(), today, age_days, everything=True)
    assert some == {key: whole[key] for key in some}
    available = [each.id for each in bundled().releases if each.general_availability <= today]
    assert list(whole) == available


@settings(deadline=None)
@given(DAYS, AGES)
def test_publishing_is_pure(today: date, age_days: int) -> None:
    first = published(bundled(), today, age_days)
    kept = copy.deepcopy(first)
    for image in first.values():
        image["availableUpdates"] = "changed by the caller"
    assert published(bundled(), today, age_days) == kept


@settings(deadline=None)
@given(DAYS, DAYS, AGES, AGES, st.booleans(), st.booleans())
def test_the_label_changes_exactly_with_the_result(
    one: date, other: date, age: int, other_age: int, everything: bool, other_everything: bool
) -> None:
    same = published(bundled(), one, age, everything) == published(bundled(), other, other_age, other_everything)
    assert (label(bundled(), one, age, everything) == label(bundled(), other, other_age, other_everything)) == same


def test_the_label_stays_between_two_changes() -> None:
    labels = [label(bundled(), date(2026, 10, 1) + timedelta(days=day), 2) for day in range(31)]
    assert labels.index(labels[-1]) == 14  # 2026-10-15
    assert set(labels) == {labels[0], labels[-1]}
    assert labels[0] != labels[-1]


def test_the_label_depends_on_the_facts() -> None:
    one, other = facts(small(end=date(2029, 1, 9))), facts(small(end=date(2030, 1, 8)))
    assert label(one, date(2024, 1, 1), 2) != label(other, date(2024, 1, 1), 2)


def test_any_age_is_possible() -> None:
    assert patch_tuesdays_known(bundled(), date(2026, 10, 20), 10**9) == ()

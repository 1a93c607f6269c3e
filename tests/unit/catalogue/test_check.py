"""Whether builds are supported and current, at the days and editions where that changes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest

from osimages.catalogue.answers import Answer, Patch, Support
from osimages.catalogue.check import Checker, check
from osimages.catalogue.facts import bundled
from tests.unit.catalogue.csv_facts import FACTS, needs_facts, rows

TODAY = date(2026, 11, 23)


def on(day: date, text: str, edition: str | None = None, **options: object) -> Answer:
    return Checker(bundled(), day, **options).check(text, edition)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "edition", "support", "left"),
    [
        (date(2026, 10, 12), "Pro", Support.SUPPORTED, 1),
        (date(2026, 10, 13), "Pro", Support.SUPPORTED, 0),
        (date(2026, 10, 14), "Pro", Support.ENDED, -1),
        (date(2026, 10, 14), "Enterprise", Support.SUPPORTED, 363),
        (date(2026, 10, 14), None, Support.DEPENDS, None),
        (date(2026, 10, 13), None, Support.SUPPORTED, 0),
        (date(2027, 10, 13), "Enterprise", Support.ENDED, -1),
        (date(2027, 10, 13), "EnterpriseS", Support.SUPPORTED, 727),
        (date(2029, 10, 10), "EnterpriseS", Support.ENDED, -1),
        (date(2029, 10, 10), "IoTEnterpriseS", Support.SUPPORTED, 1826),
        (date(2034, 10, 11), None, Support.ENDED, -1),
        (date(2024, 9, 30), "Pro", Support.NOT_RELEASED, None),
    ],
)
def test_the_end_of_support_is_the_last_day(day: date, edition: str | None, support: Support, left: int | None) -> None:
    answer = on(day, "26100.9445", edition)
    assert (answer.support, answer.days_left) == (support, left)


def test_extended_security_updates_are_for_those_who_have_them() -> None:
    without, having = on(TODAY, "19045.7807", "Pro"), on(TODAY, "19045.7807", "Pro", esu=True)
    assert without.support is having.support is Support.EXTENDED
    assert (without.is_supported, having.is_supported) == (False, True)
    assert without.extended_until == date(2028, 10, 10)
    assert on(date(2028, 10, 11), "19045.7807", "Pro", esu=True).support is Support.ENDED


def test_an_edition_that_a_release_does_not_have_is_told() -> None:
    answer = on(TODAY, "26200.9711", "EnterpriseS")
    assert answer.support is Support.UNKNOWN
    assert answer.notes == ("Windows 11 25H2 has no Enterprise LTSC edition",)


@pytest.mark.parametrize(
    ("build", "patch", "behind", "kind"),
    [
        ("26200.9974", Patch.CURRENT, 0, "B"),
        ("26200.9711", Patch.BEHIND, 1, "B"),
        ("26200.9550", Patch.BEHIND, 2, "preview"),
        ("26200.9457", Patch.BEHIND, 2, "out-of-band"),
        ("26200.9445", Patch.BEHIND, 2, "B"),
        ("26200.9168", Patch.BEHIND, 3, "B"),
        ("26200.9446", Patch.BEHIND, 2, None),  # no update has that revision
        ("26200.9975", Patch.NEWER, 0, None),
        ("26200", Patch.NOT_STATED, None, None),
        # A hotpatch of May 2026 has the fixes of the B release of May.
        ("26200.8390", Patch.BEHIND, 6, "hotpatch"),
    ],
)
def test_how_far_behind(build: str, patch: Patch, behind: int | None, kind: str | None) -> None:
    answer = on(TODAY, build, "Enterprise")
    assert (answer.patch, answer.patch_tuesdays_behind) == (patch, behind)
    assert (answer.update.kind if answer.update else None) == kind
    assert len(answer.missing) == (behind or 0)
    assert answer.latest is not None
    assert answer.latest.build_version == "10.0.26200.9974"


def test_what_is_missing_is_named_with_its_kb_newest_first() -> None:
    missing = on(date(2026, 9, 20), "26200.8655", "Pro").missing
    assert [(each.build_version, each.kb, str(each.patch_tuesday)) for each in missing] == [
        ("10.0.26200.9445", "KB5124008", "2026-09-08"),
        ("10.0.26200.9168", "KB5121003", "2026-08-11"),
        ("10.0.26200.8875", "KB5101650", "2026-07-14"),
    ]


def test_a_patch_tuesday_counts_as_it_is_published() -> None:
    assert on(date(2026, 9, 9), "26200.9168").patch is Patch.CURRENT
    assert on(date(2026, 9, 10), "26200.9168").patch is Patch.BEHIND
    assert on(date(2026, 9, 8), "26200.9168", age_days=0).patch is Patch.BEHIND


def test_one_behind_may_be_current_enough() -> None:
    assert not on(TODAY, "26200.9711", "Pro").is_current
    assert on(TODAY, "26200.9711", "Pro", max_behind=1).is_current
    assert not on(TODAY, "26200.9445", "Pro", max_behind=1).is_current
    assert not on(TODAY, "26200", "Pro", max_behind=99).is_current


def test_what_the_catalogue_does_not_know_yet_is_told() -> None:
    later = date(2026, 12, 11)
    assert on(later, "26200.9974").unknown_patch_tuesdays == (date(2026, 12, 8),)
    assert on(date(2026, 12, 9), "26200.9974").unknown_patch_tuesdays == ()
    # Nobody was to get one any more: Home and Pro of 24H2 ended in October.
    assert on(later, "26100.9974", "Pro").unknown_patch_tuesdays == ()


def test_an_unknown_edition_is_told_and_changes_nothing() -> None:
    answer = on(TODAY, "26100.9711", "Kiosk")
    assert answer.support is Support.DEPENDS
    assert answer.notes == ("'Kiosk' is no edition that is known here",)


def test_the_edition_may_stand_in_the_text() -> None:
    assert on(TODAY, "Windows 11 Enterprise 24H2").support is Support.SUPPORTED
    assert on(TODAY, "Windows 11 Enterprise 24H2", "Pro").support is Support.ENDED


def test_the_short_form_uses_the_facts_of_this_release() -> None:
    assert check("26100.9445", "Pro", today=TODAY) == on(TODAY, "26100.9445", "Pro")
    assert check("nonsense").support is Support.UNKNOWN


@needs_facts
def test_support_and_patch_level_of_every_known_build_on_many_days() -> None:
    """Worked out again from the fact files, by nothing but their columns."""
    ends: dict[tuple[str, str], date] = {}
    for row in rows("editions"):
        ends[row["id"], row["servicing_group"]] = date.fromisoformat(row["supportEndDate"])
    known = defaultdict(list)
    for row in rows("updates"):
        if row["canonical_b"] == "yes":
            known[row["id"]].append((row["build_short"], row["release_date"]))
    released = {row["id"]: date.fromisoformat(row["ga_date"]) for row in rows("releases")}
    for day in [date(2023, 1, 12) + timedelta(days=7 * number) for number in range(0, 200, 22)]:
        checker = Checker(bundled(), day)
        for row in rows("updates"):
            if row["servicing_type"].startswith("hotpatch") or day < released[row["id"]]:
                continue
            behind = {
                build
                for build, out in known[row["id"]]
                if _revision(build) > _revision(row["build_short"])
                and date.fromisoformat(out) + timedelta(days=2) <= day
            }
            for group in ("Home/Pro", "Enterprise/Education"):
                answer = checker.check(row["build_version"], group)
                if answer.support is not Support.EXTENDED:
                    assert answer.is_supported == (ends[row["id"], group] >= day), (row, day)
                if answer.patch is not Patch.UNKNOWN:
                    assert answer.patch_tuesdays_behind == len(behind), (row, day, answer)


def _revision(build: str) -> int:
    return int(build.split(".")[1])


@needs_facts
def test_ends_of_long_term_releases_are_those_of_the_sources() -> None:
    import json

    found = json.loads((FACTS / "raw/DataForGeeks.mswin.lifecycle-client-ltsc.json").read_text(encoding="utf-8-sig"))
    for row in found["Data"]:
        answer = check(f"10.0.{row['Build']}.1", "IoTEnterpriseS" if row["Build"] == "19044" else "EnterpriseS")
        assert str(answer.support_end_date) == row["ExtendedEndDate"], row

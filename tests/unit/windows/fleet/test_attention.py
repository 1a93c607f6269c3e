"""The order, the merging and the actions of the rows that need attention."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from osimages.windows.checks.answers import Answer, Fact, Patch, Support, Verdict
from osimages.windows.checks.checker import Checker
from osimages.windows.facts import bundled
from osimages.windows.fleet.attention import action, attention, verdicts
from osimages.windows.fleet.tally import Group

_SOUND = Checker(bundled(), date(2026, 10, 20)).check("10.0.26200.9711", "Pro")


def answer(**changes: object) -> Answer:
    return msgspec.structs.replace(_SOUND, **changes)


def behind(count: int, build: str = "10.0.26200.9168", **changes: object) -> Answer:
    update = Fact("10.0.26200.9711", None, date(2026, 10, 13), "B", date(2026, 10, 13), "GA")
    return answer(
        build_version=build,
        patch=Patch.BEHIND,
        is_current=False,
        patch_tuesdays_behind=count,
        missing=(update,) * count,
        **changes,
    )


def ended(build: str, release: str = "Windows 11 23H2", **changes: object) -> Answer:
    return answer(
        release=release,
        candidates=(release,),
        build_version=build,
        support=Support.ENDED,
        is_supported=False,
        support_end_date=date(2025, 11, 11),
        **changes,
    )


def test_a_supported_and_current_device_needs_nothing() -> None:
    assert attention([Group(_SOUND, 10)]) == []


def test_out_of_support_comes_first_then_devices_times_patch_tuesdays_behind() -> None:
    few_far = behind(9, release="Windows 11 26H2", candidates=("Windows 11 26H2",))
    many_near = behind(1)
    rows = attention([Group(many_near, 50), Group(few_far, 10), Group(ended("10.0.22631.1"), 1)])
    assert [(row.verdict, row.devices, row.exposure) for row in rows] == [
        (Verdict.OUT_OF_SUPPORT, 1, 0),
        (Verdict.BEHIND, 10, 90),
        (Verdict.BEHIND, 50, 50),
    ]


def test_an_ended_release_is_one_row_whatever_the_builds() -> None:
    groups = [Group(ended(f"10.0.22631.{number}", servicing="Home/Pro"), 2) for number in range(40)]
    (row,) = attention([*groups, Group(ended("10.0.22631.7", servicing="Enterprise/Education"), 3)])
    assert (row.subject, row.devices, row.builds, row.until) == ("Windows 11 23H2", 83, 40, date(2025, 11, 11))


def test_devices_that_need_the_same_update_are_one_row_with_their_range_of_levels() -> None:
    (row,) = attention([Group(behind(1, "10.0.26200.9445"), 5), Group(behind(3, "10.0.26200.8893"), 2)])
    assert (row.behind, row.exposure, row.devices, row.builds) == ((1, 3), 11, 7, 2)
    assert row.action == "install the October 2026 update: 10.0.26200.9711 (KB not known)"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (ended("10.0.22631.1", upgrade="Windows 11 25H2"), "upgrade to Windows 11 25H2"),
        (ended("10.0.22631.1", upgrade=None), "replace: no release to upgrade to is known"),
        (
            answer(
                support=Support.EXTENDED,
                is_supported=False,
                upgrade="Windows 11 25H2",
                extended_until=date(2028, 10, 10),
            ),
            "upgrade to Windows 11 25H2, or enrol in Extended Security Updates (until 2028-10-10)",
        ),
        (answer(support=Support.UNKNOWN, is_supported=False, notes=("cannot tell",)), "cannot tell"),
        (
            answer(
                patch=Patch.CURRENT_AS_FAR_AS_KNOWN,
                is_current=False,
                unknown_patch_tuesdays=(date(2026, 10, 13), date(2026, 11, 10)),
            ),
            "check by hand: the catalogue does not know the build of October 2026, November 2026",
        ),
        (
            answer(patch=Patch.NEWER, is_current=False),
            "run 'osimages catalogue update': newer than every build known",
        ),
        (answer(patch=Patch.NOT_STATED, is_current=False, notes=()), "find out its exact build"),
    ],
)
def test_each_state_has_an_action(given: Answer, expected: str) -> None:
    assert action(given) == expected


def test_the_action_is_to_find_out_the_edition_with_its_ends() -> None:
    unclear = Checker(bundled(), date(2026, 11, 29)).check("10.0.26100.9445")
    assert action(unclear).startswith(
        "find out the edition: Home/Pro ended 2026-10-13, Enterprise/Education until 2027"
    )


def test_the_verdicts_add_up_to_the_fleet() -> None:
    groups = [
        Group(_SOUND, 3),
        Group(behind(1), 4),
        Group(ended("10.0.22631.1"), 5),
        Group(answer(is_supported=False, support=Support.UNKNOWN), 6),
    ]
    assert verdicts(groups) == {
        Verdict.GOOD: 3,
        Verdict.BEHIND: 4,
        Verdict.OUT_OF_SUPPORT: 5,
        Verdict.CANNOT_TELL: 6,
    }


def test_current_as_far_as_known_is_good_only_with_allow_stale() -> None:
    group = Group(answer(patch=Patch.CURRENT_AS_FAR_AS_KNOWN, is_current=False), 7)
    assert verdicts([group]) == {Verdict.CANNOT_TELL: 7}
    assert verdicts([group], allow_stale=True) == {Verdict.GOOD: 7}
    assert attention([group], allow_stale=True) == []


def test_behind_is_a_least_number_where_a_due_build_is_not_known() -> None:
    stale = behind(1, unknown_patch_tuesdays=(date(2026, 11, 10),))
    assert attention([Group(stale, 1)])[0].behind_text == "1+"
    assert attention([Group(behind(1), 1), Group(behind(3, "10.0.26200.8893"), 1)])[0].behind_text == "1-3"
    assert attention([Group(ended("10.0.22631.1"), 1)])[0].behind_text == ""

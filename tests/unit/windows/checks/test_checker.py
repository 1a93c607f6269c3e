"""Whether builds are supported and current, at the days and editions where that changes."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from osimages.windows.checks.answers import Answer, Family, Patch, Support, Verdict, verdict
from osimages.windows.checks.checker import Checker, check
from osimages.windows.checks.evidence import Evidence
from osimages.windows.facts import Catalogue, EsuProgram, bundled
from tests.unit.windows.checks.test_identification import CLIENT_ONLY, SERVER_ONLY, evidence_strategy
from tests.unit.windows.csv_facts import FACTS, needs_facts, rows

TODAY = date(2026, 11, 29)
CHECKER = Checker(bundled(), TODAY)


def on(day: date, text: str, edition: str | None = None, **options: object) -> Answer:
    return Checker(bundled(), day, **options).check(text, edition)  # type: ignore[arg-type]


def device(build: str = "", checker: Checker = CHECKER, **evidence: Any) -> Answer:
    return checker.check_device(Evidence(build=build, **evidence))


def without_november() -> Catalogue:
    """The facts before the builds of November 2026 were known."""
    catalogue = bundled()
    releases = tuple(
        msgspec.structs.replace(each, updates=tuple(one for one in each.updates if (one.year, one.month) != (2026, 11)))
        for each in catalogue.releases
    )
    return msgspec.structs.replace(catalogue, releases=releases)


STALE = Checker(without_november(), TODAY)


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


@pytest.mark.parametrize(
    ("day", "edition", "esu", "supported", "until", "counted"),
    [
        (TODAY, "Pro", False, False, date(2028, 10, 10), None),
        (TODAY, "Pro", True, True, date(2028, 10, 10), "commercial"),
        (TODAY, "Pro", EsuProgram.COMMERCIAL, True, date(2028, 10, 10), "commercial"),
        (TODAY, "Pro", EsuProgram.CONSUMER, True, date(2027, 10, 12), "consumer"),
        (TODAY, "Enterprise", EsuProgram.CONSUMER, False, date(2028, 10, 10), None),
        (TODAY, None, True, True, date(2028, 10, 10), "commercial"),
        (date(2027, 10, 12), "Pro", EsuProgram.CONSUMER, True, date(2027, 10, 12), "consumer"),
        (date(2027, 10, 13), "Pro", EsuProgram.CONSUMER, False, date(2028, 10, 10), None),
        (date(2027, 10, 13), "Pro", True, True, date(2028, 10, 10), "commercial"),
    ],
)
def test_extended_security_updates_by_programme(
    day: date, edition: str | None, esu: EsuProgram | bool, supported: bool, until: date, counted: str | None
) -> None:
    answer = on(day, "19045.7807", edition, esu=esu)
    assert answer.support is Support.EXTENDED
    assert (answer.is_supported, answer.extended_until, answer.esu) == (supported, until, counted)


def test_extended_security_updates_end() -> None:
    assert on(date(2028, 10, 11), "19045.7807", "Pro", esu=True).support is Support.ENDED
    assert on(date(2029, 10, 9), "14393.9688", "EnterpriseS", esu=True).is_supported
    assert not on(date(2029, 10, 10), "14393.9688", "EnterpriseS", esu=True).is_supported
    assert not on(TODAY, "14393.9688", "Enterprise", esu=True).is_supported  # LTSB 2016 only
    team = on(TODAY, "19045.6456", "PPIPro", esu=True)
    assert (team.family, team.support, team.is_supported) == (Family.TEAM, Support.ENDED, False)


def test_extended_security_updates_of_one_device() -> None:
    all_have = Checker(bundled(), TODAY, esu=True)
    assert device("19045.7846", edition="Pro", esu="consumer").esu == "consumer"
    assert device("19045.7846", edition="Pro", esu="yes").esu == "commercial"
    assert not device("19045.7846", all_have, edition="Pro", esu="no").is_supported
    assert device("19045.7846", all_have, edition="Pro").is_supported
    first_year = device("19045.7846", edition="Pro", esu="commercial, year 1")
    assert not first_year.is_supported
    assert "commercial Extended Security Updates ended on 2026-10-13" in first_year.notes
    odd = device("19045.7846", edition="Pro", esu="gold")
    assert "'gold' names no Extended Security Updates: commercial, consumer or no" in odd.notes


def test_an_edition_that_a_release_does_not_have_is_said() -> None:
    answer = on(TODAY, "26200.9711", "EnterpriseS")
    assert answer.support is Support.UNKNOWN
    assert "Windows 11 25H2 has no Enterprise LTSC edition" in answer.notes


@pytest.mark.parametrize(
    ("build", "patch", "behind", "level", "kind"),
    [
        ("26200.9974", Patch.CURRENT, 0, "2026-11", "B"),
        ("26200.9711", Patch.BEHIND, 1, "2026-10", "B"),
        ("26200.9550", Patch.BEHIND, 2, "2026-09", "preview"),
        ("26200.9457", Patch.BEHIND, 2, "2026-09", "out-of-band"),
        ("26200.9445", Patch.BEHIND, 2, "2026-09", "B"),
        ("26200.9168", Patch.BEHIND, 3, "2026-08", "B"),
        ("26200.9446", Patch.BEHIND, 2, "2026-09", None),  # no update has that revision
        ("26200.9975", Patch.NEWER, 0, "2026-11", None),
        ("26200", Patch.NOT_STATED, None, None, None),
        # A hotpatch has the fixes of its month, whatever its revision; also one off the calendar.
        ("26200.8390", Patch.BEHIND, 6, "2026-05", "hotpatch"),
        ("26200.7982", Patch.BEHIND, 8, "2026-03", "hotpatch out-of-band"),
        ("26200.8893", Patch.BEHIND, 4, "2026-07", "hotpatch out-of-band"),
        ("26200.7634", Patch.BEHIND, 10, "2026-01", "hotpatch out-of-band"),
        # The image of the general availability, older than every B release of the version.
        ("26300.9457", Patch.BEHIND, 2, "2026-09", "general availability"),
        # It may be the hotpatch of November, which nobody has named yet.
        ("26200.9900", Patch.UNKNOWN, None, None, None),
    ],
)
def test_how_far_behind(build: str, patch: Patch, behind: int | None, level: str | None, kind: str | None) -> None:
    answer = on(TODAY, build, "Enterprise")
    assert (answer.patch, answer.patch_tuesdays_behind, answer.patch_level) == (patch, behind, level)
    assert (answer.update.kind if answer.update else None) == kind
    assert len(answer.missing) == (behind or 0)
    assert answer.current_as_of == date(2026, 11, 10)


def test_a_hotpatch_is_current_in_its_month() -> None:
    assert on(date(2026, 3, 20), "26200.7982", "Enterprise").patch is Patch.CURRENT
    assert on(date(2026, 3, 20), "26200.7979", "Enterprise").patch is Patch.CURRENT
    assert on(date(2026, 3, 20), "26100.32463", "ServerDatacenter").patch is Patch.CURRENT


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


def test_nothing_is_current_where_a_patch_tuesday_is_not_known() -> None:
    answer = device("26200.9711", STALE, edition="Pro")
    assert (answer.patch, answer.is_current, answer.patch_tuesdays_behind) == (Patch.CURRENT_AS_FAR_AS_KNOWN, False, 0)
    assert (answer.current_as_of, answer.unknown_patch_tuesdays) == (date(2026, 10, 13), (date(2026, 11, 10),))
    assert (verdict(answer), verdict(answer, allow_stale=True)) == (Verdict.CANNOT_TELL, Verdict.GOOD)
    # One known to be missing, and perhaps another one: two may be.
    assert not Checker(without_november(), TODAY, max_behind=1).check("26200.9445", "Pro").is_current
    # A limit of what may be missing says nothing about what is not known; a newer build is never worse than an older.
    generous = Checker(without_november(), TODAY, max_behind=9)
    assert not generous.check("26200.9445", "Pro").is_current
    assert not generous.check("26200.9711", "Pro").is_current
    generous.allow_stale = True
    assert generous.check("26200.9445", "Pro").is_current
    # Nobody was to get one any more: Home and Pro of 24H2 ended in October.
    ended = device("26100.9711", STALE, edition="Pro")
    assert (ended.patch, ended.unknown_patch_tuesdays) == (Patch.FINAL, ())
    newer = device("26200.9975", edition="Pro")
    assert (newer.patch, newer.is_current, verdict(newer)) == (Patch.NEWER, False, Verdict.CANNOT_TELL)
    assert verdict(newer, allow_stale=True) is Verdict.GOOD


@pytest.mark.parametrize(
    ("build", "edition", "day", "note"),
    [
        ("22631.6199", "Pro", TODAY, "last update of this edition installed; support ended on 2025-11-11"),
        ("22631.7711", "Enterprise", TODAY, "last update of this edition installed; support ended on 2026-11-10"),
        ("26100.9711", "Pro", TODAY, "last update of this edition installed; support ended on 2026-10-13"),
        ("22631.7711", "Pro", TODAY, "newer than the last update of this edition; support ended on 2025-11-11"),
        ("25398.2330", None, TODAY, "last update of this edition installed; support ended on 2026-05-12"),
        (
            "14393.9612",
            "EnterpriseS",
            TODAY,
            "last free update of this edition installed; support ended on 2026-10-13, "
            "Extended Security Updates until 2029-10-09",
        ),
    ],
)
def test_the_last_build_of_an_edition_lacks_nothing(build: str, edition: str | None, day: date, note: str) -> None:
    answer = on(day, build, edition)
    assert (answer.patch, answer.patch_tuesdays_behind, answer.missing) == (Patch.FINAL, 0, ())
    assert note in answer.notes
    assert verdict(answer) is Verdict.OUT_OF_SUPPORT


def test_an_older_build_lacks_only_what_its_edition_got() -> None:
    answer = on(TODAY, "22631.6060", "Pro")
    assert (answer.patch, answer.patch_tuesdays_behind) == (Patch.BEHIND, 1)
    assert [each.build_version for each in answer.missing] == ["10.0.22631.6199"]
    with_esu = on(TODAY, "19045.6456", "Pro", esu=True)
    assert with_esu.patch_tuesdays_behind == 13
    # A build that only ESU brings is compared with what ESU brings since.
    assert on(TODAY, "19045.7807", "Pro").patch_tuesdays_behind == 1
    assert on(TODAY, "19045.6456", "Pro").patch is Patch.FINAL


@pytest.mark.parametrize(
    ("build", "evidence", "upgrade"),
    [
        ("22631.6199", {"edition": "Pro"}, "Windows 11 25H2"),
        ("19045.7846", {"edition": "Enterprise"}, "Windows 11 25H2"),
        ("26100.9974", {}, "Windows 11 25H2"),
        ("26200.9974", {"edition": "Pro"}, None),
        ("14393.9612", {"edition": "EnterpriseS"}, "Windows 11 Enterprise LTSC 2024"),
        ("14393.9612", {"edition": "IoTEnterpriseS"}, "Windows 11 IoT Enterprise LTSC 2024"),
        ("19044.7846", {"edition": "EnterpriseS"}, "Windows 11 Enterprise LTSC 2024"),  # ends within six months
        ("26100.9445", {"edition": "Windows 11 SE"}, None),  # there is no 25H2 of it
        ("14393.9688", {"system": "Windows Server 2016"}, "Windows Server 2025"),
        ("25398.2330", {}, "Windows Server 2025"),
        ("20348.5870", {}, None),
        ("19045.6456", {"edition": "PPIPro"}, None),
    ],
)
def test_the_release_to_move_to(build: str, evidence: dict[str, Any], upgrade: str | None) -> None:
    assert device(build, **evidence).upgrade == upgrade


def test_a_new_release_is_named_once_it_has_settled() -> None:
    assert on(date(2027, 1, 15), "22631.6199", "Pro").upgrade == "Windows 11 26H2"


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence("26200.955"),
        Evidence("22631.446"),
        Evidence("22631.446", build_is_number=True),
        Evidence("22631,446"),
        Evidence("26200", revision="955"),
        Evidence("26100.955"),
    ],
)
def test_a_lost_zero_is_noticed(evidence: Evidence) -> None:
    answer = CHECKER.check_device(evidence)
    assert (answer.patch, answer.patch_level, answer.patch_tuesdays_behind, answer.missing) == (
        Patch.UNKNOWN,
        None,
        None,
        (),
    )
    assert any("a trailing zero may have been lost" in each for each in answer.notes)
    assert not answer.is_current


@pytest.mark.parametrize("build", ["26100.3", "19045.68", "26200,971", "26200.97", "22631.5", "20348.20", "26300.94"])
def test_a_revision_below_every_known_one_has_no_level(build: str) -> None:
    answer = device(build, edition="Enterprise")
    assert (answer.patch, answer.patch_level, answer.patch_tuesdays_behind, answer.missing) == (
        Patch.UNKNOWN,
        None,
        None,
        (),
    )
    assert any("below" in each or "trailing zero" in each for each in answer.notes)


def test_the_first_builds_of_releases_lack_everything() -> None:
    assert device("22621.1", edition="Enterprise").patch is Patch.BEHIND  # of the installation medium
    assert device("26100.863", edition="Enterprise").patch is Patch.BEHIND
    # The first build that is known is not the first one: older updates are known without theirs.
    old = device("6.3.9600.20000", product_type="3")
    assert not any("below" in each for each in old.notes)


@pytest.mark.parametrize("build", ["26.100,9445", "26,100.9445", "26 100,9445", "26'100.9445", "26\u202f100,9445"])
def test_a_build_with_its_thousands_apart(build: str) -> None:
    answer = device(build, edition="Pro")
    assert (answer.release, answer.patch_level) == ("Windows 11 24H2", "2026-09")


def test_a_decimal_comma_is_read_where_no_zero_can_be_lost() -> None:
    assert device("26200,9711").patch_level == "2026-10"
    assert device("26200,9974").patch is Patch.CURRENT


@pytest.mark.parametrize(
    ("build", "candidates", "support", "patch"),
    [
        ("14393.9688", ("Windows 10 1607", "Windows Server 2016"), Support.UNKNOWN, Patch.CURRENT),
        ("14393.9612", ("Windows 10 1607", "Windows Server 2016"), Support.UNKNOWN, Patch.UNKNOWN),
        ("17763.9487", ("Windows 10 1809", "Windows Server 2019"), Support.UNKNOWN, Patch.CURRENT),
        ("26100.3775", ("Windows 11 24H2", "Windows Server 2025"), Support.UNKNOWN, Patch.BEHIND),
        ("18363.1556", ("Windows 10 1909", "Windows Server, version 1909"), Support.ENDED, Patch.UNKNOWN),
        (
            "22621.1.amd64fre.ni_release.220506-1250",
            ("Windows 11 22H2", "Windows 11 23H2"),
            Support.ENDED,
            Patch.NOT_STATED,
        ),
    ],
)
def test_what_several_releases_agree_on(
    build: str, candidates: tuple[str, ...], support: Support, patch: Patch
) -> None:
    answer = device(build)
    assert (answer.release, answer.candidates, answer.support) == (None, candidates, support)
    assert (answer.patch, answer.is_supported) == (patch, False)
    assert {each.release for each in answer.ends} == set(candidates)
    assert answer.notes[0].endswith(": cannot tell")


def test_the_shared_build_of_server_2016_names_both_ends() -> None:
    answer = device("14393.9688")
    assert answer.notes[0] == "Windows 10 1607 (LTSB 2016) or Windows Server 2016: cannot tell"
    ends = {(each.release, each.servicing): str(each.support_end_date) for each in answer.ends}
    assert ends["Windows 10 1607", "Enterprise LTSC"] == "2026-10-13"
    assert ends["Windows Server 2016", "Server LTSC"] == "2027-01-12"
    assert verdict(answer) is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("build", "evidence", "expected"),
    [
        # The rows of tricky-cases.csv: release, support end, patch state, level, update.
        (
            "10.0.26100.33822",
            {"system": "Windows Server 2025 Standard"},
            ("Windows Server 2025", "2034-11-14", Patch.CURRENT, "2026-11", None),
        ),
        ("26100.9974", {}, ("Windows 11 24H2", None, Patch.CURRENT, "2026-11", None)),
        ("26100.3775", {}, (None, None, Patch.BEHIND, "2025-04", "KB5055523")),
        (
            "26100.32313",
            {"system": "Windows Server 2025 Azure Edition"},
            ("Windows Server 2025", "2034-11-14", Patch.BEHIND, "2026-02", "KB5075942"),
        ),
        (
            "26100.33222",
            {"system": "Windows Server 2025 Datacenter"},
            ("Windows Server 2025", "2034-11-14", Patch.BEHIND, "2026-08", "KB5120228"),
        ),
        (
            "20348.4655",
            {"system": "Windows Server 2022 Datacenter: Azure Edition"},
            ("Windows Server 2022", "2031-10-14", Patch.BEHIND, "2026-01", "KB5078238"),
        ),
        (
            "20348.1251",
            {"system": "Windows Server 2022"},
            ("Windows Server 2022", "2031-10-14", Patch.BEHIND, "2022-11", "KB5019080"),
        ),
        (
            "20348.5870",
            {"system": "Windows Server 2022 Datacenter"},
            ("Windows Server 2022", "2031-10-14", Patch.CURRENT, "2026-11", None),
        ),
        (
            "22621.1244",
            {"system": "Windows Holographic (HoloLens 2)"},
            ("HoloLens 2 23H2", "2027-12-31", Patch.UNKNOWN, None, None),
        ),
        (
            "25398.2330",
            {"system": "Windows Server, version 23H2"},
            ("Windows Server, version 23H2", "2026-05-12", Patch.FINAL, "2026-05", "KB5087541"),
        ),
        (
            "14393.9688",
            {"system": "Windows Server 2016"},
            ("Windows Server 2016", "2027-01-12", Patch.CURRENT, "2026-11", None),
        ),
        (
            "14393.9612",
            {"system": "Windows 10 Enterprise LTSB 2016"},
            ("Windows 10 1607", "2026-10-13", Patch.FINAL, "2026-10", None),
        ),
        (
            "26200.7982",
            {"system": "Windows 11 Enterprise 25H2"},
            ("Windows 11 25H2", "2028-10-10", Patch.BEHIND, "2026-03", "KB5084597"),
        ),
        (
            "26200.8893",
            {"system": "Windows 11 Enterprise 25H2"},
            ("Windows 11 25H2", "2028-10-10", Patch.BEHIND, "2026-07", "KB5121768"),
        ),
        (
            "26300.9457",
            {"system": "Windows 11 26H2"},
            ("Windows 11 26H2", "2028-10-10", Patch.BEHIND, "2026-09", "KB5129195"),
        ),
        (
            "19044.1348",
            {"system": "Windows 10 21H2"},
            ("Windows 10 21H2", None, Patch.BEHIND, "2021-11", "KB5007186"),
        ),
        (
            "19044.7846",
            {"edition": "IoTEnterpriseS"},
            ("Windows 10 21H2", "2032-01-13", Patch.CURRENT, "2026-11", None),
        ),
        (
            "19044.7846",
            {"edition": "EnterpriseS"},
            ("Windows 10 21H2", "2027-01-12", Patch.CURRENT, "2026-11", None),
        ),
        (
            "19044.7846",
            {"edition": "Enterprise"},
            ("Windows 10 21H2", "2024-06-11", Patch.FINAL, "2026-11", None),
        ),
        (
            "26100.9445",
            {"system": "Windows 11 SE"},
            ("Windows 11 24H2", "2026-10-13", Patch.BEHIND, "2026-09", "KB5124008"),
        ),
        ("KB5124007", {"system": "Windows 11 25H2"}, ("Windows 11 25H2", "2027-10-12", Patch.NOT_STATED, None, None)),
        (
            "KB5124008",
            {"system": "Windows 11 25H2"},
            ("Windows 11 25H2", "2027-10-12", Patch.BEHIND, "2026-09", "KB5124008"),
        ),
    ],
)
def test_tricky_cases(
    build: str, evidence: dict[str, Any], expected: tuple[str | None, str | None, Patch, str | None, str | None]
) -> None:
    answer = device(build, **evidence)
    end = None if answer.support_end_date is None else str(answer.support_end_date)
    kb = None if answer.update is None else answer.update.kb
    assert (answer.release, end, answer.patch, answer.patch_level, kb) == expected, answer


def test_what_the_notes_of_the_tricky_cases_say() -> None:
    hotpatch = device("26100.33222", system="Windows Server 2025 Datacenter")
    assert hotpatch.patch_tuesdays_behind == 3
    assert "updating needs a restart: 2026-09, 2026-10 brought a baseline" in hotpatch.notes
    assert "the same build is that of KB5021656 (out-of-band, 2022-11-17)" in device("20348.1251").notes
    notes = device("20348.5870", system="Windows Server 2022 Datacenter").notes
    assert "mainstream support ended on 2026-10-13, extended support until 2031-10-14" in notes
    assert "hotpatches (Datacenter: Azure Edition) until 2027-10" in notes
    assert any("servicing stack" in each for each in device("KB5124007", system="Windows 11 25H2").notes)
    assert any("brings 26100.9445, 26200.9445" in each for each in device("KB5124008").notes)
    assert not device("26100.9445", system="Windows 11 SE").is_supported


@pytest.mark.parametrize(
    ("build", "end", "mainstream", "until", "patch"),
    [
        ("6.3.9600.23470", "2023-10-10", "2018-10-09", "2026-10-13", Patch.FINAL),
        ("14393.9688", "2027-01-12", "2022-01-11", "2030-01-08", Patch.CURRENT),
        ("17763.9487", "2029-01-09", "2024-01-09", None, Patch.CURRENT),
        ("20348.5870", "2031-10-14", "2026-10-13", None, Patch.CURRENT),
        ("26100.33822", "2034-11-14", "2029-11-13", None, Patch.CURRENT),
    ],
)
def test_servers_have_mainstream_extended_and_esu_ends(
    build: str, end: str, mainstream: str, until: str | None, patch: Patch
) -> None:
    answer = device(build, edition="ServerDatacenter")
    assert (answer.family, answer.servicing, answer.patch) == (Family.SERVER, "Server LTSC", patch)
    (found,) = answer.ends
    assert (str(found.support_end_date), str(found.mainstream_end)) == (end, mainstream)
    assert (None if answer.extended_until is None else str(answer.extended_until)) == until


def test_updates_without_a_known_build_are_counted() -> None:
    answer = on(date(2026, 10, 10), "6.3.9600.23338", "ServerStandard", esu=True)
    assert (answer.patch, answer.is_supported) == (Patch.CURRENT, True)
    late = on(TODAY, "6.3.9600.23338", "ServerStandard", esu=True)
    assert (late.patch_tuesdays_behind, len(late.missing)) == (2, 1)
    assert "1 of the missing updates has no known build" in late.notes
    unknown = on(TODAY, "6.3.9600.23000", "ServerStandard", esu=True)
    assert (unknown.patch, unknown.patch_tuesdays_behind) == (Patch.BEHIND, None)


def test_an_unknown_edition_is_said_and_changes_nothing() -> None:
    answer = on(TODAY, "26100.9974", "nonsense")
    assert answer.support is Support.DEPENDS
    assert "'nonsense' is no edition that is known here" in answer.notes


def test_the_edition_may_stand_in_the_text() -> None:
    assert on(TODAY, "Windows 11 Enterprise 24H2").support is Support.SUPPORTED
    assert on(TODAY, "Windows 11 Enterprise 24H2", "Pro").support is Support.ENDED


def test_systems_of_others_are_named() -> None:
    answer = device("15.1 (24B83)", system="macOS")
    assert (answer.family, answer.support, answer.notes) == (Family.OTHER, Support.UNKNOWN, ("macOS is not Windows",))


def test_the_short_form_uses_the_facts_of_this_release() -> None:
    assert check("26100.9445", "Pro", today=TODAY) == on(TODAY, "26100.9445", "Pro")
    assert check("nonsense").support is Support.UNKNOWN


@settings(deadline=None)
@given(evidence_strategy())
def test_every_answer_holds_together(evidence: Evidence) -> None:
    answer = CHECKER.check_device(evidence)
    assert answer.asked == evidence.build
    assert answer.release in (None, *answer.candidates)
    assert (answer.release is not None) == (len(answer.candidates) == 1)
    assert answer.is_supported <= (answer.support in (Support.SUPPORTED, Support.EXTENDED))
    assert answer.is_current <= (answer.patch is Patch.CURRENT)
    assert (answer.patch is Patch.BEHIND) or not answer.missing
    assert all(each.release in answer.candidates for each in answer.ends)
    assert verdict(answer) in Verdict
    assert answer.notes or answer.candidates
    if answer.build_version and answer.family is Family.SERVER:
        assert int(answer.build_version.split(".")[2]) not in CLIENT_ONLY
    if answer.build_version and answer.family is Family.CLIENT:
        assert int(answer.build_version.split(".")[2]) not in SERVER_ONLY


@needs_facts
def test_support_and_patch_level_of_every_known_build_on_many_days() -> None:
    """Worked out again from the fact files, by nothing but their columns."""
    ends: dict[tuple[str, str], date] = {}
    for row in rows("editions"):
        ends[row["id"], row["servicing_group"]] = date.fromisoformat(row["supportEndDate"])
    known = defaultdict(list)
    for row in (*rows("updates"), *_added()):
        if row["canonical_b"] == "yes" or (row.get("action") == "add" and row["servicing_type"] == "B"):
            known[row["id"]].append((row["build_short"], row["release_date"]))
    released = {row["id"]: date.fromisoformat(row["ga_date"]) for row in rows("releases")}
    for day in [date(2023, 1, 12) + timedelta(days=7 * number) for number in range(0, 199, 22)]:
        checker = Checker(bundled(), day)
        for row in rows("updates"):
            # 26100.3781 is a build of Windows Server 2025: the newer files say so.
            if (
                row["servicing_type"].startswith("hotpatch")
                or day < released[row["id"]]
                or row["build_short"] == "26100.3781"
            ):
                continue
            for group in ("Home/Pro", "Enterprise/Education"):
                answer = checker.check(row["build_version"], group)
                if answer.support is Support.EXTENDED:
                    continue
                end = ends[row["id"], group]
                behind = {
                    build
                    for build, out in known[row["id"]]
                    if _revision(build) > _revision(row["build_short"])
                    and date.fromisoformat(out) + timedelta(days=2) <= day
                    and date.fromisoformat(out) <= end
                }
                assert answer.is_supported == (end >= day), (row, day)
                if answer.patch is not Patch.UNKNOWN:
                    assert answer.patch_tuesdays_behind == len(behind), (row, day, answer)


def _added() -> list[dict[str, str]]:
    with (FACTS / "2026-11-29" / "client-gaps.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _revision(build: str) -> int:
    return int(build.split(".")[1])


@needs_facts
def test_ends_of_long_term_releases_are_those_of_the_sources() -> None:
    import json

    found = json.loads((FACTS / "raw/DataForGeeks.mswin.lifecycle-client-ltsc.json").read_text(encoding="utf-8-sig"))
    for row in found["Data"]:
        answer = check(f"10.0.{row['Build']}.1", "IoTEnterpriseS" if row["Build"] == "19044" else "EnterpriseS")
        assert str(answer.support_end_date) == row["ExtendedEndDate"], row

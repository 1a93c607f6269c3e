"""Builds and versions in the spellings that admins copy them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.catalogue.facts import bundled
from osimages.catalogue.servicing import Servicing, servicing_of
from osimages.catalogue.spelling import LONGEST_TEXT, Speller

SPELLER = Speller(bundled())


@pytest.mark.parametrize(
    ("text", "release", "build"),
    [
        ("10.0.26100.9445", "Windows 11 24H2", "10.0.26100.9445"),
        (" 26100.9445 ", "Windows 11 24H2", "10.0.26100.9445"),
        ("Version 24H2 (OS Build 26100.9445)", "Windows 11 24H2", "10.0.26100.9445"),  # winver
        ("Microsoft Windows [Version 10.0.26100.9445]", "Windows 11 24H2", "10.0.26100.9445"),  # ver
        ("24H2 26100.9445", "Windows 11 24H2", "10.0.26100.9445"),
        ("10.0 (26100)", "Windows 11 24H2", None),  # Active Directory
        ("26100", "Windows 11 24H2", None),
        ("10.0.26100", "Windows 11 24H2", None),
        ("10.0.26100.0", "Windows 11 24H2", None),  # .NET
        ("26100.1.amd64fre.ge_release.240331-1435", "Windows 11 24H2", None),  # BuildLabEx
        ("19041.1.amd64fre.vb_release.191206-1406", "Windows 10 2004", None),
        ("10.0.26100.1.amd64fre.ge_release.240331-1435", "Windows 11 24H2", None),
        ("10.0.26100.9445 (WinBuild.160101.0800)", "Windows 11 24H2", "10.0.26100.9445"),  # the version of a file
        ("10.0.26100 N/A Build 26100", "Windows 11 24H2", None),  # systeminfo
        ("Windows 11 24H2", "Windows 11 24H2", None),
        ("Windows 11, version 24H2", "Windows 11 24H2", None),
        ("windows 11 VERSION 24h2", "Windows 11 24H2", None),
        ("Win11 22H2", "Windows 11 22H2", None),
        ("W10-22H2", "Windows 10 22H2", None),
        ("Windows 10 2004", "Windows 10 2004", None),
        ("24H2", "Windows 11 24H2", None),
        ("1809", "Windows 10 1809", None),
        ("Windows 10 Enterprise LTSC 2021", "Windows 10 21H2", None),
        ("Windows 10 Enterprise 2016 LTSB", "Windows 10 1607", None),
        ("Windows 11 IoT Enterprise LTSC 2024", "Windows 11 24H2", None),
        ("Windows 10 Pro 10.0.22631.7584", "Windows 11 23H2", "10.0.22631.7584"),  # ProductName of Windows 11
    ],
)
def test_spellings(text: str, release: str, build: str | None) -> None:
    stated = SPELLER.read(text)
    assert stated.release is not None, stated.problem
    assert stated.release.id == release
    assert (None if stated.build is None else str(stated.build)) == build


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no build or version in it"),
        ("garbage", "there is no build or version in it"),
        ("Windows 11", "'Windows 11' names no version"),
        ("22H2", "it could be Windows 10 22H2 or Windows 11 22H2; say which"),
        ("Windows 11 27H2", "the catalogue knows no Windows 11 27H2"),
        ("Windows 10 24H2", "the catalogue knows no Windows 10 24H2"),
        ("10.0.99999.1", "build 99999 is newer than every release that the catalogue knows (up to 28000)"),
        ("10.0.25000.1", "no release has build 25000; it may be an Insider build"),
        ("6.1.7601.24214", "build 7601 is Windows 7 SP1, which is not in this catalogue"),
        ("6.4.9841", "6.4 is neither Windows 10 nor Windows 11"),
        ("24.11.2026", "24.11 is neither Windows 10 nor Windows 11"),
        ("10.0.20348.3328", "build 20348 is Windows Server 2022, which is not in this catalogue"),
        ("26100.32230", "26100.32230 is a build of Windows Server 2025"),
        ("Windows Server 2025 24H2", "Windows Server is not in this catalogue"),
        ("x" * (LONGEST_TEXT + 1), "the text has more than 512 characters"),
        ("10.0.26100.9445.1", "there is no build or version in it"),
    ],
)
def test_what_is_not_known_says_why(text: str, problem: str) -> None:
    stated = SPELLER.read(text)
    assert stated.release is None
    assert problem in stated.problem


def test_the_build_decides_where_a_version_contradicts_it() -> None:
    stated = SPELLER.read("23H2 26100.9445")
    assert stated.release is not None
    assert stated.release.id == "Windows 11 24H2"
    assert stated.notes == ("it says 23H2, but build 26100 is Windows 11 24H2",)


@pytest.mark.parametrize("release", bundled().releases, ids=lambda release: str(release.id))
def test_every_update_is_found_by_each_of_its_spellings(release: object) -> None:
    from osimages.catalogue.facts import Release

    assert isinstance(release, Release)
    for update in release.updates:
        for text in (str(update.build), update.build.short, f"{release.id} (OS Build {update.build.short})"):
            stated = SPELLER.read(text)
            assert (stated.release, stated.build) == (release, update.build), text


@given(st.text(max_size=60) | st.from_regex(r"[0-9.HhWin ()]{0,40}", fullmatch=True))
def test_no_text_makes_it_fail(text: str) -> None:
    stated = SPELLER.read(text)
    assert (stated.release is None) == bool(stated.problem)


@pytest.mark.parametrize(
    ("text", "servicing"),
    [
        ("Pro", Servicing.HOME_PRO),
        ("professionalN", Servicing.HOME_PRO),
        ("proWorkstation", Servicing.HOME_PRO),
        ("Pro Education", Servicing.HOME_PRO),
        ("Home", Servicing.HOME_PRO),
        ("CoreSingleLanguage", Servicing.HOME_PRO),
        ("48", Servicing.HOME_PRO),
        ("Home/Pro", Servicing.HOME_PRO),
        ("Enterprise", Servicing.ENTERPRISE),
        ("enterpriseN", Servicing.ENTERPRISE),
        ("Education", Servicing.ENTERPRISE),
        ("ServerRdsh", Servicing.ENTERPRISE),
        ("Enterprise multi-session", Servicing.ENTERPRISE),
        ("4", Servicing.ENTERPRISE),
        ("IoTEnterprise", Servicing.ENTERPRISE),
        ("EnterpriseS", Servicing.LTSC),
        ("EnterpriseSN", Servicing.LTSC),
        ("Microsoft Windows 10 Enterprise 2016 LTSB", Servicing.LTSC),
        ("Microsoft Windows 11 Enterprise LTSC", Servicing.LTSC),
        ("125", Servicing.LTSC),
        ("IoTEnterpriseS", Servicing.IOT_LTSC),
        ("Windows 10 IoT Enterprise LTSC 2021", Servicing.IOT_LTSC),
        ("191", Servicing.IOT_LTSC),
        ("", None),
        ("Windows", None),
        ("Microsoft Windows NT Workstation 10.0", None),
        ("Kiosk", None),
    ],
)
def test_editions(text: str, servicing: Servicing | None) -> None:
    assert servicing_of(text) is servicing


def test_every_edition_of_the_catalogue_belongs_to_its_group() -> None:
    for release in bundled().releases:
        for edition in release.editions:
            assert servicing_of(edition.edition_type) == edition.servicing

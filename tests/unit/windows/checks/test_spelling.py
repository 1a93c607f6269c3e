"""Builds, versions and editions in the spellings that admins copy them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.checks.answers import Family
from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.products import Product
from osimages.windows.checks.spelling import LONGEST_TEXT, Numbers, read
from osimages.windows.servicing import Servicing


@pytest.mark.parametrize(
    ("text", "build", "revision"),
    [
        ("10.0.26100.9445", 26100, 9445),
        (" 26100.9445 ", 26100, 9445),
        ("Version 24H2 (OS Build 26100.9445)", 26100, 9445),  # winver
        ("Microsoft Windows [Version 10.0.26100.9445]", 26100, 9445),  # ver
        ("24H2 26100.9445", 26100, 9445),
        ("10.0 (26100)", 26100, None),  # Active Directory
        ("26100", 26100, None),
        ("10.0.26100", 26100, None),
        ("10.0.26100.0", 26100, None),  # .NET
        ("10.0.26100.9445 (WinBuild.160101.0800)", 26100, 9445),  # the version of a file
        ("10.0.26100 N/A Build 26100", 26100, None),  # systeminfo
        ("10,0,26100,9445", 26100, 9445),  # VERSIONINFO
        ("Windows 10 Pro 10.0.22631.7584", 22631, 7584),
        ("2026-09 Cumulative Update for Windows 11, version 25H2 (KB5124008) (26200.9445)", 26200, 9445),
        ("26100.1.amd64fre.ge_release.240331-1435 26200.9445", 26200, 9445),
    ],
)
def test_builds(text: str, build: int, revision: int | None) -> None:
    assert read(Evidence(build=text)).numbers == Numbers(10, 0, build, revision)


@pytest.mark.parametrize("text", ["", "garbage", "Windows 11", "24H2", "2004", "10.0.26100.9445.1", "KB5124008", "x64"])
def test_no_build(text: str) -> None:
    assert read(Evidence(build=text)).numbers is None


def test_a_decimal_comma_is_read_and_marked() -> None:
    for text in ("26200,9711", "10.0.26200,9711"):
        stated = read(Evidence(build=text))
        assert stated.numbers is not None
        assert (stated.numbers.revision, stated.is_rounded) == (9711, True)
    assert read(Evidence(build="26200.9711", build_is_number=True)).is_rounded
    assert not read(Evidence(build="26200.9711")).is_rounded


@pytest.mark.parametrize(
    ("build", "revision", "found"),
    [
        ("26200", "9711", 9711),
        ("10.0.26200", "9711.0", 9711),
        ("10.0.26200.0", "9711", 9711),
        ("10.0.26200.9711", "9711", 9711),
        ("10.0.26200.9711", "", 9711),
        ("10.0.26200.9711", "n/a", 9711),
        ("26200", "26200.9711", 9711),
        ("26200", "0", None),
    ],
)
def test_a_revision_of_a_column_of_its_own(build: str, revision: str, found: int | None) -> None:
    stated = read(Evidence(build=build, revision=revision))
    assert stated.numbers is not None
    assert stated.numbers.revision == found


def test_two_revisions_that_contradict_are_none() -> None:
    stated = read(Evidence(build="26200.9445", revision="9711"))
    assert stated.numbers is not None
    assert stated.numbers.revision is None
    assert "contradicts" in stated.notes[0]


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("26100.1.amd64fre.ge_release.240331-1435", 26100),
        ("10.0.19041.1.x86fre.vb_release.191206-1406", 19041),
        ("22621.1.arm64fre.ni_release.220506-1250", 22621),
        ("19041.vb_release.191206-1406", 19041),  # BuildLab
    ],
)
def test_build_lab_ex_names_a_base_and_no_build(text: str, base: int) -> None:
    for evidence in (Evidence(build=text), Evidence(lab=text)):
        stated = read(evidence)
        assert (stated.base, stated.numbers) == (base, None)


@pytest.mark.parametrize(
    ("evidence", "version"),
    [
        (Evidence(version="24H2"), "24H2"),
        (Evidence(build="windows 11 VERSION 24h2"), "24H2"),
        (Evidence(build="26100", system="Windows 11 24H2"), "24H2"),
        (Evidence(build="2009"), "2009"),
        (Evidence(build="Windows 10 2004"), "2004"),
        (Evidence(build="2004-05-01"), None),
        (Evidence(build="Windows Server 2019"), None),
    ],
)
def test_versions(evidence: Evidence, version: str | None) -> None:
    assert read(evidence).version == version


def test_the_column_of_the_edition_counts_before_the_caption() -> None:
    stated = read(Evidence(edition="Enterprise", system="Windows 11 Pro"))
    assert stated.edition is not None
    assert stated.edition.servicing is Servicing.ENTERPRISE
    stated = read(Evidence(edition="nonsense", sku="48", system="Windows 11 Enterprise"))
    assert stated.edition is not None
    assert stated.edition.servicing is Servicing.HOME_PRO
    stated = read(Evidence(edition="nonsense", system="Windows 11 Enterprise"))
    assert stated.edition is not None
    assert stated.notes == ("'nonsense' is no edition that is known here",)
    # Windows Server had an edition called Enterprise; it is none of a PC.
    assert read(Evidence(system="Windows Server 2008 R2 Enterprise")).edition is None


@pytest.mark.parametrize(
    ("evidence", "family"),
    [
        (Evidence(product_type="1"), Family.CLIENT),
        (Evidence(product_type="3.0"), Family.SERVER),
        (Evidence(product_type="Domain Controller"), Family.SERVER),
        (Evidence(product_type="what"), None),
    ],
)
def test_product_types(evidence: Evidence, family: Family | None) -> None:
    assert read(evidence).product_type is family


def test_installation_types() -> None:
    assert read(Evidence(installation_type="Client")).installation_type is Family.CLIENT
    assert read(Evidence(installation_type="Server Core")).installation_type is Family.SERVER
    assert read(Evidence(installation_type="")).installation_type is None


def test_what_is_too_long_is_said() -> None:
    assert read(Evidence(build="x" * (LONGEST_TEXT + 1))).problem == "the text has more than 512 characters"
    assert read(Evidence(system="x" * 10_000)).problem


def test_several_builds_in_one_text_are_none() -> None:
    assert read(Evidence(build="26200.9974, 26100.9445")).problem == "it names several builds: 26200.9974, 26100.9445"
    assert not read(Evidence(build="10.0.26200.9974 (26200.9974)")).problem


def test_a_system_that_is_not_windows() -> None:
    assert read(Evidence(build="15.1", system="macOS")).other_system == "macOS"
    assert read(Evidence(build="macOS 15.1")).other_system == "macOS"
    assert read(Evidence(build="10.0.26200.9711", system="Unknown")).other_system is None
    found = read(Evidence(build="26100", system="Windows Server 2019 with Linux containers"))
    assert found.other_system is None
    assert found.product is not None
    assert found.product.kind is Product.SERVER


_TEXTS = st.text(max_size=40) | st.from_regex(r"[0-9.,HhWin ()KB]{0,40}", fullmatch=True)


@given(
    st.builds(
        Evidence,
        *[_TEXTS] * 10,
    )
)
def test_no_text_makes_it_fail(evidence: Evidence) -> None:
    read(evidence)

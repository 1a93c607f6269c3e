"""Client, server or another member of the family: decided on evidence, or reported as undecided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.checks.answers import Family
from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.identification import Identity, identify
from osimages.windows.checks.release_index import ReleaseIndex
from osimages.windows.checks.spelling import read
from osimages.windows.facts import bundled
from osimages.windows.servicing import Servicing
from tests.unit.windows.csv_facts import FACTS, needs_facts

INDEX = ReleaseIndex(bundled())
CLIENT_ONLY = (10240, 10586, 15063, 19043, 19044, 19045, 22000, 22621, 22631, 26200, 26300, 28000)
SERVER_ONLY = (20348, 25398)


def found(build: str = "", **evidence: Any) -> Identity:
    return identify(INDEX, read(Evidence(build=build, **evidence)))


def names(identity: Identity) -> tuple[str, ...]:
    return tuple(each.release.id for each in identity.candidates)


@pytest.mark.parametrize(
    ("build", "evidence", "releases"),
    [
        # The build decides.
        ("26200.9711", {"system": "Microsoft Windows NT Server 10.0"}, ["Windows 11 25H2"]),
        ("26200.9711", {"product_type": "3"}, ["Windows 11 25H2"]),
        ("26200.9711", {"system": "Windows Server 2025"}, ["Windows 11 25H2"]),
        ("20348.5631", {"system": "Microsoft Windows NT Server 10.0"}, ["Windows Server 2022"]),
        ("20348.5631", {"system": "Windows 11"}, ["Windows Server 2022"]),
        ("20348.5631", {}, ["Windows Server 2022"]),
        ("25398.2330", {}, ["Windows Server, version 23H2"]),
        ("26100.9974", {}, ["Windows 11 24H2"]),
        ("26100.863", {}, ["Windows 11 24H2"]),
        ("26100.3624", {}, ["Windows 11 24H2"]),  # a preview: servers got none
        ("26100.3781", {}, ["Windows Server 2025"]),
        ("26100.33822", {}, ["Windows Server 2025"]),
        ("26100.33438", {"system": "Windows 11 24H2"}, ["Windows Server 2025"]),  # as BenchmarkDotNet prints it
        ("26100.29999", {}, ["Windows 11 24H2"]),
        # The build is shared: everything else decides.
        ("26100.3775", {}, ["Windows 11 24H2", "Windows Server 2025"]),
        ("26100", {}, ["Windows 11 24H2", "Windows Server 2025"]),
        ("26100.3775", {"system": "Windows 11 Pro"}, ["Windows 11 24H2"]),
        ("26100.3775", {"edition": "Enterprise"}, ["Windows 11 24H2"]),
        ("26100.3775", {"edition": "ServerDatacenter"}, ["Windows Server 2025"]),
        ("26100.3775", {"sku": "8"}, ["Windows Server 2025"]),
        ("26100.3775", {"sku": "48"}, ["Windows 11 24H2"]),
        ("26100.3775", {"product_type": "1"}, ["Windows 11 24H2"]),
        ("26100.3775", {"product_type": "2"}, ["Windows Server 2025"]),
        ("26100.3775", {"installation_type": "Client"}, ["Windows 11 24H2"]),
        ("26100.3775", {"installation_type": "Server Core"}, ["Windows Server 2025"]),
        ("26100.3775", {"product_type": "3", "edition": "ServerRdsh"}, ["Windows 11 24H2"]),  # multi-session
        ("26100.3775", {"product_type": "3", "edition": "Enterprise multi-session"}, ["Windows 11 24H2"]),
        ("26100.3775", {"system": "Windows Server 2025", "edition": "Enterprise"}, ["Windows Server 2025"]),
        ("26100.3775", {"product_type": "1", "system": "Windows Server"}, ["Windows 11 24H2", "Windows Server 2025"]),
        ("26100", {"system": "WindowsServer2025", "version": "24H2"}, ["Windows Server 2025"]),
        ("17763", {"system": "WindowsServer2019", "version": "1809"}, ["Windows Server 2019"]),
        ("17763.9487", {}, ["Windows 10 1809", "Windows Server 2019"]),
        ("17763.9487", {"system": "Microsoft Windows NT Server 10.0"}, ["Windows Server 2019"]),
        ("17763.9487", {"system": "Windows Server, version 1809"}, ["Windows Server, version 1809"]),
        ("17763.1577", {"edition": "ServerDatacenterACor"}, ["Windows Server, version 1809"]),
        ("17763", {"system": "Win 2019"}, ["Windows Server 2019"]),
        ("14393.9688", {"edition": "EnterpriseS"}, ["Windows 10 1607"]),
        ("14393.9688", {"system": "Windows 10"}, ["Windows 10 1607"]),
        ("14393.9688", {"system": "Windows"}, ["Windows 10 1607", "Windows Server 2016"]),
        ("18363.1556", {}, ["Windows 10 1909", "Windows Server, version 1909"]),
        ("10.0.26200.9711 26100.1.amd64fre.ge_release.240331-1435", {}, ["Windows 11 25H2"]),
        # Windows 8.1 has the build of Windows Server 2012 R2.
        ("6.3.9600.23470", {"product_type": "3"}, ["Windows Server 2012 R2"]),
        # HoloLens, Surface Hub.
        ("22621.1244", {"system": "Windows Holographic"}, ["HoloLens 2 23H2"]),
        ("22621.1244", {"edition": "Holographic"}, ["HoloLens 2 23H2"]),
        ("22621.1200", {"sku": "136"}, ["HoloLens 2 23H1"]),
        ("22621.1244", {}, ["Windows 11 22H2", "HoloLens 2 23H2"]),
        ("20348.1501", {}, ["Windows Server 2022", "HoloLens 2 22H1"]),
        ("20346.1002", {}, ["HoloLens 2 21H1"]),
        ("19045.6456", {"edition": "PPIPro"}, ["Windows 10 22H2"]),
        # DeviceFamily of update reports.
        ("22621.1244", {"system": "Windows.Holographic"}, ["HoloLens 2 23H2"]),
        ("19045.6456", {"system": "Windows.Team"}, ["Windows 10 22H2"]),
        ("17763.9487", {"system": "Windows.Server"}, ["Windows Server 2019"]),
        ("17763.9487", {"system": "Windows.Desktop"}, ["Windows 10 1809"]),
        ("17763.9487", {"system": "Windows.IoT"}, []),
        # Names without a build.
        ("", {"system": "Windows Server 2022 Datacenter"}, ["Windows Server 2022"]),
        ("Windows 11 24H2", {}, ["Windows 11 24H2"]),
        ("Windows 11, version 24H2", {}, ["Windows 11 24H2"]),
        ("Win11 22H2", {}, ["Windows 11 22H2"]),
        ("W10-22H2", {}, ["Windows 10 22H2"]),
        ("24H2", {"system": "Windows11"}, ["Windows 11 24H2"]),
        ("24H2", {}, ["Windows 11 24H2", "Windows Server 2025"]),
        ("22H2", {}, ["Windows 10 22H2", "Windows 11 22H2"]),
        ("21H2", {"edition": "EnterpriseS"}, ["Windows 10 21H2"]),
        ("Windows 10 Enterprise LTSC 2021", {}, ["Windows 10 21H2"]),
        ("Windows 10 Enterprise 2016 LTSB", {}, ["Windows 10 1607"]),
        ("Windows 11 IoT Enterprise LTSC 2024", {}, ["Windows 11 24H2"]),
        (
            "Windows 10 2009",
            {},
            ["Windows 10 20H2", "Windows 10 21H1", "Windows 10 21H2", "Windows 10 22H2"],
        ),
        ("22631.7584", {"version": "2009"}, ["Windows 11 23H2"]),
        # BuildLabEx names the base of several versions.
        ("22621.1.amd64fre.ni_release.220506-1250", {}, ["Windows 11 22H2", "Windows 11 23H2"]),
        (
            "26100.1.amd64fre.ge_release.240331-1435",
            {},
            ["Windows 11 24H2", "Windows 11 25H2", "Windows 11 26H2", "Windows Server 2025"],
        ),
        (
            "26100.1.amd64fre.ge_release.240331-1435",
            {"edition": "Pro"},
            ["Windows 11 24H2", "Windows 11 25H2", "Windows 11 26H2"],
        ),
        ("26100.1.amd64fre.ge_release.240331-1435", {"version": "25H2"}, ["Windows 11 25H2"]),
        (
            "18362.1.amd64fre.19h1_release.190318-1202",
            {"system": "Windows 10"},
            ["Windows 10 1903", "Windows 10 1909"],
        ),
        (
            "17763.1.amd64fre.rs5_release.180914-1434",
            {"edition": "ServerStandard", "version": "1809"},
            ["Windows Server 2019"],
        ),
        (
            "17763.1.amd64fre.rs5_release.180914-1434",
            {"edition": "ServerDatacenterACor"},
            ["Windows Server, version 1809"],
        ),
        (
            "18362.1.amd64fre.19h1_release.190318-1202",
            {"edition": "ServerStandardACor"},
            ["Windows Server, version 1903", "Windows Server, version 1909"],
        ),
        # A product may stand where an edition is asked for.
        ("14393.9688", {"edition": "Windows Server 2016"}, ["Windows Server 2016"]),
        ("26100.7462", {"edition": "WindowsServer2025"}, ["Windows Server 2025"]),
        ("26100.7462", {"edition": "Windows 11"}, ["Windows 11 24H2"]),
        ("17763.1577", {"edition": "Windows Server, version 1809"}, ["Windows Server, version 1809"]),
        ("21H2", {"edition": "Windows Server 2022"}, ["Windows Server 2022"]),
        # System files have the build of the base, and the revision of the update.
        ("10.0.26100.9445 (WinBuild.160101.0800)", {}, ["Windows 11 24H2", "Windows 11 25H2"]),
        ("10.0.26100.9445 (WinBuild.160101.0800)", {"version": "25H2"}, ["Windows 11 25H2"]),
        ("10.0.26100.33438 (WinBuild.160101.0800)", {}, ["Windows Server 2025"]),
        ("10.0.19041.3803", {}, ["Windows 10 21H2", "Windows 10 22H2"]),
        ("10.0.22621.7584", {}, ["Windows 11 23H2"]),
        # A KB number names the builds that it brings.
        ("KB5124008", {}, ["Windows 11 24H2", "Windows 11 25H2"]),
        ("KB5124008", {"system": "Windows 11 25H2"}, ["Windows 11 25H2"]),
        ("KB5124007", {"system": "Windows 11 25H2"}, ["Windows 11 25H2"]),
    ],
)
def test_evidence(build: str, evidence: dict[str, Any], releases: list[str]) -> None:
    assert list(names(found(build, **evidence))) == releases


@pytest.mark.parametrize(
    ("build", "evidence", "family", "problem"),
    [
        ("", {}, Family.UNKNOWN, "there is no build or version in it"),
        ("garbage", {}, Family.UNKNOWN, "there is no build or version in it"),
        ("Windows 11", {}, Family.CLIENT, "'Windows 11' names no version"),
        ("Windows 11 27H2", {}, Family.CLIENT, "the catalogue knows no Windows 11 27H2"),
        ("Windows 10 24H2", {}, Family.CLIENT, "the catalogue knows no Windows 10 24H2"),
        ("Windows Server", {}, Family.SERVER, "'Windows Server' names no version"),
        ("Windows Server 2012", {}, Family.SERVER, "Windows Server 2012 is not in this catalogue"),
        ("Windows 7", {}, Family.CLIENT, "Windows 7 is not in this catalogue"),
        ("10.0.99999.1", {}, Family.UNKNOWN, "newer than every release that the catalogue knows (up to 28000)"),
        ("10.0.25000.1", {}, Family.UNKNOWN, "no release has build 25000; it may be an Insider build"),
        (
            "6.1.7601.24214",
            {},
            Family.UNKNOWN,
            "build 7601 is Windows 7 SP1 or Windows Server 2008 R2 SP1",
        ),
        ("6.1.7601.24214", {"product_type": "1"}, Family.CLIENT, "build 7601 is Windows 7 SP1, which is not"),
        ("6.3.9600.20778", {"system": "Windows 8.1"}, Family.CLIENT, "build 9600 is Windows 8.1, which is not"),
        ("6.4.9841", {}, Family.UNKNOWN, "6.4 is neither Windows 10 nor Windows 11"),
        ("10.0.20349.1", {}, Family.SERVER, "Azure Stack HCI 22H2"),
        ("10.0.25398.100", {"system": "Azure Stack HCI"}, Family.SERVER, "not in this catalogue"),
        ("10.0.26100.1", {"edition": "WindowsPE"}, Family.PE, "Windows PE (build 26100)"),
        ("10.0.17763.1", {"edition": "IoTUAP"}, Family.IOT_CORE, "Windows 10 IoT Core (build 17763)"),
        ("15.1", {"system": "macOS"}, Family.OTHER, "macOS is not Windows"),
        ("10.0.26200.9711", {"system": "Linux"}, Family.OTHER, "Linux is not Windows"),
        ("22H2 Windows Server", {}, Family.SERVER, "the catalogue knows no Windows Server 22H2"),
        ("Surface Hub", {}, Family.TEAM, "no release of it is known here"),
        ("HoloLens", {}, Family.HOLOGRAPHIC, "the catalogue knows no release of it"),
        ("KB1234567", {}, Family.UNKNOWN, "the catalogue knows no build of KB1234567"),
    ],
)
def test_what_is_not_known_says_why(build: str, evidence: dict[str, Any], family: Family, problem: str) -> None:
    identity = found(build, **evidence)
    assert identity.candidates == ()
    assert (identity.family, problem in identity.problem) == (family, True), identity


@pytest.mark.parametrize("evidence", [{"sku": "406"}, {"edition": "ServerAzureStackHCICor"}, {"system": "Azure Local"}])
def test_azure_stack_is_no_windows_server(evidence: dict[str, Any]) -> None:
    identity = found("20348.5870", **evidence)
    assert (identity.family, identity.candidates) == (Family.SERVER, ())
    assert "Azure Stack HCI" in identity.problem


def test_a_surface_hub_is_not_named_by_its_version_against_its_build() -> None:
    identity = found("25398", sku="119", version="1809")
    assert (identity.family, identity.candidates) == (Family.TEAM, ())
    assert names(found("", sku="119", version="22H2")) == ("Windows 10 22H2",)


def test_the_name_that_states_no_version_is_repeated() -> None:
    assert found("", system="Microsoft Windows NT Workstation").problem.endswith(
        ": 'Windows NT Workstation' names no version"
    )
    assert found("", system="Windows Server").problem.endswith(": 'Windows Server' names no version")
    assert found("", system="Windows 11").problem.endswith(": 'Windows 11' names no version")


def test_a_product_is_no_unknown_edition() -> None:
    assert not found("20348.5870", edition="Windows Server 2022").notes
    assert found("26200.9974", edition="Windows Server 2022").notes == (
        "it says Windows Server 2022, but build 26200 is Windows 11 25H2",
    )


def test_a_kb_of_another_product_is_none_of_the_named_one() -> None:
    identity = found("KB5124008", system="Windows Server 2019")
    assert names(identity) == ("Windows Server 2019",)
    assert identity.candidates[0].build is None
    assert "KB5124008 is no update of Windows Server 2019" in identity.notes


def test_windows_8_1_and_server_2012_r2_share_a_build() -> None:
    identity = found("6.3.9600.23470")
    assert (names(identity), identity.outside) == (("Windows Server 2012 R2",), ("Windows 8.1",))
    assert identity.family is Family.UNKNOWN


@pytest.mark.parametrize("evidence", [{"system": "Microsoft Windows NT Server 10.0"}, {"product_type": "3"}])
def test_a_client_build_with_product_type_server_is_multi_session(evidence: dict[str, Any]) -> None:
    identity = found("26200.9711", **evidence)
    assert identity.servicing is Servicing.ENTERPRISE
    assert identity.notes == ("a client that reports itself as a server is multi-session Enterprise",)


@pytest.mark.parametrize(
    ("build", "evidence", "note"),
    [
        ("23H2 26100.9445", {}, "it says 23H2, but build 26100 is Windows 11 24H2"),
        (
            "26200.9711",
            {"system": "Windows Server 2025"},
            "it says Windows Server 2025, but build 26200",
        ),
        (
            "17763.9487",
            {"system": "Windows Server 2016"},
            "it says Windows Server 2016, but build 17763",
        ),
        (
            "26100.3775",
            {"product_type": "1", "system": "Windows Server"},
            "what says that it is a server contradicts what says that it is a client",
        ),
    ],
)
def test_contradictions_are_said(build: str, evidence: dict[str, Any], note: str) -> None:
    assert any(each.startswith(note) for each in found(build, **evidence).notes)


def test_what_windows_11_says_of_itself_is_no_contradiction() -> None:
    assert found("Windows 10 Pro 10.0.22631.7584").notes == ()
    assert found("22631.7584", version="2009").notes == ()


@pytest.mark.parametrize("release", bundled().every_release, ids=lambda release: str(release.id))
def test_every_release_and_update_is_found(release: object) -> None:
    from osimages.windows.facts import Release

    assert isinstance(release, Release)
    assert names(found(release.id)) == (release.id,)
    edition = {"Windows Server": "ServerDatacenter", "HoloLens 2": "Holographic"}.get(release.product, "Pro")
    if release.id == "Windows Server, version 1809":
        edition = "ServerDatacenterACor"
    for update in release.updates:
        for text in (str(update.build), f"{release.id} (OS Build {update.build.short})"):
            identity = found(text, edition=edition)
            assert [(each.release, each.build) for each in identity.candidates] == [(release, update.build)], text
        # The Semi-Annual Channel's 1809 is never meant without evidence: it ended years before Windows Server 2019.
        assert release.id in (*names(found(str(update.build))), "Windows Server, version 1809"), update


@needs_facts
def test_whose_a_shared_build_is() -> None:
    import csv

    with (FACTS / "2026-11-29" / "build-26100-owner.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    owners = {
        "client": ("Windows 11 24H2",),
        "server": ("Windows Server 2025",),
        "both": ("Windows 11 24H2", "Windows Server 2025"),
    }
    assert len(rows) > 100
    for row in rows:
        assert names(found(row["build_short"])) == owners[row["owner"]], row


_WORDS = st.sampled_from(
    """Windows|Windows 10|Windows 11|Windows Server 2019|WindowsServer2025|Microsoft Windows NT Server 10.0|Unknown|x64
    Microsoft Windows NT Workstation 10.0|Pro|Enterprise|EnterpriseS|ServerStandard|48|7|175|1|2|3|Client|Server Core
    24H2|1809|2009|macOS|Holographic|PPIPro|IoTUAP|WindowsPE|Windows 11 SE|企业版|Professionnel|Server|4||||""".replace(
        "\n    ", "|"
    ).split("|")
)
_EVIDENCE: st.SearchStrategy[Evidence] = st.builds(
    Evidence,
    build=st.builds(
        "{}{}{}".format,
        st.sampled_from(["10.0.", "", "Version "]),
        st.sampled_from(sorted({each.os_build for each in bundled().every_release} | {7601, 20349, 27000})),
        st.sampled_from(["", ".0", ".1", ".9711", ".33822", ".3775", ",446", ".99999999999"]),
    )
    | st.text(max_size=20),
    revision=st.sampled_from(["", "9711", "33822", "x"]),
    edition=_WORDS,
    system=_WORDS,
    version=_WORDS,
    product_type=_WORDS,
    installation_type=_WORDS,
    sku=_WORDS,
    lab=st.sampled_from(["", "26100.1.amd64fre.ge_release.240331-1435", "26100.1"]),
    build_is_number=st.booleans(),
)


def evidence_strategy() -> st.SearchStrategy[Evidence]:
    """Evidence of all kinds, also such as contradicts."""
    return _EVIDENCE


@given(_EVIDENCE)
def test_no_evidence_makes_it_fail_or_gives_the_wrong_family(evidence: Evidence) -> None:
    stated = read(evidence)
    identity = identify(INDEX, stated)
    assert bool(identity.candidates) != bool(identity.problem)
    families = {each.family for each in identity.candidates}
    if stated.numbers is None:
        return
    if stated.numbers.build in CLIENT_ONLY:
        assert Family.SERVER not in families
        assert identity.family is not Family.SERVER or not identity.candidates
    if stated.numbers.build in SERVER_ONLY:
        assert not families & {Family.CLIENT, Family.TEAM}
    if identity.family in (Family.CLIENT, Family.SERVER) and families:
        assert families == {identity.family}

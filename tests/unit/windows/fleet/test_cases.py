"""Exports from practice, each with its right answer on 2026-11-29: the shared cases, and exports of more tools."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from osimages.windows.checks.answers import Answer, Family, Patch, Support
from osimages.windows.checks.checker import Checker
from osimages.windows.facts import bundled
from osimages.windows.fleet.columns import Named
from osimages.windows.fleet.device_export import Wanted, check_file, open_export
from osimages.windows.fleet.source import Form, Source
from osimages.windows.fleet.tally import Tally

TODAY = date(2026, 11, 29)
CHECKER = Checker(bundled(), TODAY)
CASES = Path(__file__).parents[5] / "shared" / "cases" / "fleet"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")


def case(name: str) -> Tally:
    return check_file(CASES / name, today=TODAY)


def told(text: str | dict[str, Any] | list[Any], wanted: Wanted | None = None) -> Tally:
    """Check a text: CSV, or JSON where it is no text."""
    form: Form = "csv" if isinstance(text, str) else "json"
    content = text if isinstance(text, str) else json.dumps(text)
    tally = Tally(CHECKER)
    with open_export(Source(io.BytesIO(content.encode()), form), form, CHECKER, wanted or Wanted()) as export:
        list(tally.take(export))
    return tally


def answers(tally: Tally) -> list[Answer]:
    """One answer for each kind of device, as they come."""
    assert [each.devices for each in tally.groups] == [1] * len(tally.groups)
    return [each.answer for each in tally.groups]


def named(tally: Tally) -> list[tuple[str, str | None, str | None]]:
    """Of each kind of device what it runs: release, build and group of editions."""
    return [(" or ".join(each.candidates), each.build_version, each.servicing) for each in answers(tally)]


@needs_cases
def test_one_page_of_graph() -> None:
    tally = case("page1.json")
    assert [each.candidates for each in answers(tally)] == [("Windows 11 25H2",)]
    summary = tally.summary()
    assert (summary.rows_read, summary.skipped) == (6, {"notWindows": 5})
    assert summary.other_systems == dict.fromkeys(("Android", "ChromeOS", "Linux", "iOS", "macOS"), 1)
    assert "$skiptoken=abc" in tally.incomplete[0]


@needs_cases
def test_configuration_manager() -> None:
    found = answers(case("cm1.csv"))
    assert [(each.family, each.candidates) for each in found] == [
        (Family.CLIENT, ("Windows 11 25H2",)),
        (Family.CLIENT, ("Windows 11 25H2",)),
        (Family.SERVER, ("Windows Server 2022",)),
    ]
    assert found[1].servicing == "Enterprise/Education"
    assert named(case("cm3.csv")) == [
        ("Windows 11 25H2", "10.0.26200.9711", "Enterprise/Education"),
        ("Windows 11 24H2", "10.0.26100.9445", "Home/Pro"),
    ]


@needs_cases
def test_defender() -> None:
    tally = case("defender.csv")
    assert [(each.family, *each.candidates) for each in answers(tally)] == [
        (Family.CLIENT, "Windows 11 24H2"),
        (Family.SERVER, "Windows Server 2019"),
        (Family.SERVER, "Windows Server 2022"),
        (Family.SERVER, "Windows Server 2016"),
        (Family.SERVER, "Windows Server 2025"),
    ]
    assert tally.summary().other_systems == {"Linux": 1, "macOS": 1}


@needs_cases
def test_hardware_information() -> None:
    assert named(case("hw2.json")) == [("Windows 11 24H2", "10.0.26100.9711", "Home/Pro")]


@needs_cases
def test_german_headings() -> None:
    assert named(case("german.csv")) == [("Windows 11 25H2", "10.0.26200.9711", "Home/Pro")]


@needs_cases
def test_a_build_as_a_number() -> None:
    [answer] = answers(case("num.json"))
    assert (answer.candidates, answer.patch, answer.patch_tuesdays_behind) == (
        ("Windows 11 23H2",),
        Patch.UNKNOWN,
        None,
    )
    assert "a trailing zero may have been lost" in " ".join(answer.notes)


@needs_cases
def test_one_device_twice() -> None:
    tally = case("dup.csv")
    assert named(tally) == [("Windows 11 25H2", "10.0.26200.9711", "Home/Pro")]
    assert tally.summary().skipped == {"olderRowOfSameDevice": 1}


@needs_cases
def test_an_unknown_system_with_a_build_of_windows() -> None:
    summary = case("unknownos.csv").summary()
    assert (summary.devices, summary.families, summary.skipped) == (2, {"client": 2}, {})


COMPUTER_INFO: dict[str, Any] = {
    "WindowsBuildLabEx": "22621.1.amd64fre.ni_release.220506-1250",
    "WindowsCurrentVersion": "6.3",
    "WindowsEditionId": "Professional",
    "WindowsInstallationType": "Client",
    "WindowsInstallDateFromRegistry": "/Date(1690439640000)/",
    "WindowsProductName": "Windows 10 Pro",
    "WindowsVersion": "2009",
    "WindowsUBR": 6199,
    "BiosBIOSVersion": ["HPQOEM - 0", "V70 Ver. 01.01.08"],
    "CsName": "PC1",
    "CsProcessors": [{"Name": "x", "Architecture": 9}],
    "OsName": "Microsoft Windows 11 Pro",
    "OsOperatingSystemSKU": 48,
    "OsVersion": "10.0.22631",
    "OsBuildNumber": "22631",
    "OsHotFixes": [{"HotFixID": "KB5042099", "Description": "Update"}],
    "OsProductType": 1,
    "OsHardwareAbstractionLayer": "10.0.22621.2506",
    "OsSerialNumber": "00355-61019-04327-AAOEM",
}
_LAYER = "WindowsProductName,WindowsVersion,OsHardwareAbstractionLayer"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (COMPUTER_INFO, [("Windows 11 23H2", "10.0.22631.6199", "Home/Pro")]),
        (
            ",".join(name for name, each in COMPUTER_INFO.items() if not isinstance(each, list))
            + "\n"
            + ",".join(str(each) for each in COMPUTER_INFO.values() if not isinstance(each, list)),
            [("Windows 11 23H2", "10.0.22631.6199", "Home/Pro")],
        ),
        # The abstraction layer says less than it seems to: its build is the one that the release was made from.
        (
            f"{_LAYER}\nWindows 10 Enterprise,2009,10.0.22621.2506",
            [("Windows 11 22H2 or Windows 11 23H2", None, "Enterprise/Education")],
        ),
        (
            f"{_LAYER},OsBuildNumber,WindowsUBR\nWindows 10 Enterprise,2009,10.0.22621.2506,22631,6199",
            [("Windows 11 23H2", "10.0.22631.6199", "Enterprise/Education")],
        ),
        (
            [
                {
                    "Caption": "Microsoft Windows 11 Pro",
                    "BuildNumber": "26100",
                    "OperatingSystemSKU": 48,
                    "ProductType": 1,
                },
                {
                    "Caption": "Microsoft Windows Server 2019 Standard",
                    "BuildNumber": "17763",
                    "OperatingSystemSKU": 7,
                    "ProductType": 3,
                },
            ],
            [("Windows 11 24H2", None, "Home/Pro"), ("Windows Server 2019", None, "Server LTSC")],
        ),
        (
            [
                {
                    "build": "26200",
                    "name": "Microsoft Windows 11 Pro",
                    "platform": "windows",
                    "revision": "9711",
                    "version": "10.0.26200",
                },
                {"build": "25B78", "name": "macOS", "platform": "darwin", "revision": "", "version": "26.1"},
            ],
            [("Windows 11 25H2", "10.0.26200.9711", "Home/Pro")],
        ),
        (
            {
                "hosts": [
                    {
                        "platform": "windows",
                        "os_version": "Windows 11 Pro 23H2 10.0.22631.6199",
                        "osquery_version": "5.12.1",
                    }
                ]
            },
            [("Windows 11 23H2", "10.0.22631.6199", "Home/Pro")],
        ),
        (
            "Name;DeviceFamily;OSBuild\nH;Windows.Holographic;10.0.22621.1244\nT;Windows.Team;10.0.19045.6456\n"
            "S;Windows.Server;10.0.17763.9487\nD;Windows.Desktop;10.0.17763.9487\n",
            [
                ("HoloLens 2 23H2", "10.0.22621.1244", "Holographic"),
                ("Windows 10 22H2", "10.0.19045.6456", "Team (Surface Hub)"),
                ("Windows Server 2019", "10.0.17763.9487", "Server LTSC"),
                ("Windows 10 1809", "10.0.17763.9487", None),
            ],
        ),
        # CrowdStrike: the version of a Mac has a name of its own, and its platform says what it is.
        (
            "Hostname,Platform,OS Version,OS Build\nPC1,Windows,Windows 11,26200.9711\nMAC1,Mac,Sequoia (15),24F74\n",
            [("Windows 11 25H2", "10.0.26200.9711", None)],
        ),
        (
            "Name,OperatingSystem,OperatingSystemVersion\nPC1,Windows 11 Enterprise,10.0 (26100)\n"
            "SRV1,Windows Server 2022 Standard,10.0 (20348)\nMAC1,macOS,15.1\n",
            [("Windows 11 24H2", None, "Enterprise/Education"), ("Windows Server 2022", None, "Server LTSC")],
        ),
        (
            {
                "value": [
                    {"id": "/sub/x", "properties": {"agentVersion": "1.0.9103.3700", "osVersion": "10.0.26100.9445"}}
                ]
            },
            [("Windows 11 24H2", "10.0.26100.9445", None)],
        ),
        (
            "Gerätename;Betriebssystem;Version;Build\nPC1;Windows 11 Pro;24H2;26100,9445\n"
            "PC2;Windows 11 Pro;25H2;26200,9711\n;;;\n",
            [("Windows 11 24H2", "10.0.26100.9445", "Home/Pro"), ("Windows 11 25H2", "10.0.26200.9711", "Home/Pro")],
        ),
        (
            "Computer Name,Computer O/S,Computer O/S Version,Computer SP / Release\n"
            "PC1,Windows 11 Enterprise,10.0.26200.9711,25H2\n"
            "SRV,Server 2019,10.0.17763.8276,1809\n",
            [
                ("Windows 11 25H2", "10.0.26200.9711", "Enterprise/Education"),
                ("Windows Server 2019", "10.0.17763.8276", "Server LTSC"),
            ],
        ),
        (
            "name,os,os_version,u_ubr\nPC1,Windows 11 Enterprise,10.0.26100,9445\nLNX,Linux Red Hat,8.10,\n",
            [("Windows 11 24H2", "10.0.26100.9445", "Enterprise/Education")],
        ),
        (
            "AssetName,OSname,OScode,BuildNumber\nPC1,Win 11,10.0.26100,9445\nSRV,Server,10.0.17763S,8276\n",
            [("Windows 11 24H2", "10.0.26100.9445", None), ("Windows Server 2019", "10.0.17763.8276", "Server LTSC")],
        ),
        (
            "PSComputerName,ProductName,EditionID,CurrentBuild,UBR,BuildLabEx,InstallationType\n"
            "PC1,Windows 10 Pro,Professional,22631,6199,22621.1.amd64fre.ni_release.220506-1250,Client\n"
            "SRV,Windows Server 2022 Datacenter,ServerDatacenter,20348,5631,20348.1.amd64fre.fe_release,Server Core\n",
            [
                ("Windows 11 23H2", "10.0.22631.6199", "Home/Pro"),
                ("Windows Server 2022", "10.0.20348.5631", "Server LTSC"),
            ],
        ),
        (
            "设备名称,操作系统,版本,版本号\nPC1,Microsoft Windows 11 专业版,10.0.26100,9445\n"
            "PC2,Microsoft Windows 11 企业版,10.0.26100,9711\n",
            [
                ("Windows 11 24H2", "10.0.26100.9445", "Home/Pro"),
                ("Windows 11 24H2", "10.0.26100.9711", "Enterprise/Education"),
            ],
        ),
        (
            'Name,Build\nA,"26,100.9445"\nB,"26.200,9711"\n',
            [("Windows 11 24H2", "10.0.26100.9445", None), ("Windows 11 25H2", "10.0.26200.9711", None)],
        ),
        (
            "26100.9445\n26200.9711\n",
            [("Windows 11 24H2", "10.0.26100.9445", None), ("Windows 11 25H2", "10.0.26200.9711", None)],
        ),
    ],
)
def test_exports_of_more_tools(text: Any, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert named(told(text)) == expected


def test_devices_that_are_no_pcs_are_named() -> None:
    text = (
        "Device name,OS version,OS,SkuFamily,Model\nA,10.0.22621.1244,Windows Holographic,Holographic,HoloLens 2\n"
        "B,10.0.19045.7807,Windows,PPIPro,Surface Hub 2S\nC,10.0.26200.9711,Windows,Enterprise,Surface Pro\n"
    )
    assert [each.family for each in answers(told(text))] == [Family.HOLOGRAPHIC, Family.TEAM, Family.CLIENT]


def test_extended_security_updates_by_device() -> None:
    text = (
        "OS version,SkuFamily,Extended\n10.0.19045.7807,Pro,yes\n10.0.19045.7807,Pro,consumer\n10.0.19045.7807,Pro,\n"
    )
    found = answers(told(text, Wanted(named=Named(esu="Extended"))))
    assert [(each.support, each.esu, each.is_supported) for each in found] == [
        (Support.EXTENDED, "commercial", True),
        (Support.EXTENDED, "consumer", True),
        (Support.EXTENDED, None, False),
    ]


def test_devices_of_a_volume_licence_are_not_one_device() -> None:
    """SerialNumber of Win32_OperatingSystem is the product id, which all of them have in common."""
    rows = [{"CSName": f"PC{n}", "BuildNumber": "26100", "SerialNumber": "00330-80000-00000-AA123"} for n in range(3)]
    assert told(rows).summary().devices == 3


@pytest.mark.parametrize("count", [3, 10])
def test_serial_numbers_that_many_devices_have_identify_none(count: int) -> None:
    rows = [{"name": f"PC{n}", "osVersion": "10.0.26100.9711", "serialNumber": "8CC1234XYZ"} for n in range(count)]
    assert told(rows).summary().devices == (1 if count == 3 else 10)

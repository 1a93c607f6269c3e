"""Columns are found by their headings and by what is in them, in exports of many tools and languages."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pytest

from osimages.windows.facts import bundled
from osimages.windows.fleet.column_choice import choose
from osimages.windows.fleet.columns import Columns, ColumnsError, Named
from osimages.windows.fleet.json_reader import JsonReader
from osimages.windows.fleet.recognise import Recogniser
from osimages.windows.fleet.rows import Row

RECOGNISER = Recogniser(bundled())
GUESSED = Named()
TODAY = datetime(2026, 11, 29)


def chosen(text: str, named: Named = GUESSED) -> Columns:
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    names, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    return choose(names, rows, RECOGNISER, named, TODAY)


def roles(columns: Columns) -> dict[str, str]:
    """The columns by role, but for the name; several of one role with a plus between them."""
    found: dict[str, list[str]] = {}
    for role, choice in columns.listed():
        if role == "name":
            continue
        found.setdefault(role, []).append(choice.column)
    return {role: "+".join(names) for role, names in found.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Name,BuildExt,Build,OperatingSystemNameandVersion\n"
            "A,10.0.26100.9445,10.0.26100,Microsoft Windows NT Workstation 10.0",
            {"build": "BuildExt", "system": "OperatingSystemNameandVersion"},
        ),
        (
            "Name0,Operating_System_Name_and0,Build01,Client_Version0\n"
            "A,Microsoft Windows NT Workstation 10.0,10.0.26200.9711,5.00.9132",
            {"build": "Build01", "system": "Operating_System_Name_and0"},
        ),
        (
            "ResourceID,Caption0,Version0,BuildNumber0,UBR0\n1,Microsoft Windows 11 Pro,10.0.26200,26200,9711",
            {"build": "BuildNumber0", "revision": "UBR0", "system": "Caption0", "identity": "ResourceID"},
        ),
        (
            "deviceName,osVersion,operatingSystem,skuFamily\nA,10.0.26100.9445,Windows,Pro",
            {"build": "osVersion", "edition": "skuFamily", "system": "operatingSystem"},
        ),
        (
            "Device Name,OS Platform,OS Version,OS Build,Health\nA,Windows11,24H2,26100.9445,Active",
            {"build": "OS Build", "version": "OS Version", "system": "OS Platform"},
        ),
        (
            "AssetName,OSname,OScode,BuildNumber,Lastseen\nA,Win 11,10.0.26100,9445,20/11/2026 10:01:02",
            {"build": "OScode", "revision": "BuildNumber", "system": "OSname", "lastSeen": "Lastseen"},
        ),
        (
            "AssetName,OSname,OScode,BuildNumber,Caption\n"
            "A,Win 11,10.0.26100,9445,Microsoft Windows 11 Pro\n"
            "B,Win 2022,10.0.20348S,5870,Microsoft Windows Server 2022",
            {"build": "OScode", "revision": "BuildNumber", "system": "Caption+OSname"},
        ),
        (
            "Name0,Operating_System_Name_and0,BuildExt,OSEdition0,ProductType0\n"
            "A,Microsoft Windows NT Workstation 10.0,10.0.26100.9711,48,1\n"
            "B,Microsoft Windows NT Advanced Server 10.0,10.0.20348.5870,7,3",
            {
                "build": "BuildExt",
                "system": "Operating_System_Name_and0",
                "sku": "OSEdition0",
                "productType": "ProductType0",
            },
        ),
        (
            "Computer,OSBuildNumber,OSRevisionNumber\nA,26100,9445",
            {"build": "OSBuildNumber", "revision": "OSRevisionNumber"},
        ),
        (
            "CsName,WindowsProductName,WindowsVersion,OsHardwareAbstractionLayer,OsBuildNumber,WindowsUBR,WindowsEditionId,"
            "WindowsInstallationType,OsOperatingSystemSKU,WindowsCurrentVersion,BiosBuildNumber,WindowsBuildLabEx,OsProductType\n"
            "A,Windows 10 Pro,2009,10.0.22621.2506,22631,5039,Professional,Client,48,6.3,,"
            "22621.1.amd64fre.ni_release.220506-1250,WorkStation",
            {
                "build": "OsBuildNumber",
                "revision": "WindowsUBR",
                "version": "WindowsVersion",
                "system": "WindowsProductName",
                "edition": "WindowsEditionId",
                "installationType": "WindowsInstallationType",
                "productType": "OsProductType",
                "sku": "OsOperatingSystemSKU",
                "lab": "WindowsBuildLabEx",
            },
        ),
        (
            "Name,OperatingSystem,OperatingSystemVersion,LastLogonDate,ObjectGUID\n"
            "A,Windows 11 Enterprise,10.0 (26100),11/20/2026 9:00:00 AM,2f1b8f2e-6f3b-4f5e-8f3a-111111111111",
            {
                "build": "OperatingSystemVersion",
                "system": "OperatingSystem",
                "identity": "ObjectGUID",
                "lastSeen": "LastLogonDate",
            },
        ),
        ("ComputerName,WindowsVersion,OSBuild\nA,24H2,26100.9445", {"build": "OSBuild", "version": "WindowsVersion"}),
        ("Computer,OS\nA,Windows 11 Enterprise 24H2", {"system": "OS"}),
        ("Rechner,Stand\nA,Microsoft Windows [Version 10.0.26100.9445]", {"build": "Stand", "system": "Stand"}),
        ("build\n26100.9445", {"build": "build"}),
        ("osVersion\n", {"build": "osVersion"}),
        ("osVersion,x\nwhat,y", {"build": "osVersion"}),
        (
            "name,u_os_build,cmdb_ci_computer.os_version,cmdb_ci_computer.os,sys_id\n"
            "A,26100.9445,10.0.26100,Windows 11 Enterprise,0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            {"build": "u_os_build", "system": "cmdb_ci_computer.os", "identity": "sys_id"},
        ),
    ],
)
def test_exports_of_many_tools(text: str, expected: dict[str, str]) -> None:
    assert roles(chosen(text)) == expected


@pytest.mark.parametrize(
    "header",
    [
        "Gerätename;Betriebssystem;Betriebssystemversion;SKU-Familie",
        "Nom de l'appareil;Système d'exploitation;Version du système d'exploitation;Famille de références",
        "Nombre del dispositivo;Sistema operativo;Versión del sistema operativo;Familia de SKU",
        "Nome do dispositivo;SO;Versão do SO;Família de SKU",
        "デバイス名;OS;OS バージョン;SKU ファミリ",
        "设备名称;操作系统;操作系统版本;SKU 系列",
        "Apparaatnaam;Besturingssysteem;Versie van besturingssysteem;SKU-familie",
        "Nazwa urządzenia;System operacyjny;Wersja systemu operacyjnego;Rodzina jednostek SKU",
        "Имя устройства;ОС;Версия ОС;Семейство SKU",
        "Laitteen nimi;Käyttöjärjestelmä;Käyttöjärjestelmän versio;SKU-perhe",
        "Tên thiết bị;Hệ điều hành;Phiên bản hệ điều hành;Họ SKU",
        "شیء;نظام التشغيل;إصدار نظام التشغيل;عائلة",
        "a;b;c;d",
        "Column1;Column2;Column3;Column4",
        "1;2;3;4",
    ],
)
@pytest.mark.parametrize("build", ["10.0.26200.9711", "26200.9711"])
def test_headings_in_any_language(header: str, build: str) -> None:
    _, system, version, edition = header.split(";")
    columns = chosen(f"{header}\nPC1;Windows;{build};Pro\nPC2;Windows;10.0.26100.9445;Enterprise\n")
    assert roles(columns) == {"build": version, "system": system, "edition": edition}


@pytest.mark.parametrize("header", ["Baunummer;Stufe", "Build;UBR", "ビルド;リビジョン", "x1;y2", "Revision;Version"])
@pytest.mark.parametrize("swapped", [False, True])
def test_build_and_revision_in_two_columns_of_any_naming(header: str, swapped: bool) -> None:
    names = header.split(";")
    rows = [("26200", "9711"), ("26100", "9445"), ("19045", "6456")]
    lines = [";".join([*(reversed(row) if swapped else row), "8", "16"]) for row in rows]
    columns = chosen("\n".join([f"{header};Kerne;Speicher", *lines]))
    expected = list(reversed(names)) if swapped else names
    assert roles(columns) == {"build": expected[0], "revision": expected[1]}


def test_a_column_that_is_no_operating_system_is_none() -> None:
    columns = chosen("Name,Platform,OS version,Management name\nA,x64,10.0.26200.9711,u_Windows_1/1/2026\n")
    assert roles(columns) == {"build": "OS version"}
    columns = chosen("joinType,deviceType,osVersion\nwindowsAzureADJoin,windowsRT,10.0.26200.9711\n")
    assert columns.system == ()


@pytest.mark.parametrize(
    "trap",
    [
        *(
            "Client version",
            "AgentVersion",
            "osMinimumVersion",
            "Target build",
            "Previous build",
            "Install build",
            "PSVersion",
        ),
        *("BiosVersion", "OsHardwareAbstractionLayer", "WindowsUpdateAgentVersion", "Edge version", "Latest build"),
    ],
)
def test_versions_of_something_else_are_no_builds(trap: str) -> None:
    columns = chosen(f"{trap},Stand\n10.0.26200.9711,10.0.26100.9445\n10.0.26200.9711,10.0.26100.9168\n")
    assert roles(columns)["build"] == "Stand"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("Surface Pro", "MacBook Pro"), None),
        (("Education", "Education"), None),
        (("Professionnel", "Entreprise"), "x"),
        (("专业版", "企业版"), "x"),
        (("Корпоративная", "Профессиональная"), "x"),
        (("Unternehmen", "Windows 11 Pro Education"), "x"),
        (("IoTEnterpriseS", "ServerStandard"), "x"),
    ],
)
def test_editions_are_found_by_their_words(values: tuple[str, str], expected: str | None) -> None:
    columns = chosen("n,osVersion,x\n" + "\n".join(f"A,10.0.26100.9445,{each}" for each in values))
    assert (columns.edition.column if columns.edition else None) == expected


@pytest.mark.parametrize(
    ("header", "row", "identity"),
    [
        (
            "Device ID,Azure AD Device ID,UserId,Serial number",
            "a1,b1,u1,5CG1",
            "Device ID+Azure AD Device ID+Serial number",
        ),
        (
            "Geräte-ID,Azure AD-Geräte-ID,Benutzer-ID,Seriennummer",
            "a,b,u,s",
            "Geräte-ID+Azure AD-Geräte-ID+Seriennummer",
        ),
        ("ID de l'appareil,Numéro de série,ID utilisateur", "a,b,c", "ID de l'appareil+Numéro de série"),
        ("Identificador de dispositivo,Número de serie", "a,b", "Identificador de dispositivo+Número de serie"),
        ("デバイス ID,シリアル番号", "a,b", "デバイス ID+シリアル番号"),
        ("设备 ID,序列号", "a,b", "设备 ID+序列号"),
        ("מזהה מכשיר,מספר סידורי", "a,b", "מזהה מכשיר+מספר סידורי"),
        ("Eszközazonosító,Sorozatszám", "a,b", "Eszközazonosító+Sorozatszám"),
        ("Идентификатор устройства,Серийный номер", "a,b", "Идентификатор устройства+Серийный номер"),
        ("id,azureADDeviceId,userId,serialNumber", "a,b,c,d", "id+azureADDeviceId+serialNumber"),
        ("deviceId,BIOS serial,deviceOwnerId,tenantId", "a,b,c,d", "deviceId"),
    ],
)
def test_ids_of_devices_are_distinguished_from_other_ids(header: str, row: str, identity: str) -> None:
    assert roles(chosen(f"{header},osVersion\n{row},10.0.26200.9711\n"))["identity"] == identity


def test_rows_with_all_ids_in_common_are_one_device_where_no_heading_is_known() -> None:
    guid, other = "2f1b8f2e-6f3b-4f5e-8f3a-111111111111", "2f1b8f2e-6f3b-4f5e-8f3a-222222222222"
    columns = chosen(f"х,у,версия\nPC-0001,{guid},10.0.26200.9711\nPC-0002,{other},10.0.26100.9445\n")
    assert [each.column for each in columns.identity_together] == ["х", "у"]
    assert columns.identity == ()
    # One such column alone can be the id of a user.
    assert chosen(f"у,версия\n{guid},10.0.26200.9711\n{other},10.0.26100.9445\n").identity_together == ()


@pytest.mark.parametrize(
    ("names", "rows", "expected"),
    [
        ("Enrollment date,Last check-in", ["2025-01-01,2026-11-20"], "Last check-in"),
        ("Last EAS sync time,lastSyncDateTime", ["2026-11-28,2026-11-20"], "lastSyncDateTime"),
        ("LastBootUpTime,approximateLastSignInDateTime", ["2026-11-28,2026-11-20"], "approximateLastSignInDateTime"),
        ("Datum der Registrierung,Letztes Einchecken", ["01.02.2025,20.11.2026 08:00"], "Letztes Einchecken"),
        ("登録日,最終チェックイン", ["2025/01/01,2026/11/20"], "最終チェックイン"),
        ("d1,d2", ["2025-01-01,2026-11-20", "2024-01-01,2026-10-20"], "d2"),
        ("d1,d2", ["2024-01-01,2025-01-01"], None),
        ("Enrolled,Expires", ["2026-11-01,2027-11-20"], None),
    ],
)
def test_the_day_on_which_a_device_was_last_seen(names: str, rows: list[str], expected: str | None) -> None:
    columns = chosen("\n".join([f"{names},osVersion", *(f"{row},10.0.26200.9711" for row in rows)]))
    assert (columns.last_seen.column if columns.last_seen else None) == expected


@pytest.mark.parametrize(
    ("dates", "day_first"),
    [
        (["20/11/2026", "03/04/2026"], True),
        (["11/20/2026", "03/04/2026"], False),
        (["12/11/2026"], True),
        (["11/12/2026"], False),
    ],
)
def test_the_order_of_day_and_month_is_found(dates: list[str], day_first: bool) -> None:
    text = "\n".join(["Last seen,osVersion", *(f"{each},10.0.26200.9711" for each in dates)])
    assert chosen(text).is_day_first is day_first


def test_members_of_graph_with_dots() -> None:
    text = json.dumps(
        [
            {
                "id": "a",
                "operatingSystem": "Windows",
                "hardwareInformation": {"operatingSystemEdition": "Professional", "osBuildNumber": "26100.9711"},
            }
        ]
    )
    reader = JsonReader(io.StringIO(text))
    rows = [each.cells for each in reader.rows() if isinstance(each, Row)]
    assert roles(choose(reader.names, rows, RECOGNISER, Named(), TODAY)) == {
        "build": "hardwareInformation.osBuildNumber",
        "edition": "hardwareInformation.operatingSystemEdition",
        "system": "operatingSystem",
        "identity": "id",
    }


def test_columns_may_be_named() -> None:
    named = Named(build="STAND", edition=" ausgabe", identity="n", last_seen="t", esu="e", system="s", revision="r")
    columns = chosen("Stand;Ausgabe;n;t;e;s;r;osVersion\n1;2;3;4;5;6;7;10.0.26200.9711\n", named)
    expected = {"build": "Stand", "revision": "r", "edition": "Ausgabe", "system": "s", "esu": "e"}
    assert roles(columns) == expected | {"identity": "n", "lastSeen": "t"}
    assert columns.build is not None
    assert columns.build.why == "given by --build-column"


def test_columns_that_are_not_there() -> None:
    with pytest.raises(ColumnsError, match=r"There is no column 'stand' \(--build-column\): there are 'a', 'b'\."):
        chosen("a,b\n", Named(build="stand"))
    with pytest.raises(ColumnsError, match=r"'a', 'b'\. Name the one of the build with --build-column\."):
        chosen("a,b\n1,2\n")

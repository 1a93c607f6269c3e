"""`osimages check`, as it is called."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.cli.running import complaint, osimages, output
from tests.support.fleet_export import graph_json, intune_csv
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import command, environment

DAY = ("--today", "2026-11-05")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("26200.9711", "26100.9711", "--edition", "Enterprise"), 0),
        (("26200.9711", "26100.9711", "--edition", "Pro"), 1),  # 24H2 has ended
        (("26200.9445",), 1),  # one behind
        (("26200.9445", "--max-behind", "1"), 0),
        (("26200.9445", "--support-only"), 0),
        (("26200.99999",), 1),  # newer than the catalogue
        (("26200.99999", "--allow-stale"), 0),
        (("26200.99999", "--support-only"), 0),
        (("26200",), 1),  # no revision stated: nobody knows whether it is current
        (("26200", "--support-only"), 0),
        (("19045.7807", "--edition", "Pro"), 1),
        (("19045.7807", "--edition", "Pro", "--esu"), 0),
        (("19045.7807", "--edition", "Pro", "--esu-program", "consumer"), 0),
        (("19045.7807", "--edition", "Enterprise", "--esu-program", "consumer"), 1),
        (("19045.7807", "--edition", "Enterprise", "--esu-program", "commercial"), 0),
        (("19045.7807", "--esu-program", "gold"), 2),
        (("20348.5870", "--edition", "Datacenter"), 0),
        (("20348.5870", "--edition", "Windows Server 2022"), 0),  # a product is evidence, too
        (("14393.9612", "--edition", "Windows Server 2016"), 0),
        (("14393.9612", "--support-only"), 1),  # which of two products it is, nobody knows
        (("26100.9711",), 1),  # depends on the edition
        (("26200.9711", "nonsense"), 1),
        (("10.0.20348.1",), 1),
        ((), 2),
        (("26200.9711", "--edition", "Kiosk"), 2),
        (("--csv", "a", "--json-file", "b"), 2),
        (("26200.9711", "--csv-out", "x"), 2),
        (("--csv", "a", "--csv-as-it-is"), 2),
        (("26200.9711", "--explain"), 2),
        (("--csv", "a", "--encoding", "hex"), 2),
        (("26200.9711", "--seen-within", "30"), 2),
        (("26200.9711", "--esu-column", "x"), 2),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int) -> None:
    result = osimages("check", *arguments, *DAY)
    assert result.returncode == code, result
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "day", "code"),
    [
        (("26200.9974",), "2026-12-09", 0),
        (("26200.9974",), "2026-12-10", 1),  # the build of December 2026 is not known
        (("26200.9974", "--allow-stale"), "2026-12-10", 0),
        (("26200.9974", "--support-only"), "2026-12-10", 0),
        (("26200.9711", "--max-behind", "9"), "2026-12-10", 1),
        (("26200.9711", "--max-behind", "1", "--allow-stale"), "2026-12-10", 0),
        (("19045.7846", "--edition", "Pro", "--esu-program", "consumer", "--support-only"), "2027-10-12", 0),
        (("19045.7846", "--edition", "Pro", "--esu-program", "consumer", "--support-only"), "2027-10-13", 1),
    ],
)
def test_exit_codes_on_other_days(arguments: tuple[str, ...], day: str, code: int) -> None:
    assert osimages("check", *arguments, "--today", day).returncode == code


def test_a_line_for_each_build_and_what_it_lacks() -> None:
    text = osimages("check", "26100.9445", "22H2", *DAY).stdout.splitlines()
    assert text[1].split("  ")[0] == "26100.9445"
    assert "depends on the edition" in text[1]
    assert "1 Patch Tuesday behind" in text[1]
    assert "26100.9445: it lacks 10.0.26100.9711 (KB not known, 2026-10-13)." in text
    assert "22H2: Windows 10 22H2 or Windows 11 22H2: cannot tell." in text


def test_json_is_one_document() -> None:
    result = osimages("check", "10.0.26100.9445", "--edition", "Pro", "--json", *DAY)
    document = json.loads(result.stdout)
    assert document["summary"]["devices"] == 1
    assert document["summary"]["good"] == 0
    (found,) = document["results"]
    assert found["asked"] == "10.0.26100.9445"
    assert found["release"] == "Windows 11 24H2"
    assert found["support"] == "ended"
    assert found["supportEndDate"] == "2026-10-13"
    assert found["daysLeft"] == -23
    assert found["patchTuesdaysBehind"] == 1
    assert found["latest"]["buildVersion"] == "10.0.26100.9711"
    assert [each["buildVersion"] for each in found["missing"]] == ["10.0.26100.9711"]
    assert document["today"] == "2026-11-05"
    assert document["freshness"]["sentence"].startswith("On 2026-11-05, by facts complete to 2026-09-30; newest")
    assert document["freshness"]["isStale"] is False


def test_a_fleet_is_the_same_from_csv_and_json(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(intune_csv(2000), encoding="utf-8-sig", newline="")
    (tmp_path / "a.json").write_text(graph_json(2000), encoding="utf-8")
    found = [
        json.loads(osimages("check", option, tmp_path / name, "--json", *DAY).stdout)
        for option, name in (("--csv", "a.csv"), ("--json-file", "a.json"))
    ]
    columns = [each.pop("columns") for each in found]
    assert found[0] == found[1]
    assert [each["build"][0]["column"] for each in columns] == ["OS version", "osVersion"]
    assert found[0]["summary"]["devices"] > 1900


def test_every_device_is_written_with_what_was_found(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text(intune_csv(300, delimiter=";"), encoding="utf-8-sig", newline="")
    result = osimages("check", "--csv", source, "--csv-out", target, *DAY)
    assert result.returncode == 1, result
    with (
        source.open(encoding="utf-8-sig", newline="") as before,
        target.open(encoding="utf-8-sig", newline="") as after,
    ):
        pairs = list(zip(csv.DictReader(before, delimiter=";"), csv.DictReader(after), strict=True))
    assert len(pairs) == 300
    for old, new in pairs:
        assert old.items() <= new.items()
        assert (new["osimages.support"] == "skipped") == (old["OS"] != "Windows" or "20348" in old["OS version"])


def test_standard_input_is_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [*command("check", "--csv", "-", "--json", *DAY)],
        input=intune_csv(100).encode("utf-16"),
        capture_output=True,
        env=environment(XDG_DATA_HOME=str(tmp_path)),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert json.loads(done.stdout)["summary"]["devices"] > 90, done.stderr


def test_broken_rows_make_it_fail_and_are_told(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("osVersion,name\n10.0.26200.9711,a\n10.0.26200.9711\n", encoding="utf-8")
    result = osimages("check", "--csv", file, *DAY)
    assert result.returncode == 1
    assert "Line 3: it has 1 fields, the first line has 2." in result.stderr
    assert json.loads(osimages("check", "--csv", file, "--json", *DAY).stdout)["rejected"][0]["line"] == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "It has no line with the names of its columns."),
        (
            "a,b\n1,2\n",
            "None of the columns holds builds, versions or names of Windows: 'a', 'b'. Name the one of the build with",
        ),
        ("osVersion\n", "holds no device."),
        ('{"value": []}', "It is no CSV, but looks like JSON: --json-file reads that."),
    ],
)
def test_files_that_are_no_exports(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(content, encoding="utf-8")
    assert said in complaint(osimages("check", "--csv", file, *DAY))


def test_a_file_without_windows_is_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("osVersion,os\n18.6,iOS\n", encoding="utf-8")
    result = osimages("check", "--csv", file, "--json", *DAY)
    assert result.returncode == 1
    assert json.loads(result.stdout)["summary"]["otherSystems"] == {"iOS": 1}


def test_pages_that_were_not_followed_are_reported_everywhere(tmp_path: Path) -> None:
    link = "https://graph.microsoft.com/v1.0/deviceManagement/managedDevices?$skiptoken=abc"
    device = {"osVersion": "10.0.26200.9711", "skuFamily": "Pro", "operatingSystem": "Windows"}
    page, report = tmp_path / "page.json", tmp_path / "report.html"
    page.write_text(json.dumps({"@odata.nextLink": link, "value": [device]}), encoding="utf-8")
    result = osimages("check", "--json-file", page, "--json", "--html", report, *DAY)
    assert result.returncode == 1
    assert link in result.stderr
    assert json.loads(result.stdout)["incomplete"] == [f"@odata.nextLink was not followed: {link}"]
    assert link in report.read_text(encoding="utf-8")
    page.write_text(page.read_text(encoding="utf-8") + json.dumps({"value": [device]}), encoding="utf-8")
    result = osimages("check", "--json-file", page, *DAY)
    assert (result.returncode, result.stderr) == (0, "")


DUPLICATES = (
    "Device name,OS version,OS,SkuFamily,Azure AD Device ID,Last check-in\n"
    "PC1,10.0.26200.9711,Windows,Pro,aaa,2026-11-04\n"
    "PC1,10.0.19045.3803,Windows,Pro,aaa,2024-02-01\n"
    "PC2,10.0.26200.9711,Windows,Pro,bbb,2026-09-20\n"
)


@pytest.mark.parametrize("name", ["devices.csv", "-"])
def test_older_rows_and_devices_not_seen_are_skipped_and_marked(name: str, tmp_path: Path) -> None:
    (tmp_path / "devices.csv").write_text(DUPLICATES, encoding="utf-8")
    target = tmp_path / "out.csv"
    done = subprocess.run(
        command("check", "--csv", name, "--seen-within", "30", "--csv-out", str(target), "--json", *DAY),
        input=DUPLICATES,
        text=True,
        capture_output=True,
        cwd=tmp_path,
        env=environment(XDG_DATA_HOME=str(tmp_path)),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert (summary["rowsRead"], summary["devices"], summary["rejected"]) == (3, 1, 0)
    assert summary["skipped"] == {"olderRowOfSameDevice": 1, "notSeenSince": 1}
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [each["osimages.skipped"] for each in rows] == ["", "olderRowOfSameDevice", "notSeenSince"]
    assert [each["osimages.support"] for each in rows] == ["supported", "skipped", "skipped"]


def test_columns_are_explained(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Ger\u00e4t;Stand;Betriebssystem\nPC1;10.0.26200.9711;Windows\n", encoding="utf-8")
    lines = osimages("check", "--csv", file, "--explain", *DAY).stdout.splitlines()
    assert lines[:2] == [
        "Build: column 'Stand' (its values: builds in 1 of 1 values)",
        "Operating system: column 'Betriebssystem' (its values: names of operating systems in 1 of 1 values)",
    ]
    assert "Edition: no column" in lines
    result = osimages("check", "--csv", file, "--explain", "--json", *DAY)
    assert lines[0] in result.stderr
    assert json.loads(result.stdout)["columns"]["build"] == [
        {"column": "Stand", "why": "its values: builds in 1 of 1 values"}
    ]


def test_a_zip_of_the_console_is_read(tmp_path: Path) -> None:
    path = tmp_path / "DevicesWithInventory.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.csv", DUPLICATES)
    assert json.loads(osimages("check", "--csv", path, "--json", *DAY).stdout)["summary"]["devices"] == 2
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("b.csv", "x")
    assert "holds 2 CSV files: 'a.csv', 'b.csv'. Name one with --zip-member." in complaint(
        osimages("check", "--csv", path, *DAY)
    )
    assert osimages("check", "--csv", path, "--zip-member", "a.csv", *DAY).returncode == 0


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in complaint(osimages("check", "--csv", tmp_path / "none.csv"))


def test_all_good_says_nothing_on_standard_error() -> None:
    output("check", "26200.9445", "--today", "2026-09-20", "--edition", "Pro")


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
def test_progress_is_shown_on_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    import pty

    file = tmp_path / "a.csv"
    file.write_text(intune_csv(3000), encoding="utf-8", newline="")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        command("check", "--csv", str(file), "--json", *DAY),
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(XDG_DATA_HOME=str(tmp_path), TERM="xterm"),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    os.close(theirs)
    assert b"Checking devices" in os.read(ours, 65536)
    os.close(ours)
    assert json.loads(done.stdout)["summary"]["devices"] > 2900
    assert "Checking" not in osimages("check", "--csv", file, *DAY).stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"OS version":"\\ud800","\\uDfff":"\\udc00x"},{"OS version":"26200.9711","n":"\\ud83d\\ude00"}]', ""),
        ('[{"OS version":"26200.9711"},{"OS version":' + "9" * 5000 + "}]", "the text has more than 512 characters"),
    ],
)
def test_json_that_no_file_can_hold(tmp_path: Path, content: str, told: str) -> None:
    path, written, report = tmp_path / "devices.json", tmp_path / "out.csv", tmp_path / "report.html"
    path.write_text(content, encoding="utf-8")
    outputs = ("--csv-out", str(written), "--html", str(report), "--json", "--title", "\udcff")
    result = osimages("check", "--json-file", str(path), *outputs, *DAY)
    assert (result.returncode, "Traceback" in result.stderr) == (1, False), result.stderr
    assert told in json.dumps(json.loads(result.stdout))
    assert "26200.9711" in written.read_text(encoding="utf-8-sig")


def test_an_argument_that_is_no_text() -> None:
    result = osimages("check", "\udcff", "--json", *DAY)
    assert result.returncode == 1
    [found] = json.loads(result.stdout)["results"]
    assert found["asked"] == "\ufffd"


def test_a_fleet_fits_a_terminal_of_80_columns_and_40_lines_with_the_totals_last(tmp_path: Path) -> None:
    (tmp_path / "devices.csv").write_text(intune_csv(5000), encoding="utf-8")
    done = osimages("check", "--csv", str(tmp_path / "devices.csv"), "--today", "2026-11-23")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) + len(done.stderr.splitlines()) <= 40
    assert lines[0].startswith("Devices  Behind")
    totals = next(number for number, line in enumerate(lines) if " devices in devices.csv: " in line)
    assert totals > next(number for number, line in enumerate(lines) if line.startswith("Support"))
    rows = lines[1 : lines.index("")]
    assert all(line[:7].strip().replace(",", "").isdigit() and line[6] != " " for line in rows if line[:7].strip())


def test_a_build_behind_stale_facts_is_at_least_so_far_behind() -> None:
    result = osimages("check", "26200.9711", "--today", "2026-12-20")
    assert result.returncode == 1
    assert "at least 1 Patch Tuesday behind" in result.stdout

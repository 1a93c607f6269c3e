"""`osimages policy builds` and `compliance`, as they are called."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.running import complaint, osimages, output

DAY = ("--today", "2026-11-29")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_builds_as_a_table() -> None:
    printed = output("policy", "builds", *DAY, "--level", "1", "--grace-days", "7")
    assert "Windows 11 25H2  10.0.26200.9711  10.0.26200.65535  2026-10 B" in printed
    assert "On 2026-11-29, one behind, 7 days of grace: the fixes of the Patch Tuesday of 2026-10-13." in printed
    assert "Windows 10 22H2 (support ended on 2025-10-14, Extended Security Updates until 2028-10-10" in printed


def test_builds_as_json_and_csv_are_alike(tmp_path: Path) -> None:
    document = json.loads(output("policy", "builds", *DAY, "--json"))
    assert document["requiredPatchTuesday"] == "2026-11-10"
    assert document["rule"]["level"] == 0
    assert document["isStale"] is False
    file = tmp_path / "builds.csv"
    assert output("policy", "builds", *DAY, "--csv", "-o", file) == ""
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [(row["release"], row["lowestVersion"], row["highestVersion"]) for row in rows] == [
        (each["release"], each["lowestVersion"], each["highestVersion"]) for each in document["ranges"]
    ]


def test_builds_with_facts_that_lack_a_due_patch_tuesday() -> None:
    arguments = ("policy", "builds", "--today", "2026-12-09", "--json")
    result = osimages(*arguments)
    assert result.returncode == 1
    assert json.loads(result.stdout)["unknownPatchTuesdays"] == ["2026-12-08"]
    assert "The build of December 2026 is not known for" in result.stderr
    assert osimages(*arguments, "--allow-stale").returncode == 0
    assert osimages(*arguments, "--level", "1").returncode == 0, "what the rule asks for is known"


def test_a_policy_is_not_written_from_stale_facts() -> None:
    arguments = ("policy", "compliance", "--today", "2026-12-09")
    assert "run osimages catalogue update" in complaint(osimages(*arguments))
    result = osimages(*arguments, "--allow-stale")
    assert json.loads(result.stdout)["@odata.type"] == "#microsoft.graph.windows10CompliancePolicy"


def test_compliance_bodies(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    result = osimages("policy", "compliance", *DAY, "--releases", "newest two", "-o", file)
    assert result.returncode == 0, result
    lowest = [each["lowestVersion"] for each in json.loads(file.read_text())["validOperatingSystemBuildRanges"]]
    assert lowest == ["10.0.26200.9974", "10.0.28000.3501", "10.0.26300.9974"]
    each = json.loads(osimages("policy", "compliance", *DAY, "--form", "minimum", "--one-per-release").stdout)
    assert each["Windows 11 24H2"]["osMinimumVersion"] == "10.0.26100.9974"


def test_scripts_are_written_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "detect.ps1"
    osimages("policy", "compliance", *DAY, "--form", "detect", "-o", file)
    assert b"\r" not in file.read_bytes()
    assert file.read_bytes().isascii()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("builds", "--level", "3"), "--level"),
        (("builds", "--grace-days", "-1"), "--grace-days"),
        (("builds", "--releases", "22H9"), "--releases: There is no release '22H9'"),
        (("builds", "--releases", "newest none"), "--releases: 'newest none' names no number"),
        (("builds", "--releases", "Windows Server 2022"), "--releases: Windows Server 2022 is a server"),
        (("builds", "--releases", "HoloLens 2 22H2"), "--releases: HoloLens 2 22H2 is no Windows for PCs"),
        (("builds", "--editions", "Kiosk"), "--editions: 'Kiosk' is no edition"),
        (("builds", "--editions", ","), "--editions: ',' names none; leave 'editions' out for all"),
        (("builds", "--releases", " , "), "--releases: ' , ' names none; leave 'releases' out for all"),
        (("builds", "--editions", "Datacenter"), "--editions: 'Datacenter' is no edition of a PC"),
        (("builds", "--json", "--csv"), "choose one"),
        (("builds", "-o", "x"), "--output is for --json or --csv"),
        (("compliance", "--form", "detect", "--create"), "not scripts"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], says: str) -> None:
    result = osimages("policy", *arguments)
    assert result.returncode == 2, result
    assert says in result.stderr


def test_a_rule_that_accepts_nothing() -> None:
    result = osimages("policy", "builds", *DAY, "--releases", "23H2")
    assert result.returncode == 1
    assert "Windows 11 23H2 (support ended on 2026-11-10)" in result.stdout
    assert "no release that is supported" in complaint(osimages("policy", "compliance", *DAY, "--releases", "23H2"))
    assert "evaluates no servers" in complaint(osimages("policy", "compliance", *DAY, "--servers"))


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    result = osimages("policy", "compliance", *DAY, "--releases", "25H2", "-o", tmp_path / "none" / "x.json")
    assert result.returncode == 1
    assert "cannot be written" in result.stderr


FLEET = """Device name,OS version,SkuFamily
PC-1,10.0.26200.9974,Enterprise
PC-2,10.0.26200.9711,Enterprise
PC-3,10.0.26100.9445,Enterprise
PC-4,10.0.22631.7711,Enterprise
"""


def test_check_with_a_level(tmp_path: Path) -> None:
    (tmp_path / "devices.csv").write_text(FLEET, encoding="utf-8")
    result = osimages("check", *DAY, "--csv", tmp_path / "devices.csv", "--level", "1", "--json")
    document = json.loads(result.stdout)
    assert document["policy"]["sentences"] == [
        "2 of 4 devices would become non-compliant; 1 of them is two months behind, "
        "1 runs a release that the policy does not accept."
    ]
    states = {each["buildVersion"]: each["compliance"] for each in document["results"]}
    assert states["10.0.26200.9711"] == "compliant"
    assert states["10.0.26100.9445"] == "nonCompliant"


def test_check_with_a_policy_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "devices.csv").write_text(FLEET, encoding="utf-8")
    policy = tmp_path / "policy.json"
    osimages("policy", "compliance", *DAY, "-o", policy)
    out, page = tmp_path / "out.csv", tmp_path / "report.html"
    arguments = ("--csv", tmp_path / "devices.csv", "--policy", policy, "--csv-out", out, "--html", page)
    result = osimages("check", *DAY, *arguments)
    assert "3 of 4 devices would become non-compliant; 1 of them is one month behind" in result.stdout
    assert "3 of 4 devices would become non-compliant" in page.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert [row["osimages.compliance"] for row in rows] == ["compliant", *["nonCompliant"] * 3]
    assert rows[1]["osimages.lowestAccepted"] == "10.0.26200.9974"


def test_check_a_build_by_a_level() -> None:
    result = osimages("check", *DAY, "26200.9711", "--edition", "Pro", "--level", "0")
    assert "26200.9711: would become non-compliant (lowest accepted: 10.0.26200.9974)." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--level", "1", "--policy", "x"), 2, "choose one"),
        (("--grace-days", "1"), 2, "--grace-days is about --level"),
        (("--level", "3"), 2, "--level"),
        (("--policy", "nothing.json"), 1, "nothing.json cannot be read"),
    ],
)
def test_check_with_a_policy_that_cannot_be_used(arguments: tuple[str, ...], code: int, says: str) -> None:
    result = osimages("check", "26200.9711", *arguments)
    assert result.returncode == code
    assert says in result.stderr

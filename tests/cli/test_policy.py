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

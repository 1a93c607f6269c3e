"""The tool that writes the bundled facts: deterministic, and it refuses rows that contradict each other."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from osimages.windows.facts import read
from tests.unit.windows.csv_facts import FACTS, needs_facts

CHECKOUT = Path(__file__).parents[3]
TOOL = CHECKOUT / "tools" / "compact_catalogue.py"
SHIPPED = CHECKOUT / "src" / "osimages" / "windows" / "windows.json"

RELEASE = {
    "id": "Windows 11 25H2",
    "product": "Windows 11",
    "version": "25H2",
    "os_build_major": "26200",
    "ga_date": "2025-09-30",
    "architectures": "x64;arM64",
    "end_pro": "2027-10-12",
    "end_enterprise": "2028-10-10",
    "servicing_state_2026_11_23": "in service",
    "ga_sources": "endoflife.date;DataForGeeks",
}
EDITION = {
    "id": "Windows 11 25H2",
    "editionType": "professional",
    "supportEndDate": "2027-10-12",
    "servicing_group": "Home/Pro",
    "n_sources": "2",
    "sources": "endoflife.date=2027-10-12;DataForGeeks=2027-10-13",
    "note": "",
}
UPDATE = {
    "id": "Windows 11 25H2",
    "kb": "",
    "build_version": "10.0.26200.9711",
    "build_short": "26200.9711",
    "release_date": "2026-10-13",
    "release_year": "2026",
    "release_month": "10",
    "servicing_type": "B",
    "type_basis": "second Tuesday",
    "ms_update_type": "",
    "scope": "GA",
    "canonical_b": "yes",
    "in_msrc": "",
    "expired": "",
    "n_sources": "1",
    "sources": "cve5-2026-11",
}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write(directory: Path, **rows: dict[str, str]) -> None:
    for name, row in rows.items():
        with (directory / f"{name}.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, list(row))
            writer.writeheader()
            writer.writerow(row)


@needs_facts
def test_the_shipped_file_is_what_the_tool_makes_of_the_fact_files(tmp_path: Path) -> None:
    made = tmp_path / "windows.json"
    assert run(FACTS, made).returncode == 0
    assert made.read_bytes() == SHIPPED.read_bytes()


def test_the_shipped_file_is_small_and_has_a_line_for_each_update() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert len(text) < 350_000
    lines = [line for line in text.splitlines() if re.match(r"    \[\d", line)]
    assert len(lines) == 1611 + 890 + 9


def test_only_sources_that_agree_with_an_end_date_are_named_for_it(tmp_path: Path) -> None:
    write(tmp_path, releases=RELEASE, editions=EDITION, updates=UPDATE)
    assert run(tmp_path, tmp_path / "out.json").returncode == 0
    catalogue = read((tmp_path / "out.json").read_bytes())
    edition = catalogue.releases[0].editions[0]
    assert [catalogue.sources[number].name for number in edition.sources] == ["endoflife.date"]


@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        ("updates", {"build_short": "26100.9711", "build_version": "10.0.26100.9711"}, "is not one of Windows 11 25H2"),
        ("updates", {"build_version": "10.0.26200.9712"}, "is not one of Windows 11 25H2"),
        ("updates", {"canonical_b": ""}, "canonical_b does not go with"),
        ("updates", {"sources": "a friend"}, "sources without a description"),
        ("editions", {"supportEndDate": "2027-10-13"}, "ends on another day"),
        ("editions", {"supportEndDate": "2027-10-01"}, "no source gives 2027-10-01"),
    ],
)
def test_contradictions_are_refused(table: str, change: dict[str, str], reason: str, tmp_path: Path) -> None:
    given = {"releases": RELEASE, "editions": EDITION, "updates": UPDATE}
    given[table] = given[table] | change
    write(tmp_path, **given)
    result = run(tmp_path, tmp_path / "out.json")
    assert result.returncode == 1
    assert reason in result.stderr
    assert not (tmp_path / "out.json").exists()


def test_usage() -> None:
    result = run()
    assert result.returncode == 1
    assert "usage" in result.stderr

